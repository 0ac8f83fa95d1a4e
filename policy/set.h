/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets that a match asks: of addresses, ports, domain names, and what else an operand can list. */
#ifndef EPITAPH_POLICY_SET_H
#define EPITAPH_POLICY_SET_H

#include "policy/diag.h"
#include "policy/domain_set.h"
#include "policy/prefix_set.h"

/* The first three have names of their own in a policy: "set NAME { type addr; ... }". */
enum set_type {
	SET_ADDR,
	SET_PORT,
	SET_DOMAIN,
	SET_IFNAME, /* a trailing '*' matches any rest */
	SET_TEXT,   /* the same, of any text */
	SET_MARK,   /* packet marks: VALUE or VALUE/MASK */
	SET_CODE,   /* of a reset's diagnostic record: numbers, ranges, registry names */
	SET_CT_STATE,
	SET_STAGE,
	SET_TYPES,
};

enum { SET_TYPES_NAMED = SET_DOMAIN + 1, ENTRY_LEN = 2 * ADDR_STRLEN };

/* How conntrack saw a flow when we first did. */
enum ct_state { CT_NEW, CT_ESTABLISHED, CT_RELATED, CT_INVALID, CT_UNTRACKED, CT_STATES };

struct span {
	uint32_t low, high; /* both included */
};

struct mark {
	uint32_t value, mask;
};

struct set {
	enum set_type type;
	char *name; /* NULL for one written in place */
	struct place place;
	bool used;
	size_t count, room; /* elements; SET_ADDR and SET_DOMAIN count their own */
	union {
		struct prefix_set addr;
		struct domain_set domain;
		struct span *span; /* SET_PORT, SET_CODE: sorted and apart once sealed */
		struct mark *mark;
		char **text;
		uint32_t bits; /* SET_CT_STATE, SET_STAGE: one bit for each */
	};
};

const char *set_type_name(enum set_type t);
/* The type with a name of its own called @name, or -1. */
int set_type_by_name(const char *name);

/*
 * Add the element that @text spells. Returns NULL, or why it is none, as a message that follows the
 * quoted element. @family, 4 or 6, refuses addresses of the other one; 0 takes both.
 */
const char *set_add(struct set *s, const char *text, uint8_t family);

/* Sort, merge, index: call once, before the first question. Returns 0 or -ENOMEM. */
int set_seal(struct set *s);
void set_free(struct set *s);

/* How many elements there are: once sealed, what overlaps is one. */
size_t set_count(const struct set *s);

/* A number for what the set holds: the same elements have the same one. */
uint64_t set_digest(const struct set *s);

bool set_has_addr(const struct set *s, const struct ip_addr *a);
/* SET_PORT and SET_CODE. */
bool set_has_number(const struct set *s, uint32_t n);
/* @name is lower case without a trailing dot. */
bool set_has_domain(const struct set *s, const char *name, size_t len);
/* SET_IFNAME and SET_TEXT. */
bool set_has_text(const struct set *s, const char *text, size_t len);
bool set_has_mark(const struct set *s, uint32_t mark);
/* SET_CT_STATE and SET_STAGE. */
bool set_has_choice(const struct set *s, unsigned choice);

/* The elements as a policy spells them, joined with ", "; a line of its own for every few of them
 * when there are many, each starting with @indent. */
void set_print(const struct set *s, const char *indent, FILE *out);

/* The number range that holds @n, as text; false without one. */
bool set_find_number(const struct set *s, uint32_t n, char out[ENTRY_LEN]);

const char *ct_state_name(enum ct_state s);

#endif
