/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of events from workers to the log: a ring per producer, one thread that writes.
 *
 * Theory of operation. A producer never waits: it reserves slots of its ring, fills them in place
 * and publishes them all at once; when the ring is full the event is lost, and counted. The log
 * thread sleeps on an eventfd that is written once for all that comes within some milliseconds, and
 * drains all rings in turn into the sinks. A sink that fails is reported once on standard error, and
 * what it loses is counted; it never stops enforcement, nor the other sinks.
 */
#ifndef EPITAPH_EVENTS_LOG_H
#define EPITAPH_EVENTS_LOG_H

#include "events/recent.h"

struct log;

/*
 * Open @path for appending (NULL: standard output), and the other sinks of @settings. @producers
 * rings are made, each to be used by one thread at a time. Returns 0 or -errno.
 */
int log_open(const char *path, const struct log_settings *settings, unsigned producers,
	     struct log **out);

/* Start the thread. Returns 0 or -errno. */
int log_start(struct log *l);

/* The next @n free slots of ring @producer, to be filled; false when it has not that many: the
 * events are lost. */
bool log_reserve(struct log *l, unsigned producer, unsigned n, struct event **slots);

/* Hand all reserved slots of ring @producer to the log thread. */
void log_publish(struct log *l, unsigned producer);

/* How many events of ring @producer were lost, and where. */
void log_lost(const struct log *l, unsigned producer, uint64_t lost[EVENT_LOSSES]);

/* The latest blocks that came to the log thread, newest first. Returns how many there are. */
unsigned log_recent(const struct log *l, struct event out[RECENT_BLOCKS]);

/* Open the file anew at the next event: after rotation. */
void log_reopen(struct log *l);

/* Write what is left, stop the thread, free. No producer may run any more. */
void log_close(struct log *l);

#endif
