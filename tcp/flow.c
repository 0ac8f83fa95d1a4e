/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/flow.h"

#include "tcp/hash.h"

#include <assert.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct flow_list {
	uint32_t oldest, newest, count;
};

enum { ECHO_MIN = 4, ECHO_ENOUGH = 8 /* octets that are alike: fewer are by chance */ };

struct piece {
	uint8_t octet[FLOW_PIECE];
};

struct flow_table {
	struct flow_limits limits;
	struct flow *flows;
	struct piece
		*pieces;   /* of each flow: first and latest of the initiator, of the responder */
	uint32_t *buckets; /* first flow of each chain, or NONE */
	uint32_t bucket_mask;
	uint32_t free; /* first of the unused flows, linked by chain */
	struct flow_list list[FLOW_STATES];
	struct stream *streams;
	uint32_t *free_streams;
	uint32_t free_stream_count;
	uint64_t evicted;
};

static uint64_t mix_end(uint64_t h, const struct ip_addr *a, uint16_t port)
{
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	return hash_mix(hash_mix(h ^ w[0], w[1]), h + port);
}

/* The same for both directions: the lower end always goes first. */
static uint64_t tuple_hash(const struct ip_tuple *t, uint64_t key)
{
	int order = addr_compare(&t->src, &t->dst);
	bool swap = order > 0 || (order == 0 && t->sport > t->dport);
	uint64_t h = hash_mix(key, (uint64_t)t->proto << 8 | t->family);

	h = mix_end(h, swap ? &t->dst : &t->src, swap ? t->dport : t->sport);
	return mix_end(h, swap ? &t->src : &t->dst, swap ? t->sport : t->dport);
}

static uint32_t index_of(const struct flow_table *t, const struct flow *f)
{
	return (uint32_t)(f - t->flows);
}

struct flow_table *flow_table_new(const struct flow_limits *limits)
{
	struct flow_table *t = calloc(1, sizeof(*t));
	uint32_t buckets = 16;

	if (t == NULL)
		return NULL;
	assert(limits->flows > 0 && limits->flows < NONE / 2);
	while (buckets < limits->flows)
		buckets *= 2;
	t->limits = *limits;
	t->bucket_mask = buckets - 1;
	t->flows = calloc(limits->flows, sizeof(*t->flows));
	t->pieces = calloc(limits->flows, 4 * sizeof(*t->pieces));
	t->buckets = malloc(buckets * sizeof(*t->buckets));
	t->streams = calloc(limits->streams ? limits->streams : 1, sizeof(*t->streams));
	t->free_streams = calloc(limits->streams ? limits->streams : 1, sizeof(*t->free_streams));
	if (!t->flows || !t->pieces || !t->buckets || !t->streams || !t->free_streams) {
		flow_table_free(t);
		return NULL;
	}
	memset(t->buckets, 0xff, buckets * sizeof(*t->buckets));
	for (uint32_t i = 0; i < limits->flows; i++)
		t->flows[i].chain = i + 1 < limits->flows ? i + 1 : NONE;
	for (uint32_t i = 0; i < limits->streams; i++)
		t->free_streams[i] = i;
	t->free_stream_count = limits->streams;
	for (int s = 0; s < FLOW_STATES; s++)
		t->list[s] = (struct flow_list){ NONE, NONE, 0 };
	return t;
}

void flow_table_free(struct flow_table *t)
{
	if (t == NULL)
		return;
	free(t->flows);
	free(t->pieces);
	free(t->buckets);
	free(t->streams);
	free(t->free_streams);
	free(t);
}

static void list_append(struct flow_table *t, struct flow *f)
{
	struct flow_list *l = &t->list[f->state];

	f->older = l->newest;
	f->newer = NONE;
	if (l->newest != NONE)
		t->flows[l->newest].newer = index_of(t, f);
	else
		l->oldest = index_of(t, f);
	l->newest = index_of(t, f);
	l->count++;
}

static void list_remove(struct flow_table *t, struct flow *f)
{
	struct flow_list *l = &t->list[f->state];

	if (f->older != NONE)
		t->flows[f->older].newer = f->newer;
	else
		l->oldest = f->newer;
	if (f->newer != NONE)
		t->flows[f->newer].older = f->older;
	else
		l->newest = f->older;
	l->count--;
}

static void release_stream(struct flow_table *t, struct flow *f)
{
	for (int side = 0; side < 2; side++) {
		if (f->stream[side] == NULL)
			continue;
		t->free_streams[t->free_stream_count++] = (uint32_t)(f->stream[side] - t->streams);
		f->stream[side] = NULL;
	}
}

static void forget(struct flow_table *t, struct flow *f)
{
	uint32_t *link = &t->buckets[f->hash & t->bucket_mask];

	while (*link != index_of(t, f))
		link = &t->flows[*link].chain;
	*link = f->chain;
	list_remove(t, f);
	release_stream(t, f);
	f->chain = t->free;
	t->free = index_of(t, f);
}

struct flow *flow_find(struct flow_table *t, const struct ip_tuple *tuple,
		       enum flow_side_name *side)
{
	uint32_t hash = (uint32_t)tuple_hash(tuple, t->limits.key);
	struct ip_tuple reverse = tuple_reverse(tuple);

	for (uint32_t i = t->buckets[hash & t->bucket_mask]; i != NONE; i = t->flows[i].chain) {
		struct flow *f = &t->flows[i];

		if (f->hash != hash)
			continue;
		if (tuple_equal(&f->tuple, tuple)) {
			*side = SIDE_INITIATOR;
			return f;
		}
		if (tuple_equal(&f->tuple, &reverse)) {
			*side = SIDE_RESPONDER;
			return f;
		}
	}
	return NULL;
}

static void make_room(struct flow_table *t)
{
	for (int s = 0; s < FLOW_STATES; s++) {
		if (t->list[s].oldest == NONE)
			continue;
		forget(t, &t->flows[t->list[s].oldest]);
		t->evicted++;
		return;
	}
}

static void open_flow(struct flow_table *t, struct flow *f, const struct ip_tuple *tuple,
		      int64_t now_us)
{
	struct flow fresh = {
		.tuple = *tuple,
		.id = flow_id_of(tuple, now_us),
		.last_us = now_us,
		.state = FLOW_UNDECIDED,
		.hash = f->hash,
		.chain = f->chain,
	};

	*f = fresh;
	list_append(t, f);
}

struct flow *flow_add(struct flow_table *t, const struct ip_tuple *tuple, int64_t now_us)
{
	struct flow *f;
	uint32_t *bucket;

	if (t->free == NONE)
		make_room(t);
	f = &t->flows[t->free];
	t->free = f->chain;
	f->hash = (uint32_t)tuple_hash(tuple, t->limits.key);
	bucket = &t->buckets[f->hash & t->bucket_mask];
	f->chain = *bucket;
	*bucket = index_of(t, f);
	open_flow(t, f, tuple, now_us);
	return f;
}

void flow_set(struct flow_table *t, struct flow *f, enum flow_state state, int64_t now_us)
{
	list_remove(t, f);
	f->state = state;
	f->last_us = now_us;
	list_append(t, f);
	if (state != FLOW_UNDECIDED)
		release_stream(t, f);
}

void flow_restart(struct flow_table *t, struct flow *f, const struct ip_tuple *tuple,
		  int64_t now_us)
{
	list_remove(t, f);
	release_stream(t, f);
	open_flow(t, f, tuple, now_us);
}

void flow_reopen(struct flow_table *t, struct flow *f, int64_t now_us)
{
	struct flow known = *f;
	struct ip_tuple tuple = f->tuple;

	flow_restart(t, f, &tuple, now_us);
	f->mark = known.mark;
	f->ct_state = known.ct_state;
	for (int s = 0; s < 2; s++) {
		f->side[s].scales = known.side[s].scales;
		f->side[s].wscale = known.side[s].wscale;
		memcpy(f->side[s].hw, known.side[s].hw, HW_LEN);
	}
}

struct stream *flow_stream(struct flow_table *t, struct flow *f, enum flow_side_name side)
{
	if (f->stream[side] == NULL && t->free_stream_count > 0) {
		f->stream[side] = &t->streams[t->free_streams[--t->free_stream_count]];
		stream_reset(f->stream[side]);
	}
	return f->stream[side];
}

static struct piece *piece_of(const struct flow_table *t, const struct flow *f, unsigned side,
			      bool latest)
{
	return &t->pieces[4 * (size_t)index_of(t, f) + 2 * (size_t)side + latest];
}

void flow_keep(struct flow_table *t, struct flow *f, enum flow_side_name side, struct bytes data)
{
	struct flow_side *s = &f->side[side];
	uint8_t len = (uint8_t)(data.len < FLOW_PIECE ? data.len : FLOW_PIECE);

	if (len == 0)
		return;
	if (s->first_len == 0) {
		s->first_len = len;
		memcpy(piece_of(t, f, side, false)->octet, data.at, len);
		return;
	}
	s->latest_len = len;
	memcpy(piece_of(t, f, side, true)->octet, data.at, len);
}

/* Whether the octets of @p, from some place in it on, are those that @data begins with. */
static bool is_within(const struct piece *p, size_t len, struct bytes data)
{
	size_t enough = data.len < ECHO_ENOUGH ? data.len : ECHO_ENOUGH;

	for (size_t at = 0; at + enough <= len; at++) {
		size_t n = data.len < len - at ? data.len : len - at;

		if (memcmp(p->octet + at, data.at, n) == 0)
			return true;
	}
	return false;
}

bool flow_echoes(const struct flow_table *t, const struct flow *f, struct bytes data)
{
	if (data.len < ECHO_MIN)
		return false;
	for (unsigned side = 0; side < 2; side++) {
		if (is_within(piece_of(t, f, side, false), f->side[side].first_len, data) ||
		    is_within(piece_of(t, f, side, true), f->side[side].latest_len, data))
			return true;
	}
	return false;
}

unsigned flow_expire(struct flow_table *t, int64_t now_us, unsigned budget)
{
	unsigned done = 0;

	for (int s = 0; s < FLOW_STATES; s++) {
		while (done < budget && t->list[s].oldest != NONE) {
			struct flow *f = &t->flows[t->list[s].oldest];

			if (now_us - f->last_us < t->limits.timeout_us[s])
				break;
			forget(t, f);
			done++;
		}
	}
	return done;
}

uint64_t flow_id_of(const struct ip_tuple *tuple, int64_t now_us)
{
	return hash_mix(tuple_hash(tuple, 0), (uint64_t)now_us) >> 11;
}

uint32_t flow_count(const struct flow_table *t, enum flow_state state)
{
	return t->list[state].count;
}

uint64_t flow_evicted(const struct flow_table *t)
{
	return t->evicted;
}
