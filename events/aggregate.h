/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One event for many of the same rule, source, destination and port within a window of time.
 *
 * Theory of operation. The first event of its kind opens a window and is held; those that follow are
 * counted into it; when the window is over it goes out with the count. There is room for a fixed
 * number of windows: when it is used up, events go out one by one. Time is passed in.
 */
#ifndef EPITAPH_EVENTS_AGGREGATE_H
#define EPITAPH_EVENTS_AGGREGATE_H

#include "events/event.h"

enum { AGGREGATE_WINDOWS = 4096 };

struct aggregate;

/* NULL without memory. The caller owns it. */
struct aggregate *aggregate_new(int64_t window_us);
void aggregate_free(struct aggregate *a);

/* True when @e was taken in; false when it is to be written as it is. */
bool aggregate_add(struct aggregate *a, const struct event *e);

/* Give all events whose window is over at @now_us to @emit, all at INT64_MAX. */
void aggregate_expire(struct aggregate *a, int64_t now_us,
		      void (*emit)(void *arg, const struct event *e), void *arg);

/* True while events are held. */
bool aggregate_pending(const struct aggregate *a);

#endif
