/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes by of a flow, kept for what comes later: numbers, windows, what its packets are like. */
#ifndef EPITAPH_TCP_TRACK_H
#define EPITAPH_TCP_TRACK_H

#include "tcp/flow.h"
#include "tcp/packet.h"

/* Remember how far the sender of @p got, which is no reset. @hw: its Ethernet address, or NULL. */
void flow_track(struct flow *f, enum flow_side_name side, const struct packet *p, const uint8_t *hw,
		int64_t now_us);

/*
 * Whether @p, which is not the responder's first segment but comes before it, is of an old connection of the same ends:
 * such may still answer a SYN, by a challenge ACK (RFC 9293 3.10.7.4, RFC 5961 4.2), before the SYN|ACK comes. Nothing of
 * its sequence numbers nor its data belongs to @f.
 */
bool flow_is_old(const struct flow *f, enum flow_side_name side, const struct packet *p);

enum { OPTION_TIMESTAMPS = 8 /* RFC 7323 3.2 */, BACK_TO_BACK_US = 1000000 };

/* How many resets back to back in the name of one end, of which @r is the latest, one at @now_us follows. */
static inline uint8_t flow_resets_before(const struct flow_reset *r, int64_t now_us)
{
	return now_us - r->us > BACK_TO_BACK_US ? 0 : r->count;
}

/* Remember @p, a reset in the name of @side, whose payload has this claim. */
void flow_track_reset(struct flow *f, enum flow_side_name side, const struct packet *p,
		      uint8_t claim, int64_t now_us);

/*
 * True, once for each reset, when @p shows that its sender did not send the latest reset in its name: data at
 * or behind that one's SEQ (RST_SEQ_DATA of Weaver, Sommer, Paxson, NDSS 2009).
 */
bool flow_went_on(struct flow *f, enum flow_side_name side, const struct packet *p, int64_t now_us);

#endif
