/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a flow is decided as it is: every rule that was tried, and what each of its matches said. */
#ifndef EPITAPH_POLICY_EXPLAIN_H
#define EPITAPH_POLICY_EXPLAIN_H

#include "policy/decide.h"

/* Print the rules in the order of trying up to the one that decides, and the decision, which goes to
 * @out as well. Rates are taken to be within their limits. */
void policy_explain(const struct policy *p, const struct facts *f, FILE *to, struct decision *out);

/* Print what is known of one rule: where it stands, what it does, what its reason says. */
void rule_explain(const struct policy *p, const struct rule *r, const char *indent, FILE *to);

#endif
