/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a policy, but hardly what was meant. */
#include "policy/parser.h"

#include "policy/decide.h"
#include "policy/index.h"

#include <stdlib.h>

/* Protocols and families that cannot be together. True when the rule has such. */
static bool check_contradictions(struct parser *p, const struct rule *r)
{
	const struct match *tcp = NULL, *udp = NULL, *v4 = NULL, *v6 = NULL;
	unsigned before = p->diags->warnings;

	for (size_t i = 0; i < r->matches; i++) {
		const struct match *m = &r->match[i];

		tcp = m->kind->proto == PROTO_TCP ? m : tcp;
		udp = m->kind->proto == PROTO_UDP ? m : udp;
		v4 = m->kind->family == 4 ? m : v4;
		v6 = m->kind->family == 6 ? m : v6;
		if (m->set != NULL && m->kind->family != 0 && m->set->name != NULL && !m->negate &&
		    (m->kind->family == 4 ? m->set->addr.v4_count : m->set->addr.v6_count) == 0)
			diag_warning(p->diags, &m->place,
				     "the rule '%s' can never match: '@%s' has no IPv%u address",
				     r->name, m->set->name, m->kind->family);
	}
	if (tcp != NULL && udp != NULL)
		diag_warning(p->diags, &udp->place,
			     "the rule '%s' can never match: '%s' is TCP and '%s' is UDP", r->name,
			     tcp->kind->words, udp->kind->words);
	if (v4 != NULL && v6 != NULL)
		diag_warning(p->diags, &v6->place,
			     "the rule '%s' can never match: '%s' is IPv4 and '%s' is IPv6",
			     r->name, v4->kind->words, v6->kind->words);
	return p->diags->warnings > before;
}

static void check_text(struct parser *p, const struct rule *r)
{
	if (r->action == ACTION_RESET && r->reason != NULL && r->reason->has_text &&
	    !text_shows_rule(&r->reason->text, r->name))
		diag_warning(
			p->diags, &r->place,
			"the first %d octets of the text of reason '%s', all that tcpdump -v shows, "
			"do not hold the rule's name; start it with 'R=$rule'",
			TEXT_VISIBLE, r->reason->name);
}

static void check_pcap(struct parser *p, const struct rule *r)
{
	if (r->pcap && p->policy->log.pcap.path == NULL)
		diag_warning(
			p->diags, &r->place,
			"the rule '%s' says 'log pcap', but 'log { pcap \"FILE\" }' names no file",
			r->name);
}

static void check_unused(struct parser *p)
{
	for (size_t i = 0; i < p->policy->sets; i++) {
		const struct set *s = p->policy->set[i];

		if (s->name != NULL && !s->used)
			diag_warning(p->diags, &s->place, "the set '%s' is never used", s->name);
		if (s->name != NULL && set_count(s) == 0)
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
	for (size_t i = 0; i < p->policy->schedules; i++) {
		const struct schedule *s = &p->policy->schedule[i];

		if (!s->used)
			diag_warning(p->diags, &s->place, "the schedule '%s' is never used",
				     s->name);
	}
	for (size_t i = 0; i < p->defines; i++) {
		if (!p->define[i].used)
			diag_warning(p->diags, &p->define[i].place,
				     "the variable '%s' is never used", p->define[i].name);
	}
}

/* Every address, port or name of @b is one of @a. Sets of other types are compared by identity. */
static bool set_within(const struct set *a, const struct set *b)
{
	const char *e = NULL;

	if (a == b)
		return true;
	if (a->type != b->type || set_count(b) > 1000)
		return false;
	switch (a->type) {
	case SET_ADDR:
		return prefix_set_within(&a->addr, &b->addr);
	case SET_PORT:
		for (size_t i = 0; i < b->count; i++) {
			size_t k = 0;

			while (k < a->count && a->span[k].high < b->span[i].low)
				k++;
			if (k == a->count || a->span[k].low > b->span[i].low ||
			    a->span[k].high < b->span[i].high)
				return false;
		}
		return true;
	case SET_DOMAIN:
		while ((e = domain_set_next(&b->domain, e)) != NULL) {
			const char *name = domain_entry_name(e);
			const char *found = domain_set_find(&a->domain, name, strlen(name));

			if (found == NULL || (domain_entry_below(e) && !domain_entry_below(found)))
				return false;
		}
		return true;
	case SET_IFNAME:
	case SET_TEXT:
		for (size_t i = 0; i < b->count; i++) {
			if (!set_has_text(a, b->text[i], strlen(b->text[i])))
				return false;
		}
		return true;
	default:
		return false;
	}
}

/* Whatever @b holds for, @a does. */
static bool match_implied(const struct match *a, const struct match *b)
{
	if (a->kind != b->kind || a->negate != b->negate)
		return false;
	if (a->kind->operand == OPERAND_SCHEDULE)
		return a->schedule == b->schedule;
	if (a->kind->operand != OPERAND_SET)
		return false;
	return a->negate ? set_within(b->set, a->set) : set_within(a->set, b->set);
}

static bool rule_covers(const struct rule *a, const struct rule *b)
{
	for (size_t i = 0; i < a->matches; i++) {
		size_t k = 0;

		while (k < b->matches && !match_implied(&a->match[i], &b->match[k]))
			k++;
		if (k == b->matches)
			return false;
	}
	return true;
}

/* A value of the first element of a match, put where the index looks for it. */
static void sample_match(const struct match *m, struct ip_tuple *t, struct l7 *l7, struct facts *f)
{
	const struct set *s = m->set;
	struct ip_addr *addr = m->kind->fact == FACT_SADDR ? &t->src : &t->dst;
	struct l7_field *field = m->kind->fact == FACT_SNI ? &l7->sni : &l7->host;
	const char *name;

	if (m->kind->operand != OPERAND_SET || m->negate || set_count(s) == 0)
		return;
	switch (s->type) {
	case SET_ADDR:
		prefix_set_first(&s->addr, addr);
		break;
	case SET_PORT:
		*(m->kind->fact == FACT_SPORT ? &t->sport : &t->dport) = (uint16_t)s->span[0].low;
		break;
	case SET_DOMAIN:
		name = domain_entry_name(domain_set_next(&s->domain, NULL));
		l7_set(field, (const uint8_t *)name, strlen(name), false);
		break;
	case SET_IFNAME:
		*(m->kind->fact == FACT_IIF ? &f->iif : &f->oif) = s->text[0];
		break;
	default:
		break;
	}
}

/*
 * The rule that comes first for some flow that @r is about, if it covers all of them. Only rules that
 * the index finds for one such flow can: so this takes time in proportion to the rules, not their square.
 */
static void check_shadowed(struct parser *p, uint32_t index, struct l7 *l7)
{
	const struct policy *policy = p->policy;
	const struct rule *r = &policy->rule[index];
	struct ip_tuple t = { .proto = PROTO_TCP };
	struct facts f = { .tuple = &t, .iif = "", .oif = "", .l7 = l7 };
	struct index_walk walk;
	uint32_t i;

	l7_init(l7, L7_ABSENT);
	for (size_t k = 0; k < r->matches; k++) {
		if (r->match[k].kind->proto != 0)
			t.proto = r->match[k].kind->proto;
		sample_match(&r->match[k], &t, l7, &f);
	}
	index_walk_start(policy->index, &f, 0, &walk);
	while ((i = index_walk_next(&walk)) < index) {
		const struct rule *before = &policy->rule[i];
		char where[128];

		if (before->action == ACTION_LOG || before->shadow || !rule_covers(before, r))
			continue;
		diag_warning(p->diags, &r->place,
			     "the rule '%s' never decides: '%s', %s, matches all that it does",
			     r->name, before->name, parser_where(p, &before->place, where));
		return;
	}
}

void policy_lint(struct parser *p)
{
	struct policy *policy = p->policy;
	struct l7 *l7 = malloc(sizeof(*l7));

	for (size_t i = 0; i < policy->rules && l7 != NULL; i++) {
		check_text(p, &policy->rule[i]);
		check_pcap(p, &policy->rule[i]);
		if (!check_contradictions(p, &policy->rule[i]))
			check_shadowed(p, (uint32_t)i, l7);
	}
	for (size_t i = 0; i < policy->reset_rules; i++) {
		check_contradictions(p, &policy->reset_rule[i]);
		check_pcap(p, &policy->reset_rule[i]);
	}
	free(l7);
	check_unused(p);
}
