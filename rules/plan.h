/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The diversion plan: which packets must reach user space for a policy, and the rules that do it.
 *
 * Theory of operation. A rule of the policy that may do more to a flow than let it go in silence becomes a
 * term: what of the rule the kernel can ask, its family, protocol, addresses, ports and interfaces. What the
 * kernel cannot ask (names, hours, rates, marks, states) is left out, so a term holds for a flow too many,
 * never for one too few; that flow is queued, and the engine lets it go. A rule that accepts in silence and
 * asks nothing else becomes a term that passes; any other is left out, as if it were not there. Terms stand in
 * the order of the policy, the first that holds says "queue" or "pass", behind them the policy's default.
 * Between two terms that pass, the order of those that queue does not matter: what asks the same columns is
 * put together there, into one set.
 *
 * Both backends render the same rules, in this order:
 *   1. resets are queued, when the log or a rule for resets wants them, and pass otherwise;
 *   2. a packet that comes back from the queue as "decided" leaves its mark on the connection;
 *   3. connections that were decided pass, in both directions: the way of most packets is short. The mark of
 *      one whose first packet this is does not count: it is that of the connection which made conntrack
 *      expect it (init_conntrack() in nf_conntrack_core.c);
 *   4. packets that we sent (their mark says so) pass, resets among them before 1.;
 *   5. connections whose packets were queued before, blocked ones for instance, are queued;
 *   6. ICMP errors pass;
 *   7. of others, the terms say whether they are queued. Those that are not are decided herewith.
 * They stand in the forward hook behind the filter table: what a firewall drops never gets here. With the
 * iptables backend, for kernels whose nftables cannot queue, they mark a packet where they would queue it
 * (pending; with untracked besides, a reset that passes while nobody listens), and a chain of xtables behind
 * them queues what is so marked.
 *
 * In front of conntrack in the output hook stands one more rule: what we send for a connection that conntrack does not know, such as the answer to a SYN that is dropped, or to later
 * packets of a connection that was cut, is not tracked. Otherwise it would be "invalid" there, which careful
 * routers drop.
 *
 * The guard, a chain behind ours in the forward hook, drops what was queued and comes out of the queue with
 * no verdict of ours: when another program took the queue, for instance. It stands where both "on
 * daemon-loss" and "on overload" are closed: where either is open, packets may come out unjudged; of those
 * the mark is taken off there.
 */
#ifndef EPITAPH_RULES_PLAN_H
#define EPITAPH_RULES_PLAN_H

#include "policy/policy.h"
#include "rules/plan_set.h"

#include <stdio.h>

/* Bits of packet marks and connection marks, from "mark mask". */
struct plan_marks {
	uint32_t decided;   /* packet and connection: needs no more judging */
	uint32_t own;	    /* packet: sent by us */
	uint32_t untracked; /* packet, besides own: not for conntrack */
	uint32_t pending;   /* packet: queued, no verdict yet; connection: its packets are queued */
};

enum {
	PLAN_ASKS = 6,
	PLAN_IFACES = 4,
	PLAN_NAMES = 3,
};

/* What an ask compares a set's columns with. */
enum plan_field { PLAN_SADDR, PLAN_DADDR, PLAN_SPORT, PLAN_DPORT };

struct plan_ask {
	bool negate;
	enum plan_field field[PLAN_COLUMNS]; /* as many as the set has columns */
	struct plan_set *set;		     /* the plan's */
};

struct plan_iface {
	bool out, negate;
	const struct set *set; /* the policy's */
};

struct plan_term {
	bool pass;	       /* else queue */
	uint8_t family, proto; /* 0: any */
	unsigned asks, ifaces;
	struct plan_ask ask[PLAN_ASKS];
	struct plan_iface iface[PLAN_IFACES];
	const char *name[PLAN_NAMES]; /* of the rules that it comes from, the first ones */
	size_t rules;
	unsigned segment; /* counts the changes between "pass" and "queue" before it */
	bool covered;	  /* another one queues all that it does */
};

/* Protocols of one family that some term queues: for packets whose direction is not known. */
struct plan_family {
	bool all, tcp, udp;
};

enum plan_resets { PLAN_RESETS_NONE, PLAN_RESETS_PAYLOAD, PLAN_RESETS_ALL };

struct plan {
	struct plan_marks marks;
	struct plan_term *term;
	size_t terms, terms_room;
	struct plan_set **set;
	size_t sets, sets_room;
	bool default_queue; /* what no term holds for */
	bool asks_ifaces;
	bool of_two; /* policies: no term passes, as the other may queue */
	struct plan_family v4, v6;
	enum plan_resets resets;
	bool resets_bypass; /* while nobody listens resets pass */
	bool bypass;	    /* while nobody listens packets pass; else they are dropped */
	bool guard;
	bool by_iptables; /* which backend it is rendered for */
	uint16_t queue_first, queue_last;
};

/* The bits of a mask of four, least first. */
struct plan_marks plan_marks_of(uint32_t mask);

/* Derive the plan of @p, for @backend (not auto); with @beside, unless that is NULL, of what either of them needs to see,
 * @p being in force. They must outlive it. NULL without memory. The caller owns it. */
struct plan *plan_new(const struct policy *p, const struct policy *beside, enum backend backend);
void plan_free(struct plan *plan);

/* The term that holds for a flow from its first packet on, or NULL: then plan->default_queue says. Interfaces
 * are "" when not known. */
const struct plan_term *plan_find(const struct plan *plan, const struct ip_tuple *t,
				  const char *iif, const char *oif);

/* The rules that @term comes from, as text. */
void plan_term_names(const struct plan_term *term, char *out, size_t size);

/* --- for the backends --- */

/* Put terms together that ask alike (plan_merge.c). False without memory. */
bool plan_merge(struct plan *plan);
/* Take over @s, which is freed when there is no memory for it. */
bool plan_own_set(struct plan *plan, struct plan_set *s);

/* Write a whole ruleset for nft(8) that replaces ours, in one transaction, sets included. */
void plan_render_nft(const struct plan *plan, FILE *out);
/* The same but for sets that are named: they are there. Those called @drop (NULL: the end) are removed. */
void plan_render_nft_rules(const struct plan *plan, const char *const *drop, FILE *out);
/* Write a set's declaration, and elements @from up to @to of it, for nft(8). */
void plan_render_nft_set(const struct plan_set *s, size_t from, size_t to, FILE *out);

/* Write what nft(8) needs to remove ours, whether it is there or not. */
void plan_render_nft_unload(FILE *out);

/*
 * Write the input of iptables-nft-restore --noflush, the same for ip6tables. @deletions are the lines that take
 * jumps to our chain out, which stand in the FORWARD chain now; @own_table says whether the table exists only
 * because of us.
 */
void plan_render_iptables(const struct plan *plan, const char *deletions, bool own_table,
			  FILE *out);
void plan_render_iptables_unload(const char *deletions, bool marker, FILE *out);

/* Names that are ours. */
#define PLAN_NFT_TABLE "inet epitaph"
#define PLAN_IPT_TABLE "security"
#define PLAN_IPT_CHAIN "epitaph"
#define PLAN_IPT_DECIDED "epitaph-decided"
/* An empty chain that says: the table was not there before us, and goes with us. */
#define PLAN_IPT_MARKER "epitaph-made-this-table"

#endif
