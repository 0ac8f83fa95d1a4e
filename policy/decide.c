/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/decide.h"

static enum tri rule_ask(const struct rule *r, const struct facts *f)
{
	enum tri all = TRI_YES;

	for (size_t i = 0; i < r->matches; i++) {
		enum tri one = match_ask(&r->match[i], f);

		if (one == TRI_NO)
			return TRI_NO;
		if (one == TRI_MAYBE)
			all = TRI_MAYBE;
	}
	return all;
}

void decide(const struct policy *p, const struct facts *f, uint16_t rules_logged,
	    struct decision *out)
{
	*out = (struct decision){ .decided = true, .rule = RULE_DEFAULT };
	for (uint16_t i = 0; i < p->rules; i++) {
		const struct rule *r = &p->rule[i];
		enum tri asked = rule_ask(r, f);

		out->rules_logged = i;
		if (asked == TRI_NO)
			continue;
		if (asked == TRI_MAYBE) {
			out->decided = false;
			return;
		}
		if (r->action != ACTION_LOG) {
			out->rule = i;
			return;
		}
		if (i >= rules_logged && out->logs < DECISION_LOGS)
			out->log[out->logs++] = i;
	}
	out->rules_logged = (uint16_t)p->rules;
}
