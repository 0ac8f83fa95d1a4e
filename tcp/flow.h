/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows of one worker: who opened them, what was decided, how far each side's sequence numbers got.
 *
 * Theory of operation. All memory is taken when the table is made: flows in one array, streams (the
 * first bytes of an initiator, held while a flow is undecided) in another. A flow is found through
 * hash buckets over the ordered pair of ends, so both directions find the same one. Each state has a
 * list from the longest unused to the latest used; expiry and eviction take from its head. When the
 * array is full, the oldest accepted flow makes room, then the oldest undecided, then the oldest
 * blocked one: an accepted flow that is forgotten is judged again, a forgotten blocked one would
 * live. Time is passed in, in microseconds, and never read.
 */
#ifndef EPITAPH_TCP_FLOW_H
#define EPITAPH_TCP_FLOW_H

#include "tcp/addr.h"
#include "tcp/bytes.h"
#include "tcp/stream.h"

enum flow_state {
	FLOW_ACCEPTED,
	FLOW_UNDECIDED,
	FLOW_BLOCKED,
	FLOW_STATES,
};

enum { HW_LEN = 6 }; /* of an Ethernet address */

enum flow_side_name {
	SIDE_INITIATOR,
	SIDE_RESPONDER,
};

/* The latest reset in the name of one end. */
struct flow_reset {
	uint8_t count; /* of those that came within a second of each other; 0: none */
	uint8_t acks;  /* a bit for each of the first 8 of them: RST|ACK */
	bool told;     /* that its sender went on */
	uint8_t flags, ttl;
	uint8_t claim; /* what its payload said that it is, an enum reset_kind; 0: nothing */
	uint16_t window;
	uint32_t seq, ack;
	int64_t us;
};

/* What one end has sent, as seen here. */
struct flow_side {
	uint32_t isn;	  /* sequence number of its SYN */
	uint32_t next;	  /* highest SEG.SEQ + SEG.LEN */
	uint32_t ack;	  /* its latest acknowledgment number */
	uint32_t fin_seq; /* of its FIN, when fin */
	uint32_t edge;	  /* right edge of its receive window, as far as it was told */
	bool syn, data, fin, acked, seen, edge_known;
	bool scales;	    /* its SYN had a window scale option (RFC 7323 2.2) */
	uint8_t wscale;	    /* of it, 0 to 14 */
	uint8_t ttl;	    /* of its latest packet; 0 before any */
	uint8_t hw[HW_LEN]; /* Ethernet address of its latest bridged packet; zeros before any */
	/* For telling whether a reset in its name is its own: */
	bool ttl_varies, timestamps; /* of its packets; its latest segment had TSopt (RFC 7323 3) */
	uint16_t ip_id;		     /* of its latest packet */
	uint8_t segments;	     /* with data; no more than 255 are counted */
	uint8_t first_len, latest_len; /* octets kept of its first and latest segment with data */
	bool cut; /* we sent resets in its name, the latest with one of these SEQ: */
	uint32_t cut_seq, cut_behind;
	struct flow_reset reset;
};

struct flow {
	struct ip_tuple tuple; /* src is the initiator */
	uint64_t id;	       /* for events; fits in 53 bits */
	int64_t last_us;
	struct flow_side side[2];
	uint32_t generation; /* of the policy that decided */
	uint16_t rule;	     /* index of the rule that decided, in that generation */
	uint16_t passed;     /* rules below this index are done with, while it is undecided */
	uint16_t looks;	     /* how often what the ends say was looked at */
	uint32_t mark;	     /* of its first packet */
	uint8_t ct_state;    /* at its first packet; the policy's numbers */
	enum flow_state state;
	enum flow_side_name latest; /* who sent the latest packet that was no reset, at: */
	int64_t seen_us, quiet_us;  /* and for how long there was none before it */
	bool judged;		    /* by what is known so far; more may come */
	bool base_known[2];	    /* stream offset 0 of this side is at this sequence number: */
	uint32_t base[2];
	struct stream *stream[2];	    /* NULL until one segment was not enough */
	uint32_t hash, chain, older, newer; /* the table's own */
};

struct flow_limits {
	uint32_t flows;	  /* how many the table holds */
	uint32_t streams; /* how many of them can hold bytes at a time */
	uint64_t key;	  /* secret of the hash */
	int64_t timeout_us[FLOW_STATES];
};

struct flow_table;

/* A table with room for limits->flows flows; NULL when there is no memory. The caller owns it. */
struct flow_table *flow_table_new(const struct flow_limits *limits);
void flow_table_free(struct flow_table *t);

/* The flow with these ends in either direction, or NULL. *side is who sent @tuple's packet. */
struct flow *flow_find(struct flow_table *t, const struct ip_tuple *tuple,
		       enum flow_side_name *side);

/* A new undecided flow opened by tuple->src; never NULL, the oldest makes room. */
struct flow *flow_add(struct flow_table *t, const struct ip_tuple *tuple, int64_t now_us);

/* Mark as used at @now_us, in @state; gives back the stream when the flow is decided. */
void flow_set(struct flow_table *t, struct flow *f, enum flow_state state, int64_t now_us);

/* Start anew: a SYN opened the same tuple again, from tuple->src. */
void flow_restart(struct flow_table *t, struct flow *f, const struct ip_tuple *tuple,
		  int64_t now_us);

/* Undecided again, with nothing known but its ends and their window scales: it was not seen for a while. */
void flow_reopen(struct flow_table *t, struct flow *f, int64_t now_us);

/* The stream of one side, taken from the pool at first use; NULL when the pool is empty. */
struct stream *flow_stream(struct flow_table *t, struct flow *f, enum flow_side_name side);

/* Octets of a segment that are kept, from its first on. */
enum { FLOW_PIECE = 48 };

/* Keep the head of @data, which this side sent in a segment: the first one for good, and the latest. */
void flow_keep(struct flow_table *t, struct flow *f, enum flow_side_name side, struct bytes data);

/* Whether @data begins with octets that one of the ends was seen to send at the head of a segment. */
bool flow_echoes(const struct flow_table *t, const struct flow *f, struct bytes data);

/* Forget flows that were unused for their state's timeout, at most @budget of them. */
unsigned flow_expire(struct flow_table *t, int64_t now_us, unsigned budget);

/* An id for events, which fits in 53 bits: from the ends and the time alone. */
uint64_t flow_id_of(const struct ip_tuple *tuple, int64_t now_us);

/* How many flows are in @state. */
uint32_t flow_count(const struct flow_table *t, enum flow_state state);

/* How many flows were forgotten to make room. */
uint64_t flow_evicted(const struct flow_table *t);

#endif
