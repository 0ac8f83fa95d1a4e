/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy in force of a running daemon, and putting another in its place. */
#ifndef EPITAPH_CLI_RELOAD_H
#define EPITAPH_CLI_RELOAD_H

#include "cli/book.h"
#include "cli/cli.h"
#include "nfq/reclaim.h"
#include "nfq/worker.h"
#include "rules/rules.h"

#include <jansson.h>

/* A policy on trial beside the one in force. */
struct trial {
	struct policy *policy; /* NULL: none is */
	char hash[CLI_HASH_LEN + 1];
	int64_t until_us; /* by CLOCK_MONOTONIC */
	unsigned bound;	  /* percent of flows that it may block on top */
};

struct run {
	const char *path;
	bool with_rules, keep_rules, were_rules; /* were: before this daemon */
	enum backend backend;
	struct policy *policy; /* in force */
	char hash[CLI_HASH_LEN + 1];
	struct plan *plan; /* of policy, loaded; NULL without rules */
	struct trial canary;
	struct log *log;
	struct book *book; /* of exceptions */
	unsigned main_ring;
	struct workers *workers;
	struct reclaim *reclaim;   /* NULL when it is not asked for */
	int signal_fd, control_fd; /* control_fd: -1 when there is none */
	gid_t control_group;	   /* whose members are heard */
	uid_t asker;		   /* whose request is in hand */
	unsigned walls;		   /* that stand, enum wall */
};

/* Read the policy again; the new one is in force, or the old one stays. With @rejudge, connections that
 * were let go are judged again: "" for all, or the name of a rule, for those that it may be about. Returns what happened, which is in the log as well; the caller owns it. */
json_t *run_reload(struct run *r, const char *rejudge);

/*
 * The steps of it. run_load_new() reads the policy; it returns NULL, with *answer set, when it is refused.
 * run_bring_into_force() puts @p in the place of r->policy, or leaves that and @p as they are; the answer says which.
 * run_refuse() frees @p, which may be NULL, logs and says why.
 */
struct policy *run_load_new(struct run *r, struct cli_load *how, json_t **answer);
json_t *run_bring_into_force(struct run *r, struct policy *p, const char *hash,
			     const char *message);
json_t *run_refuse(struct run *r, struct policy *p, const char *why);

/* Which policy is in force. */
json_t *run_status(const struct run *r, const char *message);

/* The same, the counters of every queue in "queues", and the flows that rules have decided in "by_rule". */
json_t *run_counters(struct run *r);

/* The same, and the latest blocks, as events, in "recent". */
json_t *run_top(struct run *r);

/* The plan of @p, and of @beside unless that is NULL, with its sets filled, to be loaded. The caller owns it; NULL with
 * @error filled. */
struct plan *run_prepare_plan(const struct run *r, const struct policy *p,
			      const struct policy *beside, struct rules_error *error);

/* An event of the main thread, to be filled and published on r->main_ring; NULL when there is no room: it is lost, and
 * counted. */
struct event *run_reserve_event(struct run *r, enum event_type type);

/* Log that the policy of @r came into force. */
void run_log_policy(struct run *r, const json_t *answer);

#endif
