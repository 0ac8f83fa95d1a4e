/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets as the kernel keeps them: of addresses or ports, or of several of them side by side.
 *
 * Theory of operation. An element is a box: a range in each column. The kernel wants elements apart from
 * each other (intervals for one column in nft_set_rbtree.c, boxes for more in nft_set_pipapo.c), so what
 * rules list is cut up before: along the first column into the shortest pieces that no box's end divides,
 * and in each piece what the boxes there have in the other columns, in the same way. Neighbours in which
 * the same boxes stand are one piece again.
 */
#ifndef EPITAPH_RULES_PLAN_SET_H
#define EPITAPH_RULES_PLAN_SET_H

#include "policy/policy.h"

enum {
	PLAN_COLUMNS = 4,
	PLAN_SET_NAME = 48,
};

enum plan_column { PLAN_ADDR4, PLAN_ADDR6, PLAN_PORT };

struct plan_range {
	addr_number low, high; /* both included; addresses of IPv4 as 32 bits */
};

struct plan_set {
	char name
		[PLAN_SET_NAME]; /* the same elements have the same one; "": short, stands in place */
	bool used;		 /* by a term: the kernel is to have it */
	const struct set *source; /* of the policy, when it is just one; else NULL */
	unsigned columns;
	enum plan_column column[PLAN_COLUMNS];
	size_t count, room;	  /* elements */
	struct plan_range *range; /* @columns of them for each element */
};

/* NULL without memory. The caller owns it. */
struct plan_set *plan_set_new(unsigned columns, const enum plan_column *column);
void plan_set_free(struct plan_set *s);

/* Add an element, @s->columns ranges. False without memory. */
bool plan_set_add(struct plan_set *s, const struct plan_range *box);

/* What @source holds of addresses of @family (4 or 6), or of ports (0). NULL without memory. */
struct plan_set *plan_set_of(const struct set *source, uint8_t family);

/*
 * Take what is in @s apart, so that no two elements overlap. False without memory, or when that makes
 * more than @max elements; then @s is spoilt.
 */
bool plan_set_part(struct plan_set *s, size_t max);

/* Give a set of more than a few elements its name, which starts with @label. */
void plan_set_call(struct plan_set *s, const char *label);

/* True when these values, one for each column, are in the set. */
bool plan_set_has(const struct plan_set *s, const addr_number value[PLAN_COLUMNS]);

#endif
