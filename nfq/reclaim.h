/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Freeing the ports of translated connections that both ends have closed: "reclaim time-wait".
 *
 * Theory of operation. Conntrack keeps a connection that was closed in order for two minutes in TIME_WAIT,
 * and the port that source NAT gave it as long. A gateway with few addresses so runs out of ports for a
 * destination that it opens many short connections to. A thread listens to conntrack's updates and moves
 * such an entry to CLOSE, from where it is gone after 10 s: late segments still find it until then.
 */
#ifndef EPITAPH_NFQ_RECLAIM_H
#define EPITAPH_NFQ_RECLAIM_H

#include <stddef.h>
#include <stdint.h>

struct reclaim;

/* Start the thread. Returns 0 or -errno. */
int reclaim_start(struct reclaim **out);

/* How many entries were moved. */
uint64_t reclaim_count(const struct reclaim *r);

/* Stop and free; NULL is nothing. */
void reclaim_stop(struct reclaim *r);

#endif
