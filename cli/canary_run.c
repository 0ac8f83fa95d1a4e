/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/canary_run.h"

#include "cli/hits.h"
#include "events/clock.h"

#include <stdlib.h>

enum { US_PER_S = 1000000 };

/* Divert for the policy in force and @beside, or NULL, in place of what is diverted now. */
static bool divert(struct run *r, const struct policy *beside, struct rules_error *error)
{
	struct plan *plan;

	if (!r->with_rules)
		return true;
	plan = run_prepare_plan(r, r->policy, beside, error);
	if (plan == NULL || rules_load(plan, error) != 0) {
		plan_free(plan);
		return false;
	}
	plan_free(r->plan);
	r->plan = plan;
	return true;
}

/* The policy that was on trial may be freed only when the rules that were made for it are gone. */
static bool forget(struct run *r)
{
	struct rules_error error = { "" };

	if (!divert(r, NULL, &error)) {
		fprintf(stderr, "epitaph: cannot take back the rules of the trial: %s\n",
			error.text);
		return false;
	}
	policy_free(r->canary.policy);
	r->canary.policy = NULL;
	return true;
}

static json_t *answer_of(const struct run *r, const char *result, const char *message)
{
	json_t *answer = run_status(r, message);

	json_object_set_new(answer, "result", json_string(result));
	return answer;
}

static json_t *refused(const struct run *r, const char *message)
{
	return answer_of(r, "refused", message);
}

json_t *run_canary(struct run *r, const char *request)
{
	struct cli_load how = { .json = false };
	struct rules_error error = { "" };
	char *rest;
	long seconds = strtol(request, &rest, 10);
	unsigned long bound = strtoul(rest, NULL, 10);
	struct policy *p;
	json_t *answer;

	if (seconds < 1 || seconds > CANARY_SECONDS_MAX || bound > 100)
		return refused(r,
			       "a trial lasts from 1s to 7d, its bound is from 0 to 100 percent");
	if (r->canary.policy != NULL)
		json_decref(run_return(r, "another policy is to be tried"));
	p = run_load_new(r, &how, &answer);
	if (p == NULL)
		return answer;
	p->generation = r->policy->generation + 1;
	p->exceptions = book_compile(r->book, p);
	if (!workers_set_beside(r->workers, p))
		return run_refuse(r, p, "not enough memory to try it");
	if (!divert(r, p, &error)) {
		workers_end_beside(r->workers);
		return run_refuse(r, p, error.text);
	}
	r->canary.policy = p;
	memcpy(r->canary.hash, how.hash, sizeof(r->canary.hash));
	r->canary.until_us = clock_us(CLOCK_MONOTONIC) + seconds * US_PER_S;
	r->canary.bound = (unsigned)bound;
	answer = answer_of(r, "canary", "the new policy is on trial, the one before in force");
	run_log_policy(r, answer);
	return answer;
}

json_t *run_commit(struct run *r)
{
	struct policy *p = r->canary.policy;
	json_t *answer;

	if (p == NULL)
		return refused(r, "no policy is on trial");
	workers_end_beside(r->workers);
	hits_clear(p);
	p->rejudge_from = r->policy->rejudge_from;
	answer = run_bring_into_force(r, p, r->canary.hash, "committed");
	if (r->policy == p)
		r->canary.policy = NULL;
	else
		forget(r);
	return answer;
}

json_t *run_return(struct run *r, const char *why)
{
	struct canary_counters c = workers_compared(r->workers);
	char message[EVENT_MESSAGE];
	json_t *answer;

	if (r->canary.policy == NULL)
		return refused(r, "no policy is on trial");
	snprintf(
		message, sizeof(message),
		"%s: of %llu flows it would block %llu more, let %llu more go, block %llu otherwise",
		why, (unsigned long long)c.flows, (unsigned long long)c.more,
		(unsigned long long)c.fewer, (unsigned long long)c.other);
	workers_end_beside(r->workers);
	forget(r);
	answer = answer_of(r, "returned", message);
	run_log_policy(r, answer);
	fprintf(stderr, "epitaph: %s\n", message);
	return answer;
}

void run_watch_canary(struct run *r)
{
	struct canary_counters c;

	if (r->canary.policy == NULL)
		return;
	c = workers_compared(r->workers);
	if (c.flows >= CANARY_FLOWS && c.more * 100 > c.flows * r->canary.bound)
		json_decref(run_return(r, "the trial ends, the bound is passed"));
	else if (clock_us(CLOCK_MONOTONIC) >= r->canary.until_us)
		json_decref(run_return(r, "the trial is over without a commit"));
}

json_t *run_canary_status(const struct run *r)
{
	struct canary_counters c = workers_compared(r->workers);
	int64_t left_us = r->canary.until_us - clock_us(CLOCK_MONOTONIC);

	if (r->canary.policy == NULL)
		return NULL;
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "hash", r->canary.hash, "left",
			 (json_int_t)(left_us > 0 ? left_us / US_PER_S : 0), "bound",
			 (json_int_t)r->canary.bound, "flows", (json_int_t)c.flows, "more",
			 (json_int_t)c.more, "fewer", (json_int_t)c.fewer, "other",
			 (json_int_t)c.other, "unknown", (json_int_t)c.unknown);
}
