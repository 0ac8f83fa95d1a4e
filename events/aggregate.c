/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/aggregate.h"

#include "tcp/hash.h"

#include <stdlib.h>

enum { SLOTS = 2 * AGGREGATE_WINDOWS, NO_WINDOW = 0 };

struct aggregate {
	int64_t window_us;
	unsigned count; /* windows in use, from the oldest on in a ring */
	unsigned oldest;
	uint16_t slot[SLOTS]; /* by key: window + 1 */
	struct event event[AGGREGATE_WINDOWS];
};

struct aggregate *aggregate_new(int64_t window_us)
{
	struct aggregate *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->window_us = window_us;
	return a;
}

void aggregate_free(struct aggregate *a)
{
	free(a);
}

bool aggregate_pending(const struct aggregate *a)
{
	return a->count > 0;
}

static bool same_kind(const struct event *a, const struct event *b)
{
	return strcmp(a->block.rule, b->block.rule) == 0 && a->block.would == b->block.would &&
	       a->block.action == b->block.action && a->tuple.proto == b->tuple.proto &&
	       a->tuple.dport == b->tuple.dport && addr_equal(&a->tuple.src, &b->tuple.src) &&
	       addr_equal(&a->tuple.dst, &b->tuple.dst);
}

static unsigned first_slot(const struct event *e)
{
	uint64_t h = hash_name(e->block.rule), word[4];

	memcpy(word, e->tuple.src.b, 16);
	memcpy(word + 2, e->tuple.dst.b, 16);
	for (size_t i = 0; i < 4; i++)
		h = hash_mix(h, word[i]);
	return (unsigned)(hash_mix(h, e->tuple.dport) % SLOTS);
}

/* The slot of an event of this kind, or the free one where it goes. */
static unsigned find_slot(const struct aggregate *a, const struct event *e)
{
	unsigned i = first_slot(e);

	while (a->slot[i] != NO_WINDOW && !same_kind(&a->event[a->slot[i] - 1], e))
		i = (i + 1) % SLOTS;
	return i;
}

bool aggregate_add(struct aggregate *a, const struct event *e)
{
	unsigned slot, window;

	if (e->type != EVENT_BLOCK)
		return false;
	slot = find_slot(a, e);
	if (a->slot[slot] != NO_WINDOW) {
		struct event_block *b = &a->event[a->slot[slot] - 1].block;

		b->count++;
		b->last_us = e->time_us;
		b->sent_source |= e->block.sent_source;
		b->sent_destination |= e->block.sent_destination;
		b->suppressed |= e->block.suppressed;
		return true;
	}
	if (a->count == AGGREGATE_WINDOWS)
		return false;
	window = (a->oldest + a->count++) % AGGREGATE_WINDOWS;
	a->event[window] = *e;
	a->slot[slot] = (uint16_t)(window + 1);
	return true;
}

/* Empty @slot, and move up what an open-addressed search would no longer reach. */
static void clear_slot(struct aggregate *a, unsigned slot)
{
	unsigned hole = slot;

	for (unsigned i = (slot + 1) % SLOTS; a->slot[i] != NO_WINDOW; i = (i + 1) % SLOTS) {
		unsigned home = first_slot(&a->event[a->slot[i] - 1]);

		if ((i + SLOTS - home) % SLOTS >= (i + SLOTS - hole) % SLOTS) {
			a->slot[hole] = a->slot[i];
			hole = i;
		}
	}
	a->slot[hole] = NO_WINDOW;
}

void aggregate_expire(struct aggregate *a, int64_t now_us,
		      void (*emit)(void *arg, const struct event *e), void *arg)
{
	while (a->count > 0) {
		struct event *e = &a->event[a->oldest];

		if (now_us != INT64_MAX && now_us - e->block.first_us < a->window_us)
			return;
		emit(arg, e);
		clear_slot(a, find_slot(a, e));
		a->oldest = (a->oldest + 1) % AGGREGATE_WINDOWS;
		a->count--;
	}
}
