/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First match decides. */
#ifndef EPITAPH_POLICY_DECIDE_H
#define EPITAPH_POLICY_DECIDE_H

#include "policy/policy.h"

enum { DECISION_LOGS = 4 };

struct decision {
	bool decided;	       /* false: an L7 field is not known yet */
	uint16_t rule;	       /* who decided; RULE_DEFAULT when no rule did */
	uint16_t rules_logged; /* "log" rules below this index were passed */
	unsigned logs;	       /* how many of them fired now */
	uint16_t log[DECISION_LOGS];
};

/* Try the rules in order; "log" rules below @rules_logged have fired before. */
void decide(const struct policy *p, const struct facts *f, uint16_t rules_logged,
	    struct decision *out);

#endif
