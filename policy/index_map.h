/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the index: maps from a dimension's values to lists of rules, and how they are made. */
#ifndef EPITAPH_POLICY_INDEX_MAP_H
#define EPITAPH_POLICY_INDEX_MAP_H

#include "policy/index.h"
#include "policy/names.h"

/* Where a list's blocks are in the pool: maps hold it itself, to save a way to memory. */
struct list_span {
	uint32_t from, count;
};

/* Lists of blocks, each kept once. */
struct list_pool {
	struct index_block *block;
	size_t blocks, blocks_room;
	struct list_span *list;
	size_t lists, lists_room;
	uint32_t *slot; /* by content: list + 1, or 0 */
	size_t mask;
};

/* Elementary intervals: list[i] holds from low[i] up to low[i + 1]. */
struct interval_map {
	size_t count;
	uint32_t *low32;     /* IPv4 and ports */
	addr_number *low128; /* IPv6 */
	struct list_span *list;
	/* Of low32: the first interval that starts in or behind each of INTERVAL_BLOCKS equal parts of
	 * what they span. */
	uint32_t *start;
	unsigned shift; /* from a value's distance to low32[0] to its part */
};

enum { INTERVAL_BLOCKS = 4096 };

/* An interval of values that satisfy the rule at @position. */
struct interval_use {
	addr_number low, high;
	uint32_t position;
};

struct use_list {
	struct interval_use *at;
	size_t count, room;
};

bool use_add(struct use_list *l, addr_number low, addr_number high, uint32_t position);

/* The list for the rules of @bits, words 0 to @words. False without memory. */
bool list_intern(struct list_pool *p, const uint64_t *bits, uint32_t words, struct list_span *out);

/* Make a map of @uses, for values of 32 bits when @narrow, else of 128. False without memory. */
bool interval_map_make(struct interval_map *m, const struct use_list *uses, bool narrow,
		       uint32_t words, struct list_pool *pool);
struct list_span interval_map_find32(const struct interval_map *m, uint32_t value);
struct list_span interval_map_find128(const struct interval_map *m, addr_number value);
void interval_map_free(struct interval_map *m);

/* A set that is asked itself. */
struct big_set {
	const struct set *set;
	struct list_span list;
};

/* A pattern of interface names that ends with '*', without it. */
struct wildcard {
	char prefix[16];
	struct list_span list;
};

struct dimension {
	bool used;
	struct interval_map v4, v6;		  /* v4: ports as well */
	struct domain_set names;		  /* each with all below it, to find the longest */
	struct list_span *list_here, *list_below; /* by an entry's place in the pool, over 4 */
	struct names exact;			  /* interfaces: place in exact_list by name */
	struct list_span *exact_list;
	struct wildcard *wildcard;
	size_t wildcards;
	struct big_set *big;
	size_t bigs;
};

struct policy_index {
	struct dimension dimension[DIMENSIONS];
	struct list_pool pool;
	struct index_group group[INDEX_GROUPS];
	unsigned groups;
	uint32_t words;
	uint32_t *rule_at; /* by position: the rule's index */
	uint32_t rules;
};

/* An entry takes at least four octets, so its place over four is its own. */
static inline size_t domain_key(const struct domain_set *s, const char *entry)
{
	return (size_t)(entry - s->pool) / 4;
}

#endif
