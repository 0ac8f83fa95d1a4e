/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be said only once the whole policy was read. */
#include "policy/parser.h"

#include "policy/index.h"

#include <stdlib.h>

static void resolve_sets(struct parser *p)
{
	for (size_t i = 0; i < p->set_use.count; i++) {
		const struct pending *use = &p->set_use.list[i];
		struct rule *r = parser_rule(p, use->rule);
		struct match *m = &r->match[use->match];
		int64_t id = parser_resolve(p, &p->set_names, use->name, "set", "@");
		struct set *s;

		if (id < 0)
			continue;
		s = p->policy->set[id];
		s->used = true;
		m->set = s;
		if (r->named_set == NULL)
			r->named_set = s;
		if (s->type != m->kind->type && s->type != SET_TYPES)
			diag_error(p->diags, &use->name->place,
				   "'%s' asks a set of type %s, but '@%s' has type %s",
				   m->kind->words, set_type_name(m->kind->type), s->name,
				   set_type_name(s->type));
	}
}

static void resolve_reasons(struct parser *p)
{
	for (size_t i = 0; i < p->reason_use.count; i++) {
		const struct pending *use = &p->reason_use.list[i];
		int64_t id = parser_resolve(p, &p->reason_names, use->name, "reason", "");

		if (id < 0)
			continue;
		p->policy->reason[id]->used = true;
		parser_rule(p, use->rule)->reason = p->policy->reason[id];
	}
}

static void resolve_schedules(struct parser *p)
{
	for (size_t i = 0; i < p->schedule_use.count; i++) {
		const struct pending *use = &p->schedule_use.list[i];
		int64_t id = parser_resolve(p, &p->schedule_names, use->name, "schedule", "");

		if (id < 0)
			continue;
		p->policy->schedule[id].used = true;
		parser_rule(p, use->rule)->match[use->match].schedule = (uint16_t)id;
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
	for (size_t i = 0; i < r->matches; i++) {
		p->policy->needs_l7 |= match_is_l7(&r->match[i]);
		p->policy->needs_reply |= r->match[i].kind->fact == FACT_REPLY;
	}
}

/* Names of codes get their numbers, numbers the enterprise that gave them out. */
static void number_codes(struct policy *policy)
{
	for (size_t i = 0; i < policy->reasons; i++) {
		struct reason *r = policy->reason[i];

		if (r->code_name != NULL)
			r->code = reset_code_in(policy->daemon.codes, r->code);
		else if (r->code != 0)
			r->pen = policy->daemon.pen;
	}
}

/* A rate without "per" is that of the rule. */
static void finish_limits(struct parser *p, struct rule *r)
{
	for (size_t i = 0; i < r->matches; i++) {
		struct match *m = &r->match[i];

		if (m->kind->operand != OPERAND_LIMIT || m->limit.per != LIMIT_KEYS)
			continue;
		m->limit.per = LIMIT_RULE;
		diag_warning(
			p->diags, &m->place,
			"'limit' without 'per' counts all flows of the rule together; say 'per "
			"saddr', 'per daddr' or 'per rule'");
	}
}

/* The names of the files, for rules to point to. */
static void name_files(struct parser *p)
{
	struct policy *policy = p->policy;

	policy->file = calloc(p->units + 1, sizeof(*policy->file));
	if (policy->file == NULL) {
		p->no_memory = true;
		return;
	}
	policy->files = p->units + 1;
	policy->file[0] = strdup(p->start->name);
	p->no_memory |= policy->file[0] == NULL;
	for (size_t i = 0; i < p->units; i++) {
		policy->file[i + 1] = strdup(p->unit[i]->source.name);
		p->no_memory |= policy->file[i + 1] == NULL;
	}
}

static void place_rule(struct policy *policy, struct rule *r)
{
	if (r->place.source == NULL)
		return;
	r->line = r->place.line;
	r->file = policy->file[r->place.source->index];
}

static void finish_rule(struct parser *p, struct rule *r)
{
	check_rule(p, r);
	finish_limits(p, r);
	if (!p->no_memory)
		place_rule(p->policy, r);
}

void policy_check(struct parser *p)
{
	struct policy *policy = p->policy;

	memcpy(policy->on_default.name, "default", sizeof("default"));
	memcpy(policy->on_undecided.name, "undecided", sizeof("undecided"));
	if (!p->has_policy)
		diag_error(p->diags, &p->at->place,
			   "there is no policy: write 'policy forward { default accept ... }'");
	name_files(p);
	resolve_sets(p);
	resolve_reasons(p);
	resolve_schedules(p);
	number_codes(policy);
	for (size_t i = 0; i < policy->rules; i++)
		finish_rule(p, &policy->rule[i]);
	for (size_t i = 0; i < policy->reset_rules; i++)
		finish_rule(p, &policy->reset_rule[i]);
	finish_rule(p, &policy->on_default);
	finish_rule(p, &policy->on_undecided);
	for (size_t i = 0; i < policy->sets; i++) {
		if (policy->set[i]->type != SET_TYPES && set_seal(policy->set[i]) != 0)
			p->no_memory = true;
	}
	/* What stands in a broken line would seem unused, and a broken rule has no sets. */
	if (p->diags->errors > 0 || p->no_memory)
		return;
	policy->index = policy_index_new(policy->rule, policy->rules);
	policy->hits = calloc(policy->rules + 2, sizeof(*policy->hits));
	p->no_memory |= policy->index == NULL || policy->hits == NULL;
	if (!p->no_memory)
		policy_lint(p);
}
