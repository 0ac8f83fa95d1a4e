/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's own tests, run by the code that decides in the daemon. */
#include "policy/parser.h"

#include "policy/decide.h"

#include <stdlib.h>

struct test_tools {
	struct pattern_scratch *scratch;
	struct limiter *limiter;
};

static void decide_test(const struct policy *p, const struct policy_test *t,
			const struct test_tools *tools, struct decision *out)
{
	struct facts f = {
		.tuple = &t->tuple,
		.iif = t->iif ? t->iif : "",
		.oif = t->oif ? t->oif : "",
		.l7 = t->l7,
		.payload = { t->payload[0], t->payload[1] },
		.mark = t->mark,
		.ct_state = t->ct_state,
		.schedules = policy_schedules_at(p, &t->at),
		.limiter = tools->limiter,
		.scratch = tools->scratch,
	};

	for (uint32_t i = 0; i < t->repeat; i++)
		decide(p, &f, 0, out);
}

/* "reset source by rule 'social'"; @ends 0 and an empty @rule leave those open. */
static const char *describe(enum rule_action action, enum reset_ends ends, const char *rule,
			    char out[96])
{
	bool with_ends = action == ACTION_RESET && ends != 0;
	const char *by = rule[0] == '\0'		? ""
			 : strcmp(rule, "default") == 0 ? " by '"
							: " by rule '";

	snprintf(out, 96, "%s%s%s%s%s%s", action_name(action), with_ends ? " " : "",
		 with_ends ? reset_ends_name(ends) : "", by, rule, rule[0] != '\0' ? "'" : "");
	return out;
}

static void run_test(struct parser *p, const struct policy_test *t, const struct test_tools *tools)
{
	struct decision d;
	const struct rule *r;
	char expected[96], found[96];

	decide_test(p->policy, t, tools, &d);
	r = policy_rule(p->policy, d.rule);
	if (r->action == t->action &&
	    (t->action != ACTION_RESET || t->ends == 0 || t->ends == r->ends) &&
	    (t->rule[0] == '\0' || strcmp(t->rule, r->name) == 0))
		return;
	diag_error(p->diags, &t->place, "the test \"%s\" expects %s, found %s", t->name,
		   describe(t->action, t->ends, t->rule, expected),
		   describe(r->action, r->ends, r->name, found));
}

/* An expected rule that does not exist is a mistake of its own. */
static bool check_name(struct parser *p, const struct policy_test *t)
{
	struct token name = { .text = (char *)t->rule, .place = t->expect_place };

	return t->rule[0] == '\0' || strcmp(t->rule, "default") == 0 ||
	       parser_resolve(p, &p->rule_names, &name, "rule", "") >= 0;
}

void policy_run_tests(struct parser *p)
{
	for (size_t i = 0; i < p->policy->tests && !p->no_memory; i++) {
		struct test_tools tools = { pattern_scratch_new(), limiter_new(64, 0) };

		if (tools.scratch == NULL || tools.limiter == NULL)
			p->no_memory = true;
		else if (check_name(p, &p->policy->test[i]))
			run_test(p, &p->policy->test[i], &tools);
		pattern_scratch_free(tools.scratch);
		limiter_free(tools.limiter);
	}
}
