/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of events from workers to the log: a ring per producer, one thread that writes.
 *
 * Theory of operation. A producer never waits: a full ring loses the event and counts it. The log
 * thread sleeps on an eventfd, drains all rings in turn and writes JSON lines. A sink that fails
 * is reported once on standard error, and counted; it never stops enforcement.
 */
#ifndef EPITAPH_EVENTS_LOG_H
#define EPITAPH_EVENTS_LOG_H

#include "events/event.h"

struct log;

/*
 * Open @path for appending (NULL: standard output) and start the thread. @producers rings are made,
 * each to be used by one thread at a time. Returns 0 or -errno.
 */
int log_open(const char *path, unsigned producers, struct log **out);

/* Put @e into ring @producer; false when it is full, and the event is lost. */
bool log_put(struct log *l, unsigned producer, const struct event *e);

/* Tell the thread that there is something. */
void log_wake(struct log *l);

/* How many events ring @producer has lost. */
uint64_t log_lost(const struct log *l, unsigned producer);

/* Open the file anew at the next event: after rotation. */
void log_reopen(struct log *l);

/* Write what is left, stop the thread, free. No producer may run any more. */
void log_close(struct log *l);

#endif
