/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the judge: its state, and what its parts give to each other. */
#ifndef EPITAPH_POLICY_JUDGE_PARTS_H
#define EPITAPH_POLICY_JUDGE_PARTS_H

#include "policy/judge.h"

struct judge {
	struct flow_table *flows;
	struct limiter *limiter, *own_limiter;
	struct pattern_scratch *scratch;
	int64_t minute; /* for which these schedules hold, in this generation */
	uint32_t minute_generation;
	uint64_t schedules;
	struct judge_counters counters;
};

/* What a look at an undecided flow has to go by. */
struct look {
	struct l7 l7;
	struct facts facts;
	bool news;  /* more is known than at the last look */
	bool spent; /* no more can ever become known */
};

/* Take in what the packet brings of the side that sent it. What decides the flow at once is never
 * copied: keep_first() keeps what did not. */
void judge_gather(struct judge *j, const struct policy *p, struct flow *f,
		  const struct judge_input *in, const struct judgement *out, struct look *look);
/* True when @side has sent its FIN, and all octets before it that rules ask for are in @seen, the first
 * octets of both sides; or as many as are inspected. */
bool judge_has_ended(const struct policy *p, const struct flow *f, enum flow_side_name side,
		     const struct bytes seen[2]);
void judge_keep_first(struct judge *j, struct flow *f, const struct judgement *out,
		      struct look *look);

/* All but the payloads, which stay as they are. */
void judge_fill_facts(struct judge *j, const struct policy *p, const struct flow *f,
		      enum flow_side_name side, const struct judge_input *in, const struct l7 *l7,
		      struct facts *out);

/* Expand @text in the name of @r, for the flow of @tuple. @f is NULL when it was cut before. Returns
 * the length. */
size_t judge_expand(const struct text *text, const struct rule *r, const struct facts *f,
		    const struct ip_tuple *tuple, const struct judge_input *in,
		    const struct judgement *out, char to[TEXT_MAX + 1]);

/* Answer a packet of a blocked flow: which end gets what. @r is NULL after a reload. */
void judge_cut(struct judge *j, const struct policy *p, const struct rule *r, const struct facts *f,
	       const struct judge_input *in, bool first, struct judgement *out);

#endif
