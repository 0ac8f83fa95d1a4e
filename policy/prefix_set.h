/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of addresses, made of prefixes and ranges that may overlap.
 *
 * Theory of operation. IPv4 and IPv6 are kept apart, each as an array of intervals that sealing
 * sorts and merges until they are disjoint and do not touch. A question is a binary search for the
 * last interval that starts at or below the address. From INDEX_FROM intervals on, a table over the
 * first 16 bits of the address says between which two positions that interval must lie: a list of
 * IPv4 prefixes is spread over those bits, so a few steps of the search are left instead of
 * seventeen. A list costs 8 octets an interval for IPv4 and 32 for IPv6, and 256 KiB for a table.
 */
#ifndef EPITAPH_POLICY_PREFIX_SET_H
#define EPITAPH_POLICY_PREFIX_SET_H

#include "tcp/addr.h"

#include <stddef.h>

/* An IPv6 address as a number. */
typedef unsigned __int128 addr_number;

struct range4 {
	uint32_t low, high; /* both included */
};

struct range6 {
	addr_number low, high;
};

struct prefix_set {
	struct range4 *v4;
	struct range6 *v6;
	size_t v4_count, v4_room, v6_count, v6_room;
	/* Position of the first interval that starts in or behind a 16-bit block; NULL for short lists. */
	uint32_t *v4_index, *v6_index;
};

/*
 * Add what @text spells: an address, prefix or range; it is written to. @family, 4 or 6, refuses the
 * other one; 0 takes both. Returns NULL, or why it is none.
 */
const char *prefix_set_add(struct prefix_set *s, char *text, uint8_t family);

/* Sort, merge and index: once, before the first question. Returns 0 or -ENOMEM. */
int prefix_set_seal(struct prefix_set *s);
void prefix_set_free(struct prefix_set *s);

bool prefix_set_has(const struct prefix_set *s, const struct ip_addr *a);

/* The interval that holds @a, as text: a prefix if it is one, else a range. False without one. */
bool prefix_set_find(const struct prefix_set *s, const struct ip_addr *a,
		     char out[2 * ADDR_STRLEN]);

/* The i-th interval, IPv4 first, as text; false past the end. */
bool prefix_set_entry(const struct prefix_set *s, size_t i, char out[2 * ADDR_STRLEN]);

/* Some address of a set that has one. */
void prefix_set_first(const struct prefix_set *s, struct ip_addr *out);

/* True when every address of @b is one of @a; both are sealed. */
bool prefix_set_within(const struct prefix_set *a, const struct prefix_set *b);

/* The range as text, "a", "a/n" or "a-b"; addresses of @width bits, 32 or 128. */
void addr_range_format(addr_number low, addr_number high, int width, char out[2 * ADDR_STRLEN]);

addr_number addr_to_number(const struct ip_addr *a);
/* The four octets of an IPv4 address as a number. */
uint32_t addr_to_v4(const struct ip_addr *a);

#endif
