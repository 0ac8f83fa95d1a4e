/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/log.h"

#include "events/aggregate.h"
#include "events/clock.h"
#include "events/recent.h"
#include "events/sink.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	RING_SIZE = 8192, /* a power of two; some seconds of blocks while a disk stalls */
	LOG_NICE = 10,
	GATHER_US = 2000, /* one wake-up serves all that comes within this time */
	HOLD_MS = 200,	  /* how late an aggregated event may be */
};

struct ring {
	_Alignas(64) _Atomic uint32_t head; /* what was published; the producer's */
	uint32_t reserved;		    /* what was handed out to be filled */
	_Alignas(64) _Atomic uint32_t tail; /* next to read; the log thread's */
	_Alignas(64) _Atomic uint64_t lost[EVENT_LOSSES];
	struct event *events;
};

struct log {
	struct sinks *sinks;
	struct recent *recent;
	struct aggregate *aggregate; /* NULL: every event by itself */
	int wake_fd;
	pthread_t thread;
	unsigned rings;
	struct ring *ring;
	bool started;
	atomic_bool stop, reopen, awake;
};

/* Into the sinks; what they lose counts as the ring's. */
static void put(struct log *l, struct ring *r, const struct event *e)
{
	uint64_t lost[EVENT_LOSSES] = { 0 };

	sinks_write(l->sinks, e, lost);
	for (int i = 0; i < EVENT_LOSSES; i++) {
		if (lost[i] > 0)
			atomic_fetch_add_explicit(&r->lost[i], lost[i], memory_order_relaxed);
	}
}

static void write_out(void *arg, const struct event *e)
{
	struct log *l = arg;

	put(l, &l->ring[0], e);
}

static bool drain(struct log *l, struct ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	bool any = tail != head;

	for (; tail != head; tail++) {
		const struct event *e = &r->events[tail % RING_SIZE];

		recent_note(l->recent, e);
		if (l->aggregate == NULL || !aggregate_add(l->aggregate, e))
			put(l, r, e);
		atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	}
	return any;
}

/* @now_us is INT64_MAX at the end: nothing is held back any more. */
static void drain_all(struct log *l, int64_t now_us)
{
	bool any;

	do {
		any = false;
		for (unsigned i = 0; i < l->rings; i++)
			any |= drain(l, &l->ring[i]);
	} while (any);
	if (l->aggregate != NULL)
		aggregate_expire(l->aggregate, now_us, write_out, l);
	sinks_flush(l->sinks);
}

/* Until there is something to do. */
static void wait_for_work(struct log *l)
{
	struct pollfd fds[] = { { .fd = l->wake_fd, .events = POLLIN },
				{ .fd = sinks_wait_for(l->sinks), .events = POLLOUT } };
	bool holds = l->aggregate != NULL && aggregate_pending(l->aggregate);
	uint64_t count;
	ssize_t got = 0;

	if (poll(fds, 2, holds ? HOLD_MS : -1) > 0 && fds[0].revents != 0) {
		got = read(l->wake_fd, &count, sizeof(count));
		if (!atomic_load(&l->stop))
			usleep(GATHER_US);
	}
	(void)got; /* nobody else reads it */
}

static void *log_thread(void *arg)
{
	struct log *l = arg;

	/* When there is not enough time for all, packets come first: what the log cannot take is
	 * counted as lost. */
	pthread_setname_np(pthread_self(), "log");
	setpriority(PRIO_PROCESS, (id_t)gettid(), LOG_NICE);
	while (!atomic_load(&l->stop)) {
		wait_for_work(l);
		/* Before the rings are looked at: what comes later wakes us again. */
		atomic_store(&l->awake, false);
		if (atomic_exchange(&l->reopen, false))
			sinks_reopen(l->sinks);
		drain_all(l, clock_us(CLOCK_REALTIME));
	}
	drain_all(l, INT64_MAX);
	return NULL;
}

static void free_log(struct log *l)
{
	for (unsigned i = 0; i < l->rings; i++)
		free(l->ring[i].events);
	if (l->sinks != NULL)
		sinks_close(l->sinks);
	aggregate_free(l->aggregate);
	recent_free(l->recent);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	free(l->ring);
	free(l);
}

int log_open(const char *path, const struct log_settings *settings, unsigned producers,
	     struct log **out)
{
	struct log *l = calloc(1, sizeof(*l));
	int result = -ENOMEM;

	if (l == NULL)
		return -ENOMEM;
	l->wake_fd = -1;
	l->ring = aligned_alloc(64, producers * sizeof(*l->ring));
	if (settings->aggregate_s > 0)
		l->aggregate = aggregate_new((int64_t)settings->aggregate_s * 1000000);
	l->recent = recent_new();
	if (l->ring == NULL || l->recent == NULL ||
	    (settings->aggregate_s > 0 && l->aggregate == NULL))
		goto fail;
	memset(l->ring, 0, producers * sizeof(*l->ring));
	for (l->rings = 0; l->rings < producers; l->rings++) {
		l->ring[l->rings].events = calloc(RING_SIZE, sizeof(struct event));
		if (l->ring[l->rings].events == NULL)
			goto fail;
	}
	result = sinks_open(path, settings, &l->sinks);
	if (result != 0)
		goto fail;
	l->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (l->wake_fd < 0) {
		result = -errno;
		goto fail;
	}
	*out = l;
	return 0;
fail:
	free_log(l);
	return result;
}

int log_start(struct log *l)
{
	int result = -pthread_create(&l->thread, NULL, log_thread, l);

	l->started = result == 0;
	return result;
}

bool log_reserve(struct log *l, unsigned producer, unsigned n, struct event **slots)
{
	struct ring *r = &l->ring[producer];
	uint32_t used = r->reserved - atomic_load_explicit(&r->tail, memory_order_acquire);

	if (n > RING_SIZE - used) {
		atomic_fetch_add_explicit(&r->lost[LOST_IN_RING], n, memory_order_relaxed);
		return false;
	}
	for (unsigned i = 0; i < n; i++)
		slots[i] = &r->events[r->reserved++ % RING_SIZE];
	return true;
}

static void wake(struct log *l)
{
	uint64_t one = 1;
	ssize_t written;

	if (atomic_exchange(&l->awake, true))
		return; /* it will look at all rings before it sleeps again */
	written = write(l->wake_fd, &one, sizeof(one));
	(void)written; /* fails only when the counter is full: the thread is awake then */
}

void log_publish(struct log *l, unsigned producer)
{
	struct ring *r = &l->ring[producer];

	if (r->reserved == atomic_load_explicit(&r->head, memory_order_relaxed))
		return;
	atomic_store_explicit(&r->head, r->reserved, memory_order_release);
	wake(l);
}

void log_lost(const struct log *l, unsigned producer, uint64_t lost[EVENT_LOSSES])
{
	for (int i = 0; i < EVENT_LOSSES; i++)
		lost[i] = atomic_load_explicit(&l->ring[producer].lost[i], memory_order_relaxed);
}

unsigned log_recent(const struct log *l, struct event out[RECENT_BLOCKS])
{
	return recent_list(l->recent, out);
}

void log_reopen(struct log *l)
{
	atomic_store(&l->reopen, true);
	wake(l);
}

void log_close(struct log *l)
{
	if (l == NULL)
		return;
	atomic_store(&l->stop, true);
	wake(l);
	if (l->started)
		pthread_join(l->thread, NULL);
	free_log(l);
}
