/* SPDX-License-Identifier: GPL-2.0-or-later */
/* First match decides. */
#ifndef EPITAPH_POLICY_DECIDE_H
#define EPITAPH_POLICY_DECIDE_H

#include "policy/policy.h"

enum { DECISION_LOGS = 4 };

struct decision {
	bool decided;  /* false: an L7 field is not known yet */
	uint16_t rule; /* who decided; RULE_DEFAULT when no rule did */
	uint16_t
		passed; /* rules below this index are done with: they do not match, or have fired */
	/* Of the rules that fired now and do not decide ("log", "shadow"): */
	unsigned would_block; /* how many in shadow would have blocked */
	unsigned logs;	      /* how many are to be logged */
	uint16_t log[DECISION_LOGS];
};

/*
 * Try the rules in order, from @passed on: what an earlier call for the same flow was done with is not
 * asked again, so that a rate takes one token of a flow, and a rule logs it once.
 */
void decide(const struct policy *p, const struct facts *f, uint16_t passed, struct decision *out);

/* The same by trying every rule in turn: what the index is tested against. */
void decide_by_list(const struct policy *p, const struct facts *f, uint16_t passed,
		    struct decision *out);

/* False when family, protocol, addresses or ports of @t say that @r does not hold for it. */
bool rule_may_hold(const struct rule *r, const struct ip_tuple *t);

/* Try the rules of "resets forward"; f->reading is set. Their default is to pass. */
void decide_reset(const struct policy *p, const struct facts *f, struct decision *out);

#endif
