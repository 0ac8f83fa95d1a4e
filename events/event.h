/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event as a value: it owns all it says, so that it outlives packet, flow and policy. */
#ifndef EPITAPH_EVENTS_EVENT_H
#define EPITAPH_EVENTS_EVENT_H

#include "policy/judge.h"

enum {
	EVENT_IFNAME = 16,
	EVENT_MESSAGE = 160,
	EVENT_HASH = 64,
	EXCEPTION_ID = 6,
	EXCEPTION_WHY = 120,
	EVENT_SNAP = 1024,
	EVENT_COMMENT = 400
};

enum event_type {
	EVENT_BLOCK,  /* a flow was decided, or would have been; also by "accept" with "log" */
	EVENT_LOG,    /* a "log" rule was passed */
	EVENT_RESET,  /* a reset passed through */
	EVENT_CANARY, /* a policy beside the one in force would treat a flow otherwise */
	EVENT_POLICY, /* a policy was put in force or refused */
	EVENT_STATS,
	EVENT_EXCEPTION, /* a rule is left out for some sources, or no longer */
	EVENT_PACKET,	 /* for the capture file alone */
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
	uint32_t pen; /* of the code; 0: IANA's */
	bool sent_source, sent_destination;
	bool would;	 /* the rule is in shadow: nothing was done */
	bool suppressed; /* the reply limit held the resets back */
	bool text_cut;	 /* an end's window has no room for all of the text; what it takes: */
	uint16_t text_source, text_destination;
	enum reset_refusal refusal;
	uint32_t count; /* of events that this one stands for, from the first to the last: */
	int64_t first_us, last_us;
};

struct event_reset {
	bool known;   /* the flow is: from_initiator, ttl_delta mean something */
	bool went_on; /* told again: now it is known that its sender did not send it */
	bool from_initiator, has_ttl_delta;
	int ttl_delta; /* against the sender's packet before */
	uint8_t ttl, flags;
	uint16_t window;
	uint32_t seq, ack, payload_len;
	struct reset_reading reading;
	char rule[NAME_LEN + 1]; /* of "resets forward"; "" when none holds */
	enum rule_action action;
	char annotation[TEXT_MAX + 1];
};

/* What is done with a flow, and what the policy beside the one in force would do. */
struct event_canary {
	char id[EVENT_ID_LEN + 1];
	char rule[NAME_LEN + 1], rule_beside[NAME_LEN + 1];
	enum rule_action action, action_beside;
	char host[L7_NAME_MAX + 1];
};

enum policy_result { POLICY_REFUSED, POLICY_IN_FORCE, POLICY_CANARY, POLICY_RETURNED };

struct event_policy {
	enum policy_result result;
	uint32_t generation;
	size_t rules, sets, entries;	/* elements of all sets */
	size_t added, removed, changed; /* rules, against the policy before */
	char hash[EVENT_HASH + 1];	/* SHA-256 of all its files; "" when it was not read */
	char message[EVENT_MESSAGE];
};

enum exception_change { EXCEPTION_ADDED, EXCEPTION_ENDED, EXCEPTION_EXPIRED };

/* A rule that does not hold for some sources, for a while. */
struct event_exception {
	enum exception_change change;
	char id[EXCEPTION_ID + 1];
	char rule[NAME_LEN + 1];
	char source[2 * ADDR_STRLEN]; /* an address, prefix or range */
	int64_t until_us;	      /* since the epoch, UTC */
	uint32_t uid;		      /* who asked for it */
	char why[EXCEPTION_WHY + 1];
};

/* A reset, or the packet that a rule with "pcap" fired for. */
struct event_packet {
	uint32_t len, full_len;
	char comment[EVENT_COMMENT]; /* why it was kept */
	uint8_t octets[EVENT_SNAP];
};

/* Where events are lost: between a worker and the log, or by one of the sinks. */
enum event_loss {
	LOST_IN_RING,
	LOST_BY_FILE,
	LOST_BY_SYSLOG,
	LOST_BY_JOURNALD,
	LOST_BY_SOCKET,
	LOST_BY_PCAP,
	EVENT_LOSSES
};

/* What a worker sent; resets are all, texts and diags those with a payload. */
struct answer_counters {
	uint64_t resets, texts, diags, icmp, errors;
	uint64_t closed; /* conntrack entries that resets had not closed */
};

struct event_stats {
	struct judge_counters judge;
	struct answer_counters sent;
	uint16_t queue;
	uint64_t evicted, verdict_errors, enobufs;
	uint64_t lost[EVENT_LOSSES]; /* events */
	uint64_t queue_dropped, user_dropped;
};

struct event {
	enum event_type type;
	int64_t time_us; /* since the epoch, UTC */
	uint64_t frame;	 /* of a capture file, counted from 1; 0: it came from none */
	bool has_flow;
	uint64_t flow_id;
	struct ip_tuple tuple; /* block, log: original direction; reset: the reset's own */
	char iif[EVENT_IFNAME], oif[EVENT_IFNAME];
	union {
		struct event_block block;
		struct event_reset reset;
		struct event_canary canary;
		struct event_policy policy;
		struct event_stats stats;
		struct event_exception exception;
		struct event_packet packet;
	};
};

/* What one packet can have to say. */
enum { EVENTS_PER_PACKET = DECISION_LOGS + 3 };

/* How many events a judgement makes under @p's log settings. */
unsigned events_count(const struct judgement *j, const struct policy *p);

/*
 * Fill the events_count() events of a judgement. That of j->has_block comes last and says that nothing
 * was sent: who sends sets that.
 */
void events_fill(const struct judgement *j, const struct policy *p, const struct judge_input *in,
		 int64_t time_us, struct event *const out[EVENTS_PER_PACKET]);

/* The same into an array; returns how many there are. */
unsigned events_list(const struct judgement *j, const struct policy *p,
		     const struct judge_input *in, int64_t time_us,
		     struct event out[EVENTS_PER_PACKET]);

/* Fill @e: @j is what the policy beside would do, by j->rule, and @in_force the rule that decided. */
void event_fill_canary(struct event *e, const struct judgement *j, const struct rule *in_force,
		       const struct judge_input *in);

/* "2026-11-25T10:00:00.000000", UTC, into @out, which is returned. */
enum { EVENT_TIME_TEXT = 48 };
char *event_time_text(int64_t time_us, char out[EVENT_TIME_TEXT]);

const char *event_type_name(enum event_type t);
const char *policy_result_name(enum policy_result r);
const char *exception_change_name(enum exception_change c);
const char *event_loss_name(enum event_loss l);

#endif
