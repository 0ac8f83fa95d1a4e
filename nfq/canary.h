/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy judged beside the one in force, to see what it would do: one for each worker.
 *
 * Theory of operation. Each packet that is judged is judged again under the other policy, with flows of its own, and
 * nothing comes of it but a comparison. A flow is compared once, when both have decided it; only flows of which both
 * have seen the beginning are. Until the other policy has decided, the flow stays in the queue.
 */
#ifndef EPITAPH_NFQ_CANARY_H
#define EPITAPH_NFQ_CANARY_H

#include "events/log.h"

struct canary_counters {
	uint64_t flows;	  /* compared; of these: */
	uint64_t more;	  /* it would block, and the policy in force does not */
	uint64_t fewer;	  /* it would let go, and the policy in force does not */
	uint64_t other;	  /* it would block in another way */
	uint64_t unknown; /* not compared: cut before it had seen enough */
};

struct canary;

/* @key is a secret of its flows' hash. @limiter, which rates are counted in, and @log, of which ring @ring is written, stay the caller's. NULL without
 * memory. The caller owns it. */
struct canary *canary_new(struct limiter *limiter, uint64_t key, struct log *log, unsigned ring);
void canary_free(struct canary *c);

/*
 * Judge the packet of @in under @p, beside @j, the judgement under @in_force; log where they differ. Returns false while
 * the flow is to be shown to it further.
 */
bool canary_judge(struct canary *c, const struct policy *p, const struct policy *in_force,
		  const struct judge_input *in, const struct judgement *j);

/* Forget what timed out; call now and then, from the same thread. */
void canary_expire(struct canary *c, int64_t now_us);

/* What has been counted so far, from any thread. */
struct canary_counters canary_counters(const struct canary *c);

#endif
