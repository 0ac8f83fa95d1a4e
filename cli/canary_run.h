/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new policy on trial: judged beside the one in force, until it is committed, or its time is over, or it would block
 * more than was expected. Nothing that it decides is done.
 */
#ifndef EPITAPH_CLI_CANARY_RUN_H
#define EPITAPH_CLI_CANARY_RUN_H

#include "cli/reload.h"

/* What a request for one begins with; "SECONDS PERCENT" follows. */
#define CANARY_REQUEST "reload canary "

enum {
	CANARY_SECONDS_MAX = 7 * 86400,
	CANARY_BOUND = 5,   /* percent of flows that it may block on top, if not given */
	CANARY_FLOWS = 100, /* as many are compared before the bound counts */
};

/* Read the policy and begin, by "SECONDS PERCENT" of a request. Returns what happened, which is in the log as well; the
 * caller owns it. */
json_t *run_canary(struct run *r, const char *request);

/* Put the policy on trial in force, as it was read then. */
json_t *run_commit(struct run *r);

/* End the trial; the policy in force stays. @why is for the log. */
json_t *run_return(struct run *r, const char *why);

/* Return when it is time, or the bound is passed; call every second or so. */
void run_watch_canary(struct run *r);

/* What there is to say about the one on trial; NULL when none is. */
json_t *run_canary_status(const struct run *r);

#endif
