/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers: a thread per queue, with flows, conntrack look-ups and raw sockets of its own.
 *
 * Theory of operation. Queue balancing hashes both directions of a flow to one queue, so workers
 * share nothing but the pointer to the policy in force and the log's rings. A worker reads the
 * pointer once per batch and counts its rounds; whoever swaps it waits until every worker is in a new
 * round, and only then frees the old. A batch goes in this order: judge all,
 * send resets to the senders of cut packets, send all verdicts (some carry a reset in place of the
 * packet), send what must follow those, push the events, which so can say what was really sent.
 */
#ifndef EPITAPH_NFQ_WORKER_H
#define EPITAPH_NFQ_WORKER_H

#include "events/log.h"
#include "nfq/canary.h"
#include "nfq/queue.h"
#include "rules/plan.h"

struct workers;

struct workers_settings {
	uint16_t queue_first, queue_last;
	bool fail_open;
	uint32_t queue_length, queue_buffer;
	struct plan_marks marks;
	struct log *log; /* ring n belongs to worker n */
};

/*
 * Bind all queues and open all that their threads will need, under @policy, which stays the caller's. Returns
 * NULL with @error filled; nothing is bound then.
 */
struct workers *workers_open(const struct workers_settings *settings, struct policy *policy,
			     struct queue_error *error);

/* Start the threads. Returns 0 or -errno; some may run then, until workers_stop(). */
int workers_start(struct workers *w);

/* Put @policy in force, wait until no worker uses the one before, and return that. */
struct policy *workers_swap(struct workers *w, struct policy *policy);

/*
 * Judge every packet under @p as well, of another generation, which stays the caller's until workers_end_beside(), and log
 * where it differs from the policy in force. False without memory.
 */
bool workers_set_beside(struct workers *w, const struct policy *p);
void workers_end_beside(struct workers *w);

/* What was compared since then. */
struct canary_counters workers_compared(const struct workers *w);

/* Wait until no worker uses what it found in the policy in force before this call. */
void workers_wait_round(struct workers *w);

/* False when some worker had to give up its queue; it has said why on standard error. */
bool workers_alive(const struct workers *w);

/* True when every worker went round its loop since the last call, by one thread: it does at least once a second. */
bool workers_went_on(struct workers *w);

/* Whether the kernel hands over conntrack's tuples with each packet; else they are looked up. */
bool workers_have_conntrack(const struct workers *w);

/* Have every worker log a "stats" event. */
void workers_log_stats(struct workers *w);

/* The counters of every worker, by one thread at a time. Returns how many workers there are. */
unsigned workers_stats(struct workers *w, struct event_stats out[QUEUES_MAX]);

/* Log a last "stats" event each, stop, join, close the queues, free. */
void workers_stop(struct workers *w);

#endif
