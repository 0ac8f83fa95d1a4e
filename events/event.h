/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event as a value: it owns all it says, so that it outlives packet, flow and policy. */
#ifndef EPITAPH_EVENTS_EVENT_H
#define EPITAPH_EVENTS_EVENT_H

#include "policy/judge.h"

enum { EVENT_IFNAME = 16, EVENT_MESSAGE = 160 };

enum event_type {
	EVENT_BLOCK,  /* a flow was decided; with action "accept" when the rule says "log" */
	EVENT_LOG,    /* a "log" rule was passed */
	EVENT_RESET,  /* a reset passed through */
	EVENT_POLICY, /* a policy was put in force or refused */
	EVENT_STATS,
	EVENT_TYPES,
};

struct event_block {
	char id[EVENT_ID_LEN + 1];
	char rule[NAME_LEN + 1];
	char reason[NAME_LEN + 1]; /* "" when the rule has none */
	char text[TEXT_MAX + 1];
	char host[L7_NAME_MAX + 1];
	enum rule_action action;
	uint16_t code;
	bool sent_source, sent_destination;
	enum reset_refusal refusal;
};

struct event_reset {
	bool known; /* the flow is: from_initiator, ttl_delta mean something */
	bool from_initiator, has_ttl_delta;
	int ttl_delta; /* against the sender's packet before */
	uint8_t ttl, flags;
	uint16_t window;
	uint32_t seq, ack, payload_len;
	struct reset_reading reading;
};

struct event_policy {
	bool in_force;
	uint32_t generation;
	size_t rules, sets;
	char message[EVENT_MESSAGE];
};

struct event_stats {
	struct judge_counters judge;
	uint16_t queue;
	uint64_t evicted, sent_resets, sent_icmp, send_errors, verdict_errors, enobufs, lost_events;
	uint64_t queue_dropped, user_dropped;
};

struct event {
	enum event_type type;
	int64_t time_us; /* since the epoch, UTC */
	bool has_flow;
	uint64_t flow_id;
	struct ip_tuple tuple; /* block, log: original direction; reset: the reset's own */
	char iif[EVENT_IFNAME], oif[EVENT_IFNAME];
	union {
		struct event_block block;
		struct event_reset reset;
		struct event_policy policy;
		struct event_stats stats;
	};
};

/* What one packet can have to say. */
enum { EVENTS_PER_PACKET = DECISION_LOGS + 1 };

/* How many events a judgement makes under @p's log settings. */
unsigned events_count(const struct judgement *j, const struct policy *p);

/*
 * Fill the events_count() events of a judgement. One of them with type EVENT_BLOCK comes last and
 * says that nothing was sent: who sends sets that.
 */
void events_fill(const struct judgement *j, const struct policy *p, const struct judge_input *in,
		 int64_t time_us, struct event *const out[EVENTS_PER_PACKET]);

/* The same into an array; returns how many there are. */
unsigned events_list(const struct judgement *j, const struct policy *p,
		     const struct judge_input *in, int64_t time_us,
		     struct event out[EVENTS_PER_PACKET]);

const char *event_type_name(enum event_type t);

#endif
