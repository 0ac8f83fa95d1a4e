/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A judge under a policy, and packets to feed it: what its tests share. */
#ifndef EPITAPH_TESTS_JUDGING_H
#define EPITAPH_TESTS_JUDGING_H

#include "tests/unit/hello.h"
#include "tests/unit/segment.h"

#include "policy/judge.h"

static struct diags diags;
static struct policy *policy;
static struct judge *judge;
static struct judgement j;
static int64_t now, wall;
static uint16_t port; /* of the client; each handshake is a flow of its own */

static inline void put_policy(const char *text, uint32_t generation)
{
	struct source s = { .name = "test.conf", .text = text_bytes(text) };

	diags_clear(&diags);
	policy = policy_parse(&s, NULL, &diags);
	if (policy == NULL)
		diags_print(&diags, stderr);
	assert_non_null(policy);
	policy->generation = generation;
}

static inline void begin(const char *text)
{
	struct flow_limits limits = judge_default_limits;

	limits.flows = 1024;
	limits.streams = 4;
	put_policy(text, 1);
	judge = judge_new(&limits, NULL);
	now = 1000000;
	port = 40000;
}

static inline void finish(void)
{
	judge_free(judge);
	policy_free(policy);
	diags_clear(&diags);
}

static inline void feed_raw(struct bytes ip)
{
	struct judge_input in = { .ip = ip, .now_us = now, .wall_us = wall, .iif = "lan0", .oif = "wan0",
				  .checksum_ready = true };

	now += 1000;
	judge_packet(judge, policy, &in, &j);
}

static inline void feed(struct segment s)
{
	if (s.sport == 0)
		s.sport = port;
	if (s.dport == 0)
		s.dport = 443;
	feed_raw(segment_build(s));
}

/* SYN, SYN|ACK, ACK: client's first octet is 1001, server's 5001. */
static inline void handshake(void)
{
	port++;
	feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_PASS);
	feed((struct segment){ .reply = true, .seq = 5000, .ack = 1001, .flags = TCP_SYN | TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_PASS);
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_PASS);
}

static inline void data(uint32_t offset, struct bytes payload)
{
	feed((struct segment){ .seq = 1001 + offset, .ack = 5001, .flags = TCP_ACK | TCP_PSH,
			       .payload = payload });
}

#endif
