/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/log.h"

#include "events/json.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	RING_SIZE = 4096, /* a power of two */
	LOG_NICE = 10,
	GATHER_US = 2000, /* one wake-up serves all that comes within this time */
};

struct ring {
	_Alignas(64) _Atomic uint32_t head; /* what was published; the producer's */
	uint32_t reserved;		    /* what was handed out to be filled */
	_Alignas(64) _Atomic uint32_t tail; /* next to read; the log thread's */
	_Alignas(64) _Atomic uint64_t lost;
	struct event *events;
};

struct log {
	char *path;
	FILE *out;
	int wake_fd;
	pthread_t thread;
	unsigned rings;
	struct ring *ring;
	atomic_bool stop, reopen, awake;
	bool complained;
};

static void complain(struct log *l, const char *what, int error)
{
	if (!l->complained)
		fprintf(stderr, "epitaph: %s %s: %s; events are lost until it works again\n", what,
			l->path ? l->path : "standard output", strerror(error));
	l->complained = true;
}

static int open_file(struct log *l)
{
	FILE *f = l->path ? fopen(l->path, "ae") : stdout;

	if (f == NULL)
		return -errno;
	l->out = f;
	return 0;
}

static void reopen_file(struct log *l)
{
	if (l->path == NULL)
		return;
	if (l->out != NULL)
		fclose(l->out);
	l->out = NULL;
	if (open_file(l) != 0)
		complain(l, "cannot open", errno);
	else
		l->complained = false;
}

static bool drain(struct log *l, struct ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);
	bool any = tail != head;

	for (; tail != head; tail++) {
		if (l->out == NULL || json_write(&r->events[tail % RING_SIZE], l->out) != 0) {
			atomic_fetch_add_explicit(&r->lost, 1, memory_order_relaxed);
			if (l->out != NULL)
				complain(l, "cannot write to", errno);
		}
		atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	}
	return any;
}

static void drain_all(struct log *l)
{
	bool any;

	do {
		any = false;
		for (unsigned i = 0; i < l->rings; i++)
			any |= drain(l, &l->ring[i]);
	} while (any);
	if (l->out != NULL && fflush(l->out) != 0) {
		complain(l, "cannot write to", errno);
		clearerr(l->out);
	}
}

static void *log_thread(void *arg)
{
	struct log *l = arg;
	uint64_t count;

	/* When there is not enough time for all, packets come first: what the log cannot take is
	 * counted as lost. */
	pthread_setname_np(pthread_self(), "log");
	setpriority(PRIO_PROCESS, (id_t)gettid(), LOG_NICE);
	while (!atomic_load(&l->stop)) {
		if (read(l->wake_fd, &count, sizeof(count)) < 0 && errno != EINTR)
			break;
		if (!atomic_load(&l->stop))
			usleep(GATHER_US);
		/* Before the rings are looked at: what comes later wakes us again. */
		atomic_store(&l->awake, false);
		if (atomic_exchange(&l->reopen, false))
			reopen_file(l);
		drain_all(l);
	}
	drain_all(l);
	return NULL;
}

static void free_log(struct log *l)
{
	for (unsigned i = 0; i < l->rings; i++)
		free(l->ring[i].events);
	if (l->out != NULL && l->out != stdout)
		fclose(l->out);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	free(l->ring);
	free(l->path);
	free(l);
}

int log_open(const char *path, unsigned producers, struct log **out)
{
	struct log *l = calloc(1, sizeof(*l));
	int result = -ENOMEM;

	if (l == NULL)
		return -ENOMEM;
	l->wake_fd = -1;
	l->path = path ? strdup(path) : NULL;
	l->ring = aligned_alloc(64, producers * sizeof(*l->ring));
	if (l->ring == NULL || (path != NULL && l->path == NULL))
		goto fail;
	memset(l->ring, 0, producers * sizeof(*l->ring));
	for (l->rings = 0; l->rings < producers; l->rings++) {
		l->ring[l->rings].events = calloc(RING_SIZE, sizeof(struct event));
		if (l->ring[l->rings].events == NULL)
			goto fail;
	}
	result = open_file(l);
	if (result != 0)
		goto fail;
	l->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (l->wake_fd < 0) {
		result = -errno;
		goto fail;
	}
	result = -pthread_create(&l->thread, NULL, log_thread, l);
	if (result != 0)
		goto fail;
	*out = l;
	return 0;
fail:
	free_log(l);
	return result;
}

bool log_reserve(struct log *l, unsigned producer, unsigned n, struct event **slots)
{
	struct ring *r = &l->ring[producer];
	uint32_t used = r->reserved - atomic_load_explicit(&r->tail, memory_order_acquire);

	if (n > RING_SIZE - used) {
		atomic_fetch_add_explicit(&r->lost, n, memory_order_relaxed);
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

uint64_t log_lost(const struct log *l, unsigned producer)
{
	return atomic_load_explicit(&l->ring[producer].lost, memory_order_relaxed);
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
	pthread_join(l->thread, NULL);
	free_log(l);
}
