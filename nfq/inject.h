/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending what we forged: raw sockets, marked so that our own rules let it pass. */
#ifndef EPITAPH_NFQ_INJECT_H
#define EPITAPH_NFQ_INJECT_H

#include "policy/judge.h"

enum { INJECT_BATCH = 256 };

struct inject;

struct inject_counters {
	uint64_t sent_resets, sent_icmp, errors;
};

/* Open the raw sockets, with @mark on all they send. Returns 0 or -errno. */
int inject_open(uint32_t mark, struct inject **out);
void inject_close(struct inject *i);

/*
 * Add a reset to the batch: built from the arguments as reset_build() does. @ifindex scopes a
 * link-local destination. *@sent, when given, becomes true once the kernel has taken it, and must
 * live until inject_flush(). A full batch is flushed first.
 */
void inject_reset(struct inject *i, const struct ip_tuple *wire, struct reset_numbers n,
		  struct bytes payload, uint32_t ifindex, bool *sent);

/* Send the batch, one sendmmsg() per family. */
void inject_flush(struct inject *i);

/* Send an ICMP unreachable error that quotes @p to its source, from an address that the kernel
 * chooses. True when it was sent. */
bool inject_unreachable(struct inject *i, const struct packet *p, enum unreachable code,
			uint32_t ifindex);

const struct inject_counters *inject_counters(const struct inject *i);

#endif
