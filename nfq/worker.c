/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/worker.h"

#include "events/clock.h"
#include "nfq/answer.h"
#include "nfq/canary.h"
#include "nfq/ifnames.h"
#include "nfq/queue_proc.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum { TICK_MS = 1000 };

struct worker {
	struct workers *all;
	unsigned index;
	pthread_t thread;
	bool started;
	struct queue *queue;
	struct judge *judge;
	struct canary *canary; /* of all->beside; NULL: none */
	struct answers *answers;
	struct ifnames *iif_names, *oif_names;
	int wake_fd;
	_Atomic uint32_t rounds; /* of its loop, counted before it looks at the policy */
	uint32_t rounds_before;	 /* when it was asked last */
	atomic_bool stop, log_stats;
	_Atomic uint32_t stats_wanted, stats_taken; /* of stats, in turns */
	struct event_stats stats;
	/* The batch in hand. */
	int64_t now_us, wall_us;
	struct queue_packet packet[QUEUE_BATCH];
};

struct workers {
	struct workers_settings settings;
	_Atomic(struct policy *) policy;
	_Atomic(const struct policy *) beside; /* judged as well, for comparison; NULL: none */
	struct limiter *limiter_beside;
	struct limiter *limiter; /* one for all: rates count what all queues see */
	int lines_fd;		 /* the kernel's counters of queues */
	unsigned count;
	struct worker *worker;
};

static void fill_stats(const struct worker *w, struct event_stats *s)
{
	const struct queue_counters *queue = queue_counters(w->queue);
	uint16_t number = (uint16_t)(w->all->settings.queue_first + w->index);
	struct queue_line line;

	memset(s, 0, sizeof(*s));
	s->judge = *judge_counters(w->judge);
	s->queue = number;
	s->evicted = judge_evicted(w->judge);
	s->sent = *answers_counters(w->answers);
	s->verdict_errors = queue->verdict_errors;
	s->enobufs = queue->enobufs;
	log_lost(w->all->settings.log, w->index, s->lost);
	if (queue_line_in(w->all->lines_fd, number, &line)) {
		s->queue_dropped = line.queue_dropped;
		s->user_dropped = line.user_dropped;
	}
}

static void put_stats(struct worker *w)
{
	struct event *e;

	if (!log_reserve(w->all->settings.log, w->index, 1, &e))
		return;
	memset(e, 0, sizeof(*e));
	e->type = EVENT_STATS;
	e->time_us = clock_us(CLOCK_REALTIME);
	fill_stats(w, &e->stats);
	log_publish(w->all->settings.log, w->index);
}

/* Write the events of a judgement into the log's ring, to be published with the batch. Returns that
 * of a cut, whose "sent" is still to be told; NULL when there is none, or no room for it. */
static struct event *note_events(struct worker *w, const struct judgement *j,
				 const struct policy *policy, const struct judge_input *in)
{
	struct event *slot[EVENTS_PER_PACKET];
	unsigned n = events_count(j, policy);

	if (n == 0 || !log_reserve(w->all->settings.log, w->index, n, slot))
		return NULL;
	events_fill(j, policy, in, w->wall_us, slot);
	return j->has_block && j->has_cut ? slot[n - 1] : NULL;
}

/* Over a bridge the answer to a SYN is looked at as well: it tells the other end's Ethernet address, by which
 * that can be reset should it be judged again. */
static bool wants_answer(const struct judgement *j, const struct queue_packet *p)
{
	return p->port_in != 0 && packet_opens(&j->packet);
}

static void handle_packet(struct worker *w, const struct policy *policy,
			  const struct policy *beside, const struct queue_packet *p)
{
	const struct plan_marks *marks = &w->all->settings.marks;
	struct judge_input in = {
		.ip = p->ip,
		.now_us = w->now_us,
		.wall_us = w->wall_us,
		.iif = ifnames_get(w->iif_names, p->port_in ? p->port_in : p->iif, w->now_us),
		.oif = ifnames_get(w->oif_names, p->port_out ? p->port_out : p->oif, w->now_us),
		.checksum_ready = p->checksum_ready && !p->gso,
		.direction = p->direction,
		.ct_known = p->ct_known,
		.ct_state = p->ct_state,
		.hw = p->port_in != 0 ? p->hw : NULL,
		.mark = p->mark & ~(marks->own | marks->decided),
	};
	struct judgement j;
	struct event *held;

	judge_packet(w->judge, policy, &in, &j);
	if (beside != NULL && !canary_judge(w->canary, beside, policy, &in, &j) &&
	    j.verdict == VERDICT_DECIDED)
		j.verdict = VERDICT_PASS; /* it is still to be shown */
	held = note_events(w, &j, policy, &in);
	if (j.has_cut)
		answers_cut(w->answers, &j, p, held, w->now_us);
	else if (j.verdict == VERDICT_DECIDED && !wants_answer(&j, p))
		queue_repeat(w->queue, p->id, p->mark | marks->decided);
	else if (j.verdict == VERDICT_ANNOTATE)
		answers_annotate(w->answers, &j, p);
	else if (j.verdict == VERDICT_PASS || j.verdict == VERDICT_DECIDED)
		queue_accept(w->queue, p);
	else
		queue_drop(w->queue, p->id);
}

static void handle_queue(struct worker *w, const struct policy *policy)
{
	const struct policy *beside = atomic_load(&w->all->beside);
	uint32_t queued = w->all->settings.marks.pending | w->all->settings.marks.untracked;
	int n = queue_receive(w->queue, w->packet);

	if (n < 0) {
		fprintf(stderr, "epitaph: cannot receive from queue %u: %s\n",
			w->all->settings.queue_first + w->index, strerror(-n));
		atomic_store(&w->stop, true);
		return;
	}
	for (int i = 0; i < n; i++) {
		/* This one gets its verdict: the guard lets it pass. */
		w->packet[i].mark &= ~queued;
		handle_packet(w, policy, beside, &w->packet[i]);
	}
	answers_send(w->answers);
	log_publish(w->all->settings.log, w->index);
}

static void *worker_thread(void *arg)
{
	struct worker *w = arg;
	struct pollfd fds[] = {
		{ .fd = queue_fd(w->queue), .events = POLLIN },
		{ .fd = w->wake_fd, .events = POLLIN },
	};
	int64_t ticked_us = 0;
	uint64_t count;
	char name[16];

	snprintf(name, sizeof(name), "queue %u", w->all->settings.queue_first + w->index);
	pthread_setname_np(pthread_self(), name);
	while (!atomic_load(&w->stop)) {
		int ready = poll(fds, 2, TICK_MS);
		struct policy *policy;

		atomic_fetch_add(&w->rounds, 1);
		policy = atomic_load(&w->all->policy);
		if (ready > 0 && fds[1].revents != 0 && read(w->wake_fd, &count, sizeof(count)) < 0)
			continue;
		w->now_us = clock_us(CLOCK_MONOTONIC);
		w->wall_us = clock_us(CLOCK_REALTIME);
		if (ready > 0 && fds[0].revents != 0)
			handle_queue(w, policy);
		if (atomic_exchange(&w->log_stats, false))
			put_stats(w);
		if (atomic_load(&w->stats_wanted) != atomic_load(&w->stats_taken)) {
			fill_stats(w, &w->stats);
			atomic_store(&w->stats_taken, atomic_load(&w->stats_wanted));
		}
		if (w->now_us - ticked_us >= TICK_MS * 1000) {
			judge_expire(w->judge, w->now_us);
			if (atomic_load(&w->all->beside) != NULL)
				canary_expire(w->canary, w->now_us);
			answers_close_entries(w->answers, w->now_us);
			ticked_us = w->now_us;
		}
	}
	put_stats(w);
	return NULL;
}

static void close_worker(struct worker *w)
{
	answers_free(w->answers);
	canary_free(w->canary);
	queue_close(w->queue);
	judge_free(w->judge);
	ifnames_free(w->iif_names);
	ifnames_free(w->oif_names);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
}

static uint64_t random_key(void)
{
	uint64_t key;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		key = (uint64_t)clock_us(CLOCK_REALTIME);
	return key;
}

static bool open_worker(struct worker *w, struct queue_error *error)
{
	const struct workers_settings *s = &w->all->settings;
	struct queue_settings queue = { (uint16_t)(s->queue_first + w->index), s->fail_open,
					s->queue_length, s->queue_buffer };
	struct flow_limits limits = judge_default_limits;
	int result;

	w->wake_fd = eventfd(0, EFD_CLOEXEC);
	limits.key = random_key();
	w->judge = judge_new(&limits, w->all->limiter);
	w->iif_names = ifnames_new();
	w->oif_names = ifnames_new();
	if (w->judge == NULL || w->iif_names == NULL || w->oif_names == NULL || w->wake_fd < 0) {
		snprintf(error->text, sizeof(error->text), "cannot prepare a worker: %s",
			 strerror(errno));
		return false;
	}
	w->queue = queue_open(&queue, error);
	if (w->queue == NULL)
		return false;
	result = answers_new(s->marks.own, s->marks.own | s->marks.untracked, w->queue,
			     &w->answers);
	if (result != 0)
		snprintf(error->text, sizeof(error->text), "cannot open sockets to answer by: %s%s",
			 strerror(-result),
			 result == -EPERM ? "; run as root or with CAP_NET_RAW" : "");
	return result == 0;
}

struct workers *workers_open(const struct workers_settings *settings, struct policy *policy,
			     struct queue_error *error)
{
	struct workers *all = calloc(1, sizeof(*all));
	unsigned count = settings->queue_last - settings->queue_first + 1u;

	if (all != NULL) {
		all->lines_fd = queue_lines_open();
		all->worker = calloc(count, sizeof(*all->worker));
		all->limiter = limiter_new(LIMITER_BUCKETS, random_key());
	}
	if (all == NULL || all->worker == NULL || all->limiter == NULL) {
		snprintf(error->text, sizeof(error->text), "not enough memory for %u workers",
			 count);
		if (all != NULL)
			workers_stop(all);
		return NULL;
	}
	all->settings = *settings;
	atomic_store(&all->policy, policy);
	for (all->count = 0; all->count < count; all->count++) {
		struct worker *w = &all->worker[all->count];

		w->all = all;
		w->index = all->count;
		w->wake_fd = -1;
		if (!open_worker(w, error)) {
			all->count++;
			workers_stop(all);
			return NULL;
		}
	}
	if (all->lines_fd < 0)
		fprintf(stderr,
			"epitaph: what queues drop cannot be counted: cannot read nfnetlink_queue of "
			"/proc/net/netfilter: %s\n",
			strerror(-all->lines_fd));
	return all;
}

int workers_start(struct workers *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct worker *w = &all->worker[i];
		int result = -pthread_create(&w->thread, NULL, worker_thread, w);

		if (result != 0)
			return result;
		w->started = true;
	}
	return 0;
}

static void wake(struct worker *w)
{
	uint64_t one = 1;
	ssize_t written = write(w->wake_fd, &one, sizeof(one));

	(void)written; /* fails only when the counter is full: the worker is awake then */
}

void workers_wait_round(struct workers *w)
{
	uint32_t rounds[QUEUES_MAX];

	for (unsigned i = 0; i < w->count; i++) {
		rounds[i] = atomic_load(&w->worker[i].rounds);
		wake(&w->worker[i]);
	}
	for (unsigned i = 0; i < w->count; i++) {
		while (atomic_load(&w->worker[i].rounds) == rounds[i] &&
		       !atomic_load(&w->worker[i].stop))
			usleep(200);
	}
}

struct policy *workers_swap(struct workers *w, struct policy *policy)
{
	struct policy *old = atomic_exchange(&w->policy, policy);

	workers_wait_round(w);
	return old;
}

bool workers_set_beside(struct workers *w, const struct policy *p)
{
	w->limiter_beside = limiter_new(LIMITER_BUCKETS, random_key());
	for (unsigned i = 0; w->limiter_beside != NULL && i < w->count; i++) {
		w->worker[i].canary = canary_new(w->limiter_beside, random_key(), w->settings.log,
						 i);
		if (w->worker[i].canary == NULL)
			break;
	}
	if (w->worker[w->count - 1].canary == NULL) {
		workers_end_beside(w);
		return false;
	}
	atomic_store(&w->beside, p);
	return true;
}

void workers_end_beside(struct workers *w)
{
	if (atomic_exchange(&w->beside, NULL) != NULL)
		workers_wait_round(w);
	for (unsigned i = 0; i < w->count; i++) {
		canary_free(w->worker[i].canary);
		w->worker[i].canary = NULL;
	}
	limiter_free(w->limiter_beside);
	w->limiter_beside = NULL;
}

struct canary_counters workers_compared(const struct workers *w)
{
	struct canary_counters sum = { 0 };

	for (unsigned i = 0; atomic_load(&w->beside) != NULL && i < w->count; i++) {
		struct canary_counters c = canary_counters(w->worker[i].canary);

		sum.flows += c.flows;
		sum.more += c.more;
		sum.fewer += c.fewer;
		sum.other += c.other;
		sum.unknown += c.unknown;
	}
	return sum;
}

bool workers_alive(const struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (atomic_load(&w->worker[i].stop))
			return false;
	}
	return true;
}

bool workers_went_on(struct workers *w)
{
	bool all = true;

	for (unsigned i = 0; i < w->count; i++) {
		struct worker *one = &w->worker[i];
		uint32_t rounds = atomic_load_explicit(&one->rounds, memory_order_relaxed);

		all = all && rounds != one->rounds_before;
		one->rounds_before = rounds;
	}
	return all;
}

bool workers_have_conntrack(const struct workers *w)
{
	return queue_has_conntrack(w->worker[0].queue);
}

void workers_log_stats(struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		atomic_store(&w->worker[i].log_stats, true);
		wake(&w->worker[i]);
	}
}

unsigned workers_stats(struct workers *w, struct event_stats out[QUEUES_MAX])
{
	for (unsigned i = 0; i < w->count; i++) {
		atomic_fetch_add(&w->worker[i].stats_wanted, 1);
		wake(&w->worker[i]);
	}
	for (unsigned i = 0; i < w->count; i++) {
		struct worker *one = &w->worker[i];

		while (atomic_load(&one->stats_taken) != atomic_load(&one->stats_wanted) &&
		       !atomic_load(&one->stop))
			usleep(200);
		out[i] = one->stats;
	}
	return w->count;
}

void workers_stop(struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		atomic_store(&w->worker[i].stop, true);
		if (w->worker[i].started)
			wake(&w->worker[i]);
	}
	for (unsigned i = 0; i < w->count; i++) {
		if (w->worker[i].started)
			pthread_join(w->worker[i].thread, NULL);
	}
	for (unsigned i = 0; i < w->count; i++)
		close_worker(&w->worker[i]);
	if (w->lines_fd >= 0)
		close(w->lines_fd);
	limiter_free(w->limiter);
	limiter_free(w->limiter_beside);
	free(w->worker);
	free(w);
}
