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

/* "reset source rule 'social'" */
static void describe(const struct rule *r, char out[96])
{
	snprintf(out, 96, "%s%s%s by %s%s%s", action_name(r->action),
		 r->action == ACTION_RESET ? " " : "",
		 r->action == ACTION_RESET ? reset_ends_name(r->ends) : "",
		 r->matches > 0 || r->place.source != NULL ? "rule '" : "'", r->name, "'");
}

static void run_test(struct parser *p, const struct policy_test *t, const struct test_tools *tools)
{
	struct decision d;
	const struct rule *r;
	char expected[96], found[96], by[NAME_LEN + 12] = "";

	decide_test(p->policy, t, tools, &d);
	r = policy_rule(p->policy, d.rule);
	if (r->action == t->action &&
	    (t->action != ACTION_RESET || t->ends == 0 || t->ends == r->ends) &&
	    (t->rule[0] == '\0' || strcmp(t->rule, r->name) == 0))
		return;
	if (t->rule[0] != '\0')
		snprintf(by, sizeof(by), " by '%s'", t->rule);
	snprintf(expected, sizeof(expected), "%s%s%s%s", action_name(t->action),
		 t->action == ACTION_RESET && t->ends != 0 ? " " : "",
		 t->action == ACTION_RESET && t->ends != 0 ? reset_ends_name(t->ends) : "", by);
	describe(r, found);
	diag_error(p->diags, &t->place, "the test \"%s\" expects %s, found %s", t->name, expected,
		   found);
}

/* An expected rule that does not exist is a mistake of its own. */
static bool check_name(struct parser *p, const struct policy_test *t)
{
	struct suggestion s = { .word = t->rule, .word_len = strlen(t->rule) };

	if (t->rule[0] == '\0' || strcmp(t->rule, "default") == 0 ||
	    names_find(&p->rule_names, t->rule) >= 0)
		return true;
	for (size_t i = 0; i < p->policy->rules; i++)
		suggestion_offer(&s, p->policy->rule[i].name);
	if (s.best != NULL)
		diag_error(p->diags, &t->expect_place, "unknown rule '%s'; did you mean '%s'?",
			   t->rule, s.best);
	else
		diag_error(p->diags, &t->expect_place, "unknown rule '%s'", t->rule);
	return false;
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
