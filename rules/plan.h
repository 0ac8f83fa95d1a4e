/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The diversion plan: which packets must reach user space for a policy, and the rules that do it.
 *
 * Every backend renders the same rules, in this order:
 *   1. packets that we sent (their mark says so) pass;
 *   2. a packet that comes back from the queue as "decided" leaves its mark on the connection;
 *   3. resets are queued, when the log or a rule for resets wants them;
 *   4. connections that were decided pass, in both directions;
 *   5. what a rule could block is queued.
 * They stand in the forward hook behind the filter table: what a firewall drops never gets here.
 *
 * One more rule stands in front of conntrack in the output hook, for both backends in nftables: what we send
 * for a connection that conntrack does not know, such as the answer to a SYN that is dropped, or to later
 * packets of a connection that was cut, is not tracked. Otherwise it would be "invalid" there, which careful
 * routers drop.
 */
#ifndef EPITAPH_RULES_PLAN_H
#define EPITAPH_RULES_PLAN_H

#include "policy/policy.h"

#include <stdio.h>

enum {
	PLAN_MARK_OWN = 0x20000000,	  /* packet mark: sent by us */
	PLAN_MARK_DECIDED = 0x10000000,	  /* packet and connection mark: needs no more judging */
	PLAN_MARK_UNTRACKED = 0x40000000, /* besides OWN: not for conntrack */
};

/* Protocols of one family that some rule could block. */
struct plan_family {
	bool all, tcp, udp;
};

struct plan {
	struct plan_family v4, v6;
	bool resets; /* passing resets become events, or are judged */
	bool bypass; /* while nobody listens packets pass; else they are dropped */
	uint16_t queue_first, queue_last;
};

/* Derive the plan of @p. */
void plan_of(const struct policy *p, struct plan *out);

/* Write a whole ruleset for nft(8) that replaces ours, in one transaction. */
void plan_render_nft(const struct plan *plan, FILE *out);

/* Write what nft(8) needs of it beside the iptables backend, in place of anything that is ours there. */
void plan_render_nft_output(FILE *out);

/* Write what nft(8) needs to remove ours, whether it is there or not. */
void plan_render_nft_unload(FILE *out);

/*
 * Write the input of iptables-nft-restore --noflush for @family (4 or 6). @jumps is how many jumps to our
 * chain stand in the FORWARD chain now, @own_table whether the table exists only because of us.
 */
void plan_render_iptables(const struct plan *plan, int family, unsigned jumps, bool own_table,
			  FILE *out);
void plan_render_iptables_unload(unsigned jumps, bool marker, FILE *out);

/* Names that are ours. */
#define PLAN_NFT_TABLE "inet epitaph"
#define PLAN_IPT_TABLE "security"
#define PLAN_IPT_CHAIN "epitaph"
#define PLAN_IPT_DECIDED "epitaph-decided"
/* An empty chain that says: the table was not there before us, and goes with us. */
#define PLAN_IPT_MARKER "epitaph-made-this-table"

#endif
