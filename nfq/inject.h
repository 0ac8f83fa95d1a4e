/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending what we forged: raw sockets, marked so that our own rules let it pass. */
#ifndef EPITAPH_NFQ_INJECT_H
#define EPITAPH_NFQ_INJECT_H

#include "events/event.h"

enum { INJECT_BATCH = 256 };

/* Where a packet leaves: routed, @port being the interface of a link-local destination; or, for what a
 * bridge forwarded, by the bridge's port, with these Ethernet addresses. */
struct inject_path {
	uint32_t port;
	bool untracked; /* past conntrack: it carries what its receiver sees already */
	bool bridged;
	uint8_t to[HW_LEN];
	uint8_t from[HW_LEN]; /* zeros: the port's own */
};

struct inject;

/* Open the raw sockets, with @mark on all they send, or @untracked_mark on what conntrack shall not see;
 * what is sent is counted in @counters, which stay the caller's. Returns 0 or -errno. */
int inject_open(uint32_t mark, uint32_t untracked_mark, struct answer_counters *counters,
		struct inject **out);
void inject_close(struct inject *i);

/*
 * Add a reset to the batch: built from the arguments as reset_build() does. *@sent, when given, becomes
 * true once the kernel has taken it, and must live until inject_flush(). A full batch is flushed first.
 */
void inject_reset(struct inject *i, const struct ip_tuple *wire, struct reset_numbers n,
		  struct bytes payload, const struct inject_path *path, bool *sent);

/* Count a reset that was sent with this payload. */
void inject_count(struct answer_counters *c, struct bytes payload);

/* Send the batch, one sendmmsg() for each kind of socket. */
void inject_flush(struct inject *i);

/* Send an ICMP unreachable error that quotes @p to its source, from an address that the kernel
 * chooses; over a bridge, which may have none, from @p's destination. True when it was sent. */
bool inject_unreachable(struct inject *i, const struct packet *p, enum unreachable code,
			const struct inject_path *path);

#endif
