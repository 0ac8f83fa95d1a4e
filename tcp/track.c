/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/track.h"

enum {
	WENT_ON_US = 60 * 1000000,
};

/* The receive window that @p tells of its sender. The window of a SYN is never scaled; where one of
 * the SYNs was not seen, the number as it stands is the least that it can mean (RFC 7323 2.2). */
static void track_window(struct flow *f, enum flow_side_name side, const struct packet *p)
{
	struct flow_side *s = &f->side[side];
	bool scaled = s->scales && f->side[!side].scales && !(p->flags & TCP_SYN);
	uint32_t edge = p->ack + ((uint32_t)p->window << (scaled ? s->wscale : 0));

	s->edge = edge;
	s->edge_known = true;
}

/* Neither what an older segment acknowledges counts, nor what its peer was not seen to send. */
static void track_ack(struct flow *f, enum flow_side_name side, const struct packet *p)
{
	struct flow_side *s = &f->side[side];
	const struct flow_side *peer = &f->side[!side];

	if ((s->acked && seq_before(p->ack, s->ack)) ||
	    (peer->seen && seq_before(peer->next, p->ack)))
		return;
	track_window(f, side, p);
	s->acked = true;
	s->ack = p->ack;
}

/* When it came, and what its headers are like. */
static void track_headers(struct flow *f, enum flow_side_name side, const struct packet *p,
			  int64_t now_us)
{
	struct flow_side *s = &f->side[side];

	f->quiet_us = f->seen_us == 0 ? 0 : now_us - f->seen_us;
	f->seen_us = now_us;
	f->latest = side;
	s->ttl_varies |= s->ttl != 0 && s->ttl != p->ttl;
	s->ttl = p->ttl;
	s->ip_id = p->ip_id;
	if (!packet_is_tcp(p))
		return;
	s->timestamps = packet_has_option(p, OPTION_TIMESTAMPS);
	if (p->payload_len > 0 && s->segments < UINT8_MAX)
		s->segments++;
}

bool flow_is_old(const struct flow *f, enum flow_side_name side, const struct packet *p)
{
	const struct flow_side *initiator = &f->side[SIDE_INITIATOR];

	return side == SIDE_RESPONDER && initiator->syn && !initiator->acked &&
	       !f->side[SIDE_RESPONDER].syn && packet_is_tcp(p) && (p->flags & TCP_SYN) == 0;
}

/* Whether @p starts where its receiver, whose beginning was seen, has no window: it is no part of what is sent. */
static bool is_outside(const struct flow_side *s, const struct flow_side *peer,
		       const struct packet *p)
{
	return s->syn && peer->syn && peer->edge_known && seq_before(peer->edge, p->seq);
}

void flow_track(struct flow *f, enum flow_side_name side, const struct packet *p, const uint8_t *hw,
		int64_t now_us)
{
	struct flow_side *s = &f->side[side];
	uint32_t next = p->seq + packet_seg_len(p);
	int shift;

	track_headers(f, side, p, now_us);
	if (hw != NULL)
		memcpy(s->hw, hw, HW_LEN);
	if (!packet_is_tcp(p) || flow_is_old(f, side, p))
		return;
	if (p->flags & TCP_SYN) {
		shift = packet_window_scale(p);
		s->syn = true;
		s->isn = p->seq;
		s->scales = shift >= 0;
		s->wscale = shift >= 0 ? (uint8_t)shift : 0;
	} else if (!s->seen) {
		s->isn = p->seq - 1;
	}
	if (!s->seen || (seq_before(s->next, next) && !is_outside(s, &f->side[!side], p)))
		s->next = next;
	if (p->flags & TCP_ACK)
		track_ack(f, side, p);
	s->data |= p->payload_len > 0;
	if (p->flags & TCP_FIN) {
		s->fin = true;
		s->fin_seq = next - 1;
	}
	s->seen = true;
}

void flow_track_reset(struct flow *f, enum flow_side_name side, const struct packet *p,
		      uint8_t claim, int64_t now_us)
{
	struct flow_reset *r = &f->side[side].reset;
	uint8_t before = flow_resets_before(r, now_us), acks = before > 0 ? r->acks : 0;

	if (before < 8 && (p->flags & TCP_ACK))
		acks |= (uint8_t)(1u << before);
	*r = (struct flow_reset){
		.count = before < UINT8_MAX ? (uint8_t)(before + 1) : before,
		.acks = acks,
		.flags = p->flags,
		.ttl = p->ttl,
		.claim = claim,
		.window = p->window,
		.seq = p->seq,
		.ack = p->ack,
		.us = now_us,
	};
}

bool flow_went_on(struct flow *f, enum flow_side_name side, const struct packet *p, int64_t now_us)
{
	struct flow_reset *r = &f->side[side].reset;

	if (r->count == 0 || r->told || !packet_is_tcp(p) || p->payload_len == 0 ||
	    seq_before(p->seq, r->seq) || now_us - r->us > WENT_ON_US)
		return false;
	r->told = true;
	return true;
}
