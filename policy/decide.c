/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/decide.h"

#include "policy/index.h"

/* Ask all matches of @r: its rate, if it has one, last, and only when all others hold. */
static enum tri rule_ask(const struct rule *r, const struct facts *f)
{
	const struct match *limit = NULL;
	enum tri all = TRI_YES;

	for (size_t i = 0; i < r->matches; i++) {
		const struct match *m = &r->match[i];
		enum tri one;

		if (m->kind->operand == OPERAND_LIMIT) {
			limit = m;
			continue;
		}
		one = match_ask(m, f);
		if (one == TRI_NO)
			return TRI_NO;
		if (one == TRI_MAYBE)
			all = TRI_MAYBE;
	}
	return limit != NULL && all == TRI_YES ? match_ask(limit, f) : all;
}

/* Take account of rule @i, unless an exception of @x leaves it out; true when it ends the search. */
static bool try_rule(const struct rule *r, uint16_t i, const struct exceptions *x,
		     const struct facts *f, struct decision *out)
{
	bool left_out = x != NULL && exceptions_hold(x, i, &f->tuple->src);
	enum tri asked = left_out ? TRI_NO : rule_ask(r, f);

	out->passed = i;
	if (asked == TRI_NO)
		return false;
	if (asked == TRI_MAYBE) {
		out->decided = false;
		return true;
	}
	if (r->action != ACTION_LOG && !r->shadow) {
		out->rule = i;
		return true;
	}
	out->would_block += r->shadow && r->action != ACTION_ACCEPT;
	if (out->logs < DECISION_LOGS && rule_is_sampled(r, f->flow_id))
		out->log[out->logs++] = i;
	return false;
}

static void begin(struct decision *out)
{
	out->decided = true;
	out->rule = RULE_DEFAULT;
	out->logs = 0;
	out->would_block = 0;
}

void decide(const struct policy *p, const struct facts *f, uint16_t passed, struct decision *out)
{
	const struct exceptions *x = atomic_load(&p->exceptions);
	struct index_walk walk;
	uint32_t i;

	begin(out);
	if (p->rules > 0) {
		index_walk_start(p->index, f, passed, &walk);
		while ((i = index_walk_next(&walk)) != UINT32_MAX) {
			if (try_rule(&p->rule[i], (uint16_t)i, x, f, out))
				return;
		}
	}
	out->passed = (uint16_t)p->rules;
}

static void decide_list(const struct rule *rules, size_t count, const struct exceptions *x,
			const struct facts *f, uint16_t passed, struct decision *out)
{
	begin(out);
	for (size_t i = passed; i < count; i++) {
		if (try_rule(&rules[i], (uint16_t)i, x, f, out))
			return;
	}
	out->passed = (uint16_t)count;
}

void decide_by_list(const struct policy *p, const struct facts *f, uint16_t passed,
		    struct decision *out)
{
	decide_list(p->rule, p->rules, atomic_load(&p->exceptions), f, passed, out);
}

bool rule_may_hold(const struct rule *r, const struct ip_tuple *t)
{
	struct l7 unknown;
	struct facts f = {
		.tuple = t, .iif = "", .oif = "", .l7 = &unknown, .more = { true, true }
	};

	l7_init(&unknown, L7_PENDING);
	for (size_t i = 0; i < r->matches; i++) {
		const struct match_kind *k = r->match[i].kind;

		if ((k->family != 0 && k->family != t->family) ||
		    (k->proto != 0 && k->proto != t->proto) ||
		    (k->fact <= FACT_DPORT && match_ask(&r->match[i], &f) == TRI_NO))
			return false;
	}
	return true;
}

void decide_reset(const struct policy *p, const struct facts *f, struct decision *out)
{
	decide_list(p->reset_rule, p->reset_rules, NULL, f, 0, out);
}
