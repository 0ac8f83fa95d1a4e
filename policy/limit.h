/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rates per rule, source or destination, in bounded memory, for any number of threads.
 *
 * Theory of operation. A token bucket is one number, the time at which it will be full again (the
 * theoretical arrival time of ITU-T I.371's generic cell rate algorithm): taking a token moves it by
 * one interval; a bucket whose time lies more than a burst ahead is empty. Buckets live in a table
 * of rows of WAYS slots, found by a keyed hash of the rule's name and the address (IPv6: its /64, which one
 * host can fill with addresses). A bucket whose time has passed is full, as a new one is, and may be
 * forgotten at no loss: a new bucket takes the slot whose time is the earliest. Only when a row is full
 * of buckets in use is one forgotten too early, and its owner gets at most a burst more. Slots are
 * atomics, without locks: in a race for one a token may be counted for the neighbour.
 */
#ifndef EPITAPH_POLICY_LIMIT_H
#define EPITAPH_POLICY_LIMIT_H

#include "tcp/addr.h"

enum limit_key { LIMIT_RULE, LIMIT_SADDR, LIMIT_DADDR, LIMIT_KEYS };
enum limit_unit { UNIT_SECOND, UNIT_MINUTE, UNIT_HOUR, UNIT_DAY, LIMIT_UNITS };

enum {
	LIMIT_BURST = 5, /* nftables' own default */
	LIMIT_RATE_MAX = 1000000,
	LIMITER_BUCKETS = 65536,
};

struct limit {
	bool over; /* matches what exceeds the rate, not what is within */
	uint32_t rate;
	enum limit_unit unit;
	uint32_t burst;
	enum limit_key per;
	uint64_t id; /* hash of the rule's name: a bucket survives a reload */
};

struct limiter;

/* A table of at least @buckets buckets; @key is a secret. NULL without memory. */
struct limiter *limiter_new(uint32_t buckets, uint64_t key);
void limiter_free(struct limiter *l);

/* Take @tokens for the flow @t at @now_us; false, and none is taken, when there are less. */
bool limiter_take(struct limiter *l, const struct limit *limit, const struct ip_tuple *t,
		  uint32_t tokens, int64_t now_us);

const char *limit_key_name(enum limit_key k);
const char *limit_unit_name(enum limit_unit u);

#endif
