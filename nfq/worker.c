/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/worker.h"

#include "nfq/conntrack.h"
#include "nfq/ifnames.h"
#include "nfq/inject.h"
#include "nfq/queue_proc.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 1000 };

/* A reset that goes out behind the verdicts. */
struct follow_up {
	struct ip_tuple wire;
	struct reset_numbers numbers;
	struct bytes payload;
	uint32_t ifindex;
	bool *sent;
};

struct worker {
	struct workers *all;
	unsigned index;
	pthread_t thread;
	bool started;
	struct queue *queue;
	struct judge *judge;
	struct conntrack *conntrack;
	struct inject *inject;
	struct ifnames *iif_names, *oif_names;
	int wake_fd;
	_Atomic uint32_t seen_generation;
	atomic_bool stop, log_stats;
	/* The batch in hand. */
	int64_t now_us, wall_us;
	struct queue_packet packet[QUEUE_BATCH];
	bool *replaced[QUEUE_BATCH]; /* "sent" flags that the verdicts decide */
	unsigned replacements;
	struct follow_up follow[QUEUE_BATCH * CUT_PAYLOADS];
	unsigned follows;
	uint8_t kept[QUEUE_BATCH][RESET_TEXT_MAX + RESET_DIAG_LEN]; /* payloads of follow-ups */
};

struct workers {
	struct workers_settings settings;
	_Atomic(struct policy *) policy;
	struct limiter *limiter; /* one for all: rates count what all queues see */
	unsigned count;
	struct worker *worker;
};

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void put_stats(struct worker *w)
{
	struct event *e;
	const struct inject_counters *sent = inject_counters(w->inject);
	const struct queue_counters *queue = queue_counters(w->queue);
	uint16_t number = (uint16_t)(w->all->settings.queue_first + w->index);

	if (!log_reserve(w->all->settings.log, w->index, 1, &e))
		return;
	memset(e, 0, sizeof(*e));
	e->type = EVENT_STATS;
	e->time_us = clock_us(CLOCK_REALTIME);
	e->stats.judge = *judge_counters(w->judge);
	e->stats.queue = number;
	e->stats.evicted = judge_evicted(w->judge);
	e->stats.sent_resets = sent->sent_resets;
	e->stats.sent_icmp = sent->sent_icmp;
	e->stats.send_errors = sent->errors;
	e->stats.verdict_errors = queue->verdict_errors;
	e->stats.enobufs = queue->enobufs;
	e->stats.lost_events = log_lost(w->all->settings.log, w->index);
	queue_kernel_drops(number, &e->stats.queue_dropped, &e->stats.user_dropped);
	log_publish(w->all->settings.log, w->index);
}

/*
 * The tuple that a forged packet to the sender of @j's packet must carry, and the one to its
 * receiver: those of conntrack, where it knows the flow, so that NAT is applied to them and the
 * entry is closed; else what the packet itself shows.
 */
static void wire_tuples(struct worker *w, const struct judgement *j, const struct queue_packet *p,
			struct ip_tuple *to_sender, struct ip_tuple *to_receiver)
{
	const struct ip_tuple *view = &j->flow->tuple;
	bool from_initiator = j->side == SIDE_INITIATOR;
	bool opens = (j->packet.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	struct ct_tuples ct;
	bool known = p->ct != NULL ? conntrack_read(w->conntrack, p->ct, view->family, &ct)
				   : !opens && conntrack_lookup(w->conntrack, view, &ct);

	if (!known) {
		ct.original = *view;
		ct.reply = tuple_reverse(view);
	} else if (opens) {
		/* The entry goes with the SYN: no NAT will be applied. The source knows its peer by
		 * the address before DNAT, and we see the source as it was before SNAT. */
		ct.reply = tuple_reverse(&ct.original);
	}
	*to_sender = from_initiator ? ct.reply : ct.original;
	*to_receiver = from_initiator ? ct.original : ct.reply;
}

/* Resets to the receiver that go out behind the verdicts: what was let go before them stays before
 * them. The payloads are kept until then. */
static void follow_up(struct worker *w, const struct judgement *j, const struct queue_packet *p,
		      const struct ip_tuple *wire, unsigned from, bool *sent)
{
	uint8_t *kept = w->kept[p - w->packet];

	for (unsigned i = from; i < j->cut.payloads; i++) {
		struct bytes payload;

		if (!cut_payload(&j->cut, i, j->cut.receiver_room, &payload))
			continue;
		memcpy(kept, payload.at, payload.len);
		w->follow[w->follows++] = (struct follow_up){
			*wire, j->cut.receiver, { kept, payload.len }, p->oif, sent
		};
		kept += payload.len;
	}
}

/* The packet itself becomes the first reset to its receiver. Returns how many payloads are done with. */
static unsigned replace_packet(struct worker *w, const struct judgement *j,
			       const struct queue_packet *p, bool *sent)
{
	uint8_t bytes[RESET_BUFFER];
	struct bytes payload;
	unsigned i = 0;
	size_t len;

	while (!cut_payload(&j->cut, i, j->cut.receiver_room, &payload))
		i++; /* the last one, empty, fits anywhere */
	len = reset_build(&j->packet.tuple, j->cut.receiver, RESET_TTL, payload, bytes,
			  sizeof(bytes));
	queue_replace(w->queue, p->id, (struct bytes){ bytes, len });
	if (sent != NULL)
		w->replaced[w->replacements++] = sent;
	return i + 1;
}

/* Carry out a cut. @e is its event, or NULL when the flow was cut before. */
static void carry_out(struct worker *w, const struct judgement *j, const struct queue_packet *p,
		      struct event *e)
{
	const struct cut *c = &j->cut;
	struct ip_tuple to_sender, to_receiver;
	bool from_initiator = j->side == SIDE_INITIATOR, *sender_sent = NULL, *receiver_sent = NULL;
	bool in_place = c->to_receiver && !p->gso;
	unsigned replaced = 0;
	struct bytes payload;

	if (e != NULL) {
		sender_sent = from_initiator ? &e->block.sent_source : &e->block.sent_destination;
		receiver_sent = from_initiator ? &e->block.sent_destination : &e->block.sent_source;
	}
	if (c->reject && inject_unreachable(w->inject, &j->packet, c->code, p->iif) &&
	    sender_sent != NULL)
		*sender_sent = true;
	if (in_place)
		replaced = replace_packet(w, j, p, receiver_sent);
	else
		queue_drop(w->queue, p->id);
	if (!c->to_sender && !c->to_receiver)
		return;
	wire_tuples(w, j, p, &to_sender, &to_receiver);
	for (unsigned i = 0; c->to_sender && i < c->payloads; i++) {
		if (cut_payload(c, i, c->sender_room, &payload))
			inject_reset(w->inject, &to_sender, c->sender, payload, p->iif,
				     sender_sent);
	}
	if (c->to_receiver)
		follow_up(w, j, p, &to_receiver, replaced, in_place ? NULL : receiver_sent);
}

/* The tuple that a reset to the receiver of @j's reset must carry, as wire_tuples() has it for a cut. */
static struct ip_tuple wire_of_reset(struct worker *w, const struct judgement *j,
				     const struct queue_packet *p)
{
	const struct ip_tuple *seen = &j->packet.tuple;
	struct ip_tuple reverse = tuple_reverse(seen), sent;
	struct ct_tuples ct;
	bool known = p->ct != NULL ? conntrack_read(w->conntrack, p->ct, seen->family, &ct)
				   : conntrack_lookup(w->conntrack, &reverse, &ct) ||
					     conntrack_lookup(w->conntrack, seen, &ct);

	if (!known)
		return *seen;
	/* A RST that is the only answer to a SYN ends the entry at once (nf_conntrack_proto_tcp.c): no NAT
	 * is applied any more, and the source knows its peer as it was before DNAT. */
	if (j->reading.stage == STAGE_SYN)
		return tuple_reverse(&ct.original);
	sent = tuple_reverse(&ct.reply);
	return tuple_equal(&ct.original, seen) || tuple_equal(&sent, seen) ? ct.original : ct.reply;
}

/* A bare reset goes on with a text, and behind it again as it was: a receiver whose window has no room
 * for the text ignores the first (tcp_sequence() of Linux 6.17). */
static void annotate(struct worker *w, const struct judgement *j, const struct queue_packet *p)
{
	struct bytes text = { (const uint8_t *)j->annotation, j->annotation_len };
	uint8_t bytes[ANNOTATED_BUFFER];
	size_t len = reset_annotate(&j->packet, text, bytes, sizeof(bytes));

	if (len == 0) {
		queue_accept(w->queue, p->id);
		return;
	}
	queue_replace(w->queue, p->id, (struct bytes){ bytes, len });
	w->follow[w->follows++] = (struct follow_up){
		.wire = wire_of_reset(w, j, p),
		.numbers = { j->packet.seq, j->packet.ack, (j->packet.flags & TCP_ACK) == 0 },
		.payload = { w->kept[0], 0 },
		.ifindex = p->oif,
	};
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

static void handle_packet(struct worker *w, const struct policy *policy,
			  const struct queue_packet *p)
{
	struct judge_input in = {
		.ip = p->ip,
		.now_us = w->now_us,
		.wall_us = w->wall_us,
		.iif = ifnames_get(w->iif_names, p->iif, w->now_us),
		.oif = ifnames_get(w->oif_names, p->oif, w->now_us),
		.checksum_ready = p->checksum_ready && !p->gso,
		.direction = p->direction,
		.ct_known = p->ct_known,
		.ct_state = p->ct_state,
		.mark = p->mark & ~(w->all->settings.own_mark | w->all->settings.decided_mark),
	};
	struct judgement j;
	struct event *held;

	judge_packet(w->judge, policy, &in, &j);
	held = note_events(w, &j, policy, &in);
	if (j.has_cut)
		carry_out(w, &j, p, held);
	else if (j.verdict == VERDICT_DECIDED)
		queue_repeat(w->queue, p->id, p->mark | w->all->settings.decided_mark);
	else if (j.verdict == VERDICT_ANNOTATE)
		annotate(w, &j, p);
	else if (j.verdict == VERDICT_PASS)
		queue_accept(w->queue, p->id);
	else
		queue_drop(w->queue, p->id);
}

/* What was held back goes out: resets, verdicts, the resets behind those, events. */
static void finish_batch(struct worker *w)
{
	bool verdicts_sent;

	inject_flush(w->inject);
	verdicts_sent = queue_flush(w->queue) == 0;
	for (unsigned i = 0; i < w->replacements && verdicts_sent; i++)
		*w->replaced[i] = true;
	for (unsigned i = 0; i < w->follows; i++) {
		const struct follow_up *f = &w->follow[i];

		inject_reset(w->inject, &f->wire, f->numbers, f->payload, f->ifindex, f->sent);
	}
	inject_flush(w->inject);
	log_publish(w->all->settings.log, w->index);
	w->replacements = w->follows = 0;
}

static void handle_queue(struct worker *w, const struct policy *policy)
{
	int n = queue_receive(w->queue, w->packet);

	if (n < 0) {
		fprintf(stderr, "epitaph: cannot receive from queue %u: %s\n",
			w->all->settings.queue_first + w->index, strerror(-n));
		atomic_store(&w->stop, true);
		return;
	}
	for (int i = 0; i < n; i++)
		handle_packet(w, policy, &w->packet[i]);
	finish_batch(w);
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
		struct policy *policy = atomic_load(&w->all->policy);

		atomic_store(&w->seen_generation, policy->generation);
		if (ready > 0 && fds[1].revents != 0 && read(w->wake_fd, &count, sizeof(count)) < 0)
			continue;
		w->now_us = clock_us(CLOCK_MONOTONIC);
		w->wall_us = clock_us(CLOCK_REALTIME);
		if (ready > 0 && fds[0].revents != 0)
			handle_queue(w, policy);
		if (atomic_exchange(&w->log_stats, false))
			put_stats(w);
		if (w->now_us - ticked_us >= TICK_MS * 1000) {
			judge_expire(w->judge, w->now_us);
			ticked_us = w->now_us;
		}
	}
	put_stats(w);
	return NULL;
}

static void close_worker(struct worker *w)
{
	queue_close(w->queue);
	judge_free(w->judge);
	conntrack_close(w->conntrack);
	inject_close(w->inject);
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
	struct queue_settings queue = { (uint16_t)(s->queue_first + w->index), s->fail_open };
	struct flow_limits limits = judge_default_limits;
	int result;

	w->wake_fd = eventfd(0, EFD_CLOEXEC);
	limits.key = random_key();
	w->judge = judge_new(&limits, w->all->limiter);
	w->iif_names = ifnames_new();
	w->oif_names = ifnames_new();
	w->conntrack = conntrack_open();
	result = inject_open(s->own_mark, &w->inject);
	if (result != 0) {
		snprintf(error->text, sizeof(error->text), "cannot open raw sockets: %s%s",
			 strerror(-result),
			 result == -EPERM ? "; run as root or with CAP_NET_RAW" : "");
		return false;
	}
	if (w->judge == NULL || w->iif_names == NULL || w->oif_names == NULL ||
	    w->conntrack == NULL || w->wake_fd < 0) {
		snprintf(error->text, sizeof(error->text), "cannot prepare a worker: %s",
			 strerror(errno));
		return false;
	}
	w->queue = queue_open(&queue, error);
	return w->queue != NULL;
}

struct workers *workers_start(const struct workers_settings *settings, struct policy *policy,
			      struct queue_error *error)
{
	struct workers *all = calloc(1, sizeof(*all));
	unsigned count = settings->queue_last - settings->queue_first + 1u;

	if (all != NULL) {
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
	for (unsigned i = 0; i < count; i++) {
		struct worker *w = &all->worker[i];

		w->started = pthread_create(&w->thread, NULL, worker_thread, w) == 0;
		if (!w->started) {
			snprintf(error->text, sizeof(error->text), "cannot start a thread");
			workers_stop(all);
			return NULL;
		}
	}
	return all;
}

static void wake(struct worker *w)
{
	uint64_t one = 1;
	ssize_t written = write(w->wake_fd, &one, sizeof(one));

	(void)written; /* fails only when the counter is full: the worker is awake then */
}

struct policy *workers_swap(struct workers *w, struct policy *policy)
{
	uint32_t generation = policy->generation;
	struct policy *old = atomic_exchange(&w->policy, policy);

	for (unsigned i = 0; i < w->count; i++)
		wake(&w->worker[i]);
	for (unsigned i = 0; i < w->count; i++) {
		while (atomic_load(&w->worker[i].seen_generation) != generation &&
		       !atomic_load(&w->worker[i].stop))
			usleep(200);
	}
	return old;
}

bool workers_alive(const struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (atomic_load(&w->worker[i].stop))
			return false;
	}
	return true;
}

void workers_log_stats(struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		atomic_store(&w->worker[i].log_stats, true);
		wake(&w->worker[i]);
	}
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
	limiter_free(w->limiter);
	free(w->worker);
	free(w);
}
