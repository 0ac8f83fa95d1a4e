/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/recent.h"

#include <pthread.h>
#include <stdlib.h>

struct recent {
	pthread_mutex_t lock;
	uint64_t count; /* of all that were noted; that of number n is at n % RECENT_BLOCKS */
	struct event block[RECENT_BLOCKS];
};

struct recent *recent_new(void)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (r != NULL)
		pthread_mutex_init(&r->lock, NULL);
	return r;
}

void recent_free(struct recent *r)
{
	if (r == NULL)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void recent_note(struct recent *r, const struct event *e)
{
	if (e->type != EVENT_BLOCK)
		return;
	pthread_mutex_lock(&r->lock);
	r->block[r->count++ % RECENT_BLOCKS] = *e;
	pthread_mutex_unlock(&r->lock);
}

unsigned recent_list(struct recent *r, struct event out[RECENT_BLOCKS])
{
	unsigned n;

	pthread_mutex_lock(&r->lock);
	n = r->count < RECENT_BLOCKS ? (unsigned)r->count : RECENT_BLOCKS;
	for (unsigned i = 0; i < n; i++)
		out[i] = r->block[(r->count - 1 - i) % RECENT_BLOCKS];
	pthread_mutex_unlock(&r->lock);
	return n;
}
