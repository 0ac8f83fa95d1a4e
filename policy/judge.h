/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One packet in, one judgement out: the engine that the daemon, replay, unit tests and fuzzers run.
 *
 * Theory of operation. The packet is parsed and its flow found or opened. A reset is read and passed
 * on. A packet of a blocked flow is cut again, one of an accepted flow passes. While a flow is
 * undecided, the initiator's first octets are gathered until every L7 field that a rule asks for is
 * known, or until they never will be; then "on undecided" decides. The judgement says what to do
 * with the packet, which resets to send to whom with which numbers, and what there is to log; it
 * does none of it. Time comes in with the packet.
 */
#ifndef EPITAPH_POLICY_JUDGE_H
#define EPITAPH_POLICY_JUDGE_H

#include "policy/decide.h"
#include "tcp/flow.h"
#include "tcp/packet.h"
#include "tcp/reset.h"
#include "tcp/reset_read.h"

enum verdict {
	VERDICT_PASS,	 /* let it go on, and show us the next one */
	VERDICT_DECIDED, /* let it go on; the flow needs no more judging */
	VERDICT_DROP,
	VERDICT_ANNOTATE, /* a reset: let it go on with judgement.annotation as its payload */
};

enum direction {
	DIRECTION_UNKNOWN,
	DIRECTION_ORIGINAL,
	DIRECTION_REPLY,
};

struct judge_input {
	struct bytes ip;
	int64_t now_us;	       /* by a clock that never steps */
	int64_t wall_us;       /* since the epoch, UTC: for schedules and dates */
	const char *iif, *oif; /* of this packet; "" when not known */
	bool ifaces_of_flow;   /* iif and oif are those of the original direction instead */
	bool checksum_ready;   /* false: the kernel has not filled it in yet, do not look at it */
	enum direction direction; /* by conntrack, when it is known */
	bool ct_known;		  /* ct_state is conntrack's; else the packet tells */
	enum ct_state ct_state;
	uint32_t mark;	   /* of the packet, without our own bits */
	const uint8_t *hw; /* HW_LEN octets: who sent it over a bridge; NULL when not known */
	bool sees_all; /* no packet of a TCP flow is missing: what resets look like is judged by it */
};

/* A reset's payloads, in the order they are sent: with payload first, empty last. */
enum { CUT_PAYLOADS = 3 };

struct cut {
	bool first;		     /* the packet that got the flow cut, not a later one of it */
	bool to_sender, to_receiver; /* resets to send, after what may be answered at all */
	bool reject;		     /* ICMP unreachable to the sender instead: */
	enum unreachable code;
	bool suppressed;	    /* nothing is sent: the reply limit is reached */
	bool companion;		    /* the empty one goes even behind one with a payload */
	enum reset_refusal refusal; /* why no reset is sent although the rule says so */
	struct reset_numbers sender, receiver;
	bool receiver_has_it; /* perhaps: what the packet brings; an empty reset goes behind it, too */
	struct reset_numbers receiver_behind;
	uint16_t sender_room, receiver_room; /* octets of payload that their windows take */
	unsigned payloads;
	struct bytes payload[CUT_PAYLOADS]; /* point into text and diag below */
	size_t text_len;
	char text[TEXT_MAX + 1];
	uint8_t diag[RESET_DIAG_LEN];
};

struct judgement {
	enum verdict verdict;
	enum packet_error error; /* not PACKET_OK: nothing below is set */
	struct packet packet;
	const struct flow *flow;  /* NULL when none is known; valid until the next call */
	enum flow_side_name side; /* who sent the packet */
	bool is_reset;		  /* reading is set */
	bool went_on;		  /* what flow->side[side].reset says was not its sender's */
	bool has_block;		  /* a flow was decided by rule, which says so in an event */
	bool settled;		  /* its flow was decided by this packet */
	bool has_cut;		  /* cut is set; verdict is VERDICT_DROP */
	bool reset_logged;	  /* a rule wants this reset in the log */
	const struct rule *rule;  /* of a reset: of "resets forward", or NULL */
	uint16_t code;		  /* of the rule's reason */
	struct decision decision;
	char event_id[EVENT_ID_LEN + 1];
	char host[L7_NAME_MAX + 1]; /* server name or host, "" when not known */
	struct cut cut;
	struct reset_reading reading;
	size_t annotation_len;
	char annotation[TEXT_MAX + 1];
};

struct judge_counters {
	uint64_t packets, malformed, flows, blocked, answered, resets_seen, resets_with_payload;
	uint64_t resets_invalid_diag, resets_dropped, resets_annotated, undecided;
	uint64_t would_block, suppressed, regex_limited;
	uint64_t resets_ours, resets_seq_zero, resets_kind[RESET_KINDS];
};

struct judge;

/* The usual limits of a judge. */
extern const struct flow_limits judge_default_limits;

/* NULL without memory. The caller owns it. @limiter, which rates are counted in, may be shared with
 * other judges and stays the caller's; NULL: the judge has its own. */
struct judge *judge_new(const struct flow_limits *limits, struct limiter *limiter);
void judge_free(struct judge *j);

/*
 * The @i-th payload of @c as it goes to an end whose window has @room: a text is shortened to what fits, a
 * record, or a text of which next to nothing would be left, is left out (false). The empty one goes behind
 * them, without c->companion only when nothing else does. Linux ignores a reset whose payload exceeds the
 * window while data is unread (tcp_sequence(), 6.17).
 */
bool cut_payload(const struct cut *c, unsigned i, uint16_t room, struct bytes *out);

/* Judge one packet under @p. *out needs no initialisation and points into @in->ip. */
void judge_packet(struct judge *j, const struct policy *p, const struct judge_input *in,
		  struct judgement *out);

/* Forget what timed out; call now and then. */
void judge_expire(struct judge *j, int64_t now_us);

const struct judge_counters *judge_counters(const struct judge *j);
uint64_t judge_evicted(const struct judge *j);

#endif
