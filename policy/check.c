/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be said only once the whole policy was read. */
#include "policy/parser.h"

static struct set *find_set(struct parser *p, const struct token *name)
{
	struct suggestion s = { .word = name->text, .word_len = strlen(name->text) };

	for (size_t i = 0; i < p->policy->sets; i++) {
		struct set *set = p->policy->set[i];

		if (set->name == NULL)
			continue;
		if (strcmp(set->name, name->text) == 0)
			return set;
		suggestion_offer(&s, set->name);
	}
	if (s.best != NULL)
		diag_error(p->diags, &name->place, "unknown set '@%s'; did you mean '@%s'?",
			   name->text, s.best);
	else
		diag_error(p->diags, &name->place, "unknown set '@%s'", name->text);
	return NULL;
}

static void resolve_sets(struct parser *p)
{
	for (size_t i = 0; i < p->set_use.count; i++) {
		const struct pending *use = &p->set_use.list[i];
		struct rule *r = parser_rule(p, use->rule);
		struct match *m = &r->match[use->match];
		struct set *s = find_set(p, use->name);

		if (s == NULL)
			continue;
		s->used = true;
		m->set = s;
		if (r->set_name == NULL)
			r->set_name = s->name;
		if (s->type != m->kind->operand && s->type != SET_TYPES)
			diag_error(p->diags, &use->name->place,
				   "'%s' asks a set of type %s, but '@%s' has type %s",
				   m->kind->words, set_type_name(m->kind->operand), s->name,
				   set_type_name(s->type));
	}
}

static void resolve_reasons(struct parser *p)
{
	for (size_t i = 0; i < p->reason_use.count; i++) {
		const struct token *name = p->reason_use.list[i].name;
		struct suggestion s = { .word = name->text, .word_len = strlen(name->text) };
		struct rule *r = parser_rule(p, p->reason_use.list[i].rule);

		for (size_t k = 0; k < p->policy->reasons; k++) {
			struct reason *reason = p->policy->reason[k];

			if (strcmp(reason->name, name->text) == 0) {
				reason->used = true;
				r->reason = reason;
				break;
			}
			suggestion_offer(&s, reason->name);
		}
		if (r->reason == NULL && s.best != NULL)
			diag_error(p->diags, &name->place,
				   "unknown reason '%s'; did you mean '%s'?", name->text, s.best);
		else if (r->reason == NULL)
			diag_error(p->diags, &name->place, "unknown reason '%s'", name->text);
	}
}

/* What is no policy at all. */
static void check_rule(struct parser *p, const struct rule *r)
{
	if (r->payload != PAYLOAD_TEXT && r->action != ACTION_RESET)
		diag_error(p->diags, &r->place,
			   "'payload' goes with 'reset'; the rule '%s' does '%s'", r->name,
			   action_name(r->action));
	else if ((r->payload == PAYLOAD_DIAG || r->payload == PAYLOAD_BOTH) &&
		 (r->reason == NULL || r->reason->code == 0))
		diag_error(p->diags, &r->place,
			   "'payload %s' needs a reason with a code, such as 'code not-authorized'",
			   payload_mode_name(r->payload));
	for (size_t i = 0; i < r->matches; i++)
		p->policy->needs_l7 |= r->match[i].kind->field != NULL;
}

/* What is a policy, but hardly what was meant. */
static void check_meaning(struct parser *p, const struct rule *r)
{
	const struct match *tcp = NULL, *udp = NULL;

	for (size_t i = 0; i < r->matches; i++) {
		if (r->match[i].kind->proto == PROTO_TCP)
			tcp = &r->match[i];
		else if (r->match[i].kind->proto == PROTO_UDP)
			udp = &r->match[i];
	}
	if (tcp != NULL && udp != NULL)
		diag_warning(p->diags, &udp->place,
			     "the rule '%s' can never match: '%s' is TCP and '%s' is UDP", r->name,
			     tcp->kind->words, udp->kind->words);
	if (r->action == ACTION_RESET && r->reason != NULL && r->reason->has_text &&
	    !text_shows_rule(&r->reason->text, r->name))
		diag_warning(
			p->diags, &r->place,
			"the first %d octets of the text of reason '%s', all that tcpdump -v shows, "
			"do not hold the rule's name; start it with 'R=$rule'",
			TEXT_VISIBLE, r->reason->name);
}

static void check_unused(struct parser *p)
{
	for (size_t i = 0; i < p->policy->sets; i++) {
		const struct set *s = p->policy->set[i];

		if (s->name != NULL && !s->used)
			diag_warning(p->diags, &s->place, "the set '%s' is never used", s->name);
		if (s->name != NULL && s->count == 0 && s->type != SET_TYPES)
			diag_warning(p->diags, &s->place, "the set '%s' is empty", s->name);
	}
	for (size_t i = 0; i < p->policy->reasons; i++) {
		const struct reason *r = p->policy->reason[i];

		if (!r->used)
			diag_warning(p->diags, &r->place, "the reason '%s' is never used", r->name);
		if (r->has_text && r->text.uses_host)
			diag_warning(
				p->diags, &r->place,
				"the text of reason '%s' puts $host, which the peer chose, on the wire",
				r->name);
	}
	for (size_t i = 0; i < p->defines; i++) {
		if (!p->define[i].used)
			diag_warning(p->diags, &p->define[i].place,
				     "the variable '%s' is never used", p->define[i].name);
	}
}

void policy_check(struct parser *p)
{
	struct policy *policy = p->policy;

	memcpy(policy->on_default.name, "default", sizeof("default"));
	memcpy(policy->on_undecided.name, "undecided", sizeof("undecided"));
	if (!p->has_policy)
		diag_error(p->diags, &p->at->place,
			   "there is no policy: write 'policy forward { default accept ... }'");
	resolve_sets(p);
	resolve_reasons(p);
	for (size_t i = 0; i < policy->rules; i++)
		check_rule(p, &policy->rule[i]);
	check_rule(p, &policy->on_default);
	check_rule(p, &policy->on_undecided);
	if (p->diags->errors == 0) { /* what stands in a broken line would seem unused */
		for (size_t i = 0; i < policy->rules; i++)
			check_meaning(p, &policy->rule[i]);
		check_unused(p);
	}
	for (size_t i = 0; i < policy->sets; i++) {
		if (policy->set[i]->type != SET_TYPES && set_seal(policy->set[i]) != 0)
			p->no_memory = true;
	}
}
