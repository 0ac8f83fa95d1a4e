/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two tuples of a connection as conntrack has them, with NAT applied. */
#ifndef EPITAPH_NFQ_CONNTRACK_H
#define EPITAPH_NFQ_CONNTRACK_H

#include "tcp/addr.h"

#include <libmnl/libmnl.h>

struct conntrack;
struct nf_conntrack;

struct ct_tuples {
	struct ip_tuple original, reply;
};

/* NULL without memory or without the right to ask. */
struct conntrack *conntrack_open(void);
void conntrack_close(struct conntrack *c);

/* Read the NFQA_CT attribute of a queued packet. False when it holds no tuples. */
bool conntrack_read(struct conntrack *c, const struct nlattr *ct, uint8_t family,
		    struct ct_tuples *out);

/*
 * Ask the kernel over ctnetlink. @view is the flow's original direction as seen in the forward
 * hook: with SNAT it is the original tuple, with DNAT its reverse is the reply tuple, with both it is
 * neither. False when
 * there is no such entry; one that is not confirmed yet (a SYN in the forward hook) is none.
 */
bool conntrack_lookup(struct conntrack *c, const struct ip_tuple *view, struct ct_tuples *out);

/*
 * Move the TCP entry of @view to CLOSE, where it stays for 10 s, unless it is there already. Packets of it
 * still pass all hooks. True when that was needed and done.
 */
bool conntrack_end(struct conntrack *c, const struct ip_tuple *view);

/* Whether a flow, by its original direction in the forward hook, is meant. */
typedef bool conntrack_wanted(const void *arg, const struct ip_tuple *view);

/* Clear @bits of the mark of every entry that has any; *cleared gets their number. 0 or -errno. */
int conntrack_clear_mark(uint32_t bits, conntrack_wanted *wanted, const void *arg, size_t *cleared);

/* The entry that a message of ctnetlink tells of, valid until the next call; NULL when it tells of none. */
const struct nf_conntrack *conntrack_parse(struct conntrack *c, const struct nlmsghdr *nlh);

/* conntrack_end() for an entry that was received from ctnetlink, in any state; false when the kernel refuses. */
bool conntrack_set_closed(struct conntrack *c, const struct nf_conntrack *entry);

#endif
