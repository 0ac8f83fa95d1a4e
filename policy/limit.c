/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/limit.h"

#include "tcp/hash.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { WAYS = 8, V6_NETWORK = 8 /* octets of a /64 */ };

static const char *const key_names[] = { "rule", "saddr", "daddr" };
static_assert(sizeof(key_names) / sizeof(key_names[0]) == LIMIT_KEYS, "every key has a name");

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "second", 1000000000LL },
	{ "minute", 60 * 1000000000LL },
	{ "hour", 3600 * 1000000000LL },
	{ "day", 86400 * 1000000000LL },
};
static_assert(sizeof(units) / sizeof(units[0]) == LIMIT_UNITS, "every unit has a name");

struct bucket {
	_Atomic uint64_t owner;	 /* the hash of who it belongs to */
	_Atomic int64_t full_ns; /* when it will be full again */
};

struct limiter {
	uint64_t key;
	uint32_t row_mask;
	struct bucket *bucket; /* rows of WAYS */
};

const char *limit_key_name(enum limit_key k)
{
	return key_names[k];
}

const char *limit_unit_name(enum limit_unit u)
{
	return units[u].name;
}

struct limiter *limiter_new(uint32_t buckets, uint64_t key)
{
	struct limiter *l = calloc(1, sizeof(*l));
	uint32_t rows = 1;

	while (rows * WAYS < buckets)
		rows *= 2;
	if (l == NULL)
		return NULL;
	l->key = key;
	l->row_mask = rows - 1;
	l->bucket = calloc((size_t)rows * WAYS, sizeof(*l->bucket));
	if (l->bucket == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void limiter_free(struct limiter *l)
{
	if (l != NULL)
		free(l->bucket);
	free(l);
}

static uint64_t owner_of(const struct limiter *l, const struct limit *limit,
			 const struct ip_tuple *t)
{
	const struct ip_addr *a = limit->per == LIMIT_SADDR ? &t->src : &t->dst;
	size_t from = addr_is_v4(a) ? 12 : 0, to = addr_is_v4(a) ? 16 : V6_NETWORK;
	uint64_t h = hash_mix(l->key, limit->id), address = addr_is_v4(a);

	if (limit->per != LIMIT_RULE) {
		for (size_t i = from; i < to; i++)
			address = address << 8 | a->b[i];
		h = hash_mix(h, address);
	}
	return h | 1; /* 0 is nobody */
}

/* The slot of @owner, taken over from whose bucket is full, or fullest, when it has none. */
static struct bucket *find_bucket(struct limiter *l, uint64_t owner)
{
	struct bucket *row = &l->bucket[(owner >> 32 & l->row_mask) * WAYS], *best = row;
	int64_t earliest = INT64_MAX;
	uint64_t was;

	for (int i = 0; i < WAYS; i++) {
		int64_t full = atomic_load_explicit(&row[i].full_ns, memory_order_relaxed);

		if (atomic_load_explicit(&row[i].owner, memory_order_relaxed) == owner)
			return &row[i];
		if (full < earliest) {
			earliest = full;
			best = &row[i];
		}
	}
	was = atomic_load_explicit(&best->owner, memory_order_relaxed);
	if (atomic_compare_exchange_strong(&best->owner, &was, owner))
		atomic_store_explicit(&best->full_ns, 0, memory_order_relaxed);
	return best;
}

bool limiter_take(struct limiter *l, const struct limit *limit, const struct ip_tuple *t,
		  uint32_t tokens, int64_t now_us)
{
	struct bucket *b = find_bucket(l, owner_of(l, limit, t));
	int64_t interval = units[limit->unit].ns / limit->rate, now = now_us * 1000;
	int64_t full = atomic_load_explicit(&b->full_ns, memory_order_relaxed), next;

	do {
		next = (full > now ? full : now) + interval * tokens;
		if (next - now > interval * limit->burst)
			return false;
	} while (!atomic_compare_exchange_weak(&b->full_ns, &full, next));
	return true;
}
