/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules may match a flow, without trying all of them.
 *
 * Theory of operation. Rules are grouped by what they ask (their signature: "saddr and TCP dport", "SNI
 * alone"), so that within a group every rule asks the same dimensions. Every rule has a bit; the bits of a
 * group fill words of their own, in the order of the policy. For each dimension a map from values to
 * lists of rules is made when the policy is compiled: elementary intervals for addresses and ports, a
 * table of names for domains and interfaces. A list holds only its words that are not zero. One look-up
 * per dimension gives the rules that the value satisfies; in a group, the lists of its dimensions are
 * ANDed along the shortest of them. What is left, least index first, is asked as a whole by the same
 * code that a list of ten rules would be: the index may name a rule too many, never one too few.
 *
 * A dimension that is not known yet (a server name before the hello) does not filter. Negated matches
 * and those without a map (hours, rates, patterns, marks) do not either. A large set that rules share is
 * not copied into the map but asked itself, once for all of them.
 *
 * So the cost grows with the dimensions in use and with the logarithm of the number of distinct
 * values, not with the number of rules.
 */
#ifndef EPITAPH_POLICY_INDEX_H
#define EPITAPH_POLICY_INDEX_H

#include "policy/policy.h"

enum index_dimension {
	DIM_SADDR,
	DIM_DADDR,
	DIM_TCP_SPORT,
	DIM_TCP_DPORT,
	DIM_UDP_SPORT,
	DIM_UDP_DPORT,
	DIM_IIF,
	DIM_OIF,
	DIM_SNI,
	DIM_HOST,
	DIMENSIONS,
};

enum { INDEX_GROUPS = 64, INDEX_MERGED = 128 };

/* Up to 64 rules: those of word @word whose bit is set. */
struct index_block {
	uint64_t bits;
	uint32_t word;
};

struct index_list {
	const struct index_block *at;
	uint32_t count;
	bool all; /* does not filter */
};

struct index_group {
	uint32_t signature;  /* a bit per dimension */
	uint32_t first, end; /* words */
};

/* The candidates of one flow, in the order of the policy. */
struct index_walk {
	const struct policy_index *index;
	struct index_list list[DIMENSIONS];
	struct {
		uint64_t bits; /* candidates of @word that were not given yet */
		uint32_t word;
		uint32_t rule; /* the least of them; UINT32_MAX: none */
	} at[INDEX_GROUPS];
	struct index_block merged[INDEX_MERGED];
	uint32_t merged_used;
};

/* Index @count rules, which must stay where they are. NULL without memory. The caller owns it. */
struct policy_index *policy_index_new(const struct rule *rules, size_t count);
void policy_index_free(struct policy_index *x);

/* Start at rule @from. *w needs no initialisation. */
void index_walk_start(const struct policy_index *x, const struct facts *f, uint32_t from,
		      struct index_walk *w);

/* The next rule that may match, or UINT32_MAX. */
uint32_t index_walk_next(struct index_walk *w);

/* Octets that the index takes. */
size_t policy_index_size(const struct policy_index *x);

#endif
