/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of domain names, each alone or with everything below it.
 *
 * Theory of operation. Names stand one behind the other in a pool. An open-addressed table, at most half
 * full, has one octet of each name's hash, its tag, in one array and the name's place in another. The
 * hash runs from a name's end to its start, so one pass over the name that is asked gives the hashes of
 * all its parents as well ("www.a.example", "a.example", "example"). The tags of a million names are two
 * mebibytes, which a processor's cache holds: what is not in the set is mostly known from there. Only when
 * a tag agrees is the name compared, octet by octet. The hash has no secret: the names in the table come
 * from the policy, and who asks cannot add to it. A million names of 20 octets take some 33 octets each: 23
 * in the pool, 10 in the table.
 */
#ifndef EPITAPH_POLICY_DOMAIN_SET_H
#define EPITAPH_POLICY_DOMAIN_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOMAIN_MAX = 253 };

struct domain_set {
	char *pool; /* entries: one octet of flags, one of length, the name, NUL */
	size_t used, room;
	uint8_t *tag;	/* by slot; 0: empty */
	uint32_t *slot; /* where the entry is in the pool */
	size_t mask, count;
};

/*
 * A name as a ClientHello carries it: U-labels become A-labels, letters small, no dot at the end. False
 * when it is no name.
 */
bool domain_to_ascii(const char *name, char out[DOMAIN_MAX + 1]);

/*
 * Add the name that @text spells, with a leading dot for all below it too; it is written to. U-labels
 * become A-labels (IDNA 2008 with UTS 46 mapping). Returns NULL, or why it is none.
 */
const char *domain_set_add(struct domain_set *s, char *text);

/* Give back what growing took too much; no name is added any more. */
void domain_set_seal(struct domain_set *s);
void domain_set_free(struct domain_set *s);

/* @name is lower case without a trailing dot. Returns the entry that holds it, or NULL. */
const char *domain_set_find(const struct domain_set *s, const char *name, size_t len);

/* The first entry when @entry is NULL, else the next one; NULL past the end. */
const char *domain_set_next(const struct domain_set *s, const char *entry);

/* Of an entry: its name without a leading dot, and whether all below it is meant too. */
const char *domain_entry_name(const char *entry);
bool domain_entry_below(const char *entry);
uint32_t domain_entry_hash(const char *entry);

/* Octets that the set takes. */
size_t domain_set_size(const struct domain_set *s);

#endif
