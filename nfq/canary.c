/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/canary.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { EVENTS_PER_SECOND = 100, US_PER_S = 1000000 };

struct canary {
	struct judge *judge;
	struct log *log;
	unsigned ring;
	int64_t second; /* that events are counted in, */
	unsigned events;
	_Atomic uint64_t flows, more, fewer, other, unknown;
};

struct canary *canary_new(struct limiter *limiter, uint64_t key, struct log *log, unsigned ring)
{
	struct canary *c = calloc(1, sizeof(*c));
	struct flow_limits limits = judge_default_limits;

	if (c == NULL)
		return NULL;
	limits.key = key;
	c->judge = judge_new(&limits, limiter);
	c->log = log;
	c->ring = ring;
	if (c->judge == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

void canary_free(struct canary *c)
{
	if (c == NULL)
		return;
	judge_free(c->judge);
	free(c);
}

static void log_difference(struct canary *c, const struct judgement *after,
			   const struct rule *before, const struct judge_input *in)
{
	int64_t second = in->now_us / US_PER_S;
	struct event *e;

	if (second != c->second) {
		c->second = second;
		c->events = 0;
	}
	if (c->events++ < EVENTS_PER_SECOND && log_reserve(c->log, c->ring, 1, &e))
		event_fill_canary(e, after, before, in);
}

/* The rule that decided the flow of @j, if that was under @p; NULL while it is undecided. */
static const struct rule *decided_by(const struct judgement *j, const struct policy *p)
{
	const struct flow *f = j->flow;

	if (f == NULL || f->state == FLOW_UNDECIDED || f->generation != p->generation)
		return NULL;
	return policy_rule(p, f->rule);
}

static void compare(struct canary *c, const struct rule *before, const struct judgement *after,
		    const struct judge_input *in)
{
	bool passed = before->action == ACTION_ACCEPT;
	bool passes = after->rule->action == ACTION_ACCEPT;

	atomic_fetch_add_explicit(&c->flows, 1, memory_order_relaxed);
	if (before->action == after->rule->action)
		return;
	atomic_fetch_add_explicit(passed   ? &c->more
				  : passes ? &c->fewer
					   : &c->other,
				  1, memory_order_relaxed);
	log_difference(c, after, before, in);
}

bool canary_judge(struct canary *c, const struct policy *p, const struct policy *in_force,
		  const struct judge_input *in, const struct judgement *j)
{
	const struct rule *before, *after;
	struct judgement beside;

	if (j->is_reset)
		return true;
	judge_packet(c->judge, p, in, &beside);
	if (beside.flow == NULL ||
	    (packet_is_tcp(&beside.packet) && !beside.flow->side[SIDE_INITIATOR].syn))
		return true; /* it is not known how it began */
	before = decided_by(j, in_force);
	after = decided_by(&beside, p);
	if (before != NULL && after != NULL && (j->settled || beside.settled)) {
		beside.rule = after;
		compare(c, before, &beside, in);
	} else if (after == NULL && j->settled && before != NULL &&
		   before->action != ACTION_ACCEPT) {
		atomic_fetch_add_explicit(&c->unknown, 1, memory_order_relaxed);
	}
	return after != NULL;
}

void canary_expire(struct canary *c, int64_t now_us)
{
	judge_expire(c->judge, now_us);
}

struct canary_counters canary_counters(const struct canary *c)
{
	return (struct canary_counters){
		.flows = atomic_load_explicit(&c->flows, memory_order_relaxed),
		.more = atomic_load_explicit(&c->more, memory_order_relaxed),
		.fewer = atomic_load_explicit(&c->fewer, memory_order_relaxed),
		.other = atomic_load_explicit(&c->other, memory_order_relaxed),
		.unknown = atomic_load_explicit(&c->unknown, memory_order_relaxed),
	};
}
