/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of an undecided flow: the first octets of its ends, and the facts that rules ask. */
#include "policy/judge_parts.h"

#include "tcp/track.h"

enum {
	/* How often an undecided flow's octets are looked at: nobody who means well sends the first 16
	 * KiB in more segments, and each look may read all that is there. */
	LOOKS_MAX = 1024,
	MINUTE_US = 60 * 1000000,
};

/* The octets of @p that lie behind the sender's first one, and where; empty when it has none. */
static struct bytes place_data(struct flow *f, enum flow_side_name side, const struct packet *p,
			       uint32_t *offset)
{
	struct bytes data = p->payload;
	uint32_t seq = p->seq + ((p->flags & TCP_SYN) != 0);

	if (!f->base_known[side]) {
		f->base[side] = f->side[side].syn ? f->side[side].isn + 1 : seq;
		f->base_known[side] = true;
	}
	if (seq_before(seq, f->base[side])) { /* from before the first one, such as a keepalive */
		uint32_t before = f->base[side] - seq;

		data = before < data.len ? bytes_cut(data, before, data.len)
					 : (struct bytes){ data.at, 0 };
		seq = f->base[side];
	}
	*offset = seq - f->base[side];
	return data;
}

/* Keep @data for later. False when there is no room for it, and what is missing can never be known. */
static bool keep_data(struct judge *j, struct flow *f, enum flow_side_name side, uint32_t offset,
		      struct bytes data)
{
	struct stream *s = flow_stream(j->flows, f, side);

	if (s != NULL)
		stream_add(s, offset, data);
	return s != NULL && !s->lost;
}

static struct bytes seen_of(const struct flow *f, enum flow_side_name side)
{
	if (f->stream[side] == NULL)
		return (struct bytes){ (const uint8_t *)"", 0 };
	return stream_contiguous(f->stream[side]);
}

static bool is_asked(const struct policy *p, enum flow_side_name side)
{
	return side == SIDE_INITIATOR ? p->needs_l7 : p->needs_reply;
}

bool judge_has_ended(const struct policy *p, const struct flow *f, enum flow_side_name side,
		     const struct bytes seen[2])
{
	const struct flow_side *s = &f->side[side];
	uint32_t base = f->base_known[side] ? f->base[side] : s->isn + 1;

	return seen[side].len >= STREAM_CAPACITY ||
	       (s->fin &&
		(!is_asked(p, side) || !seq_before(base + (uint32_t)seen[side].len, s->fin_seq)));
}

void judge_gather(struct judge *j, const struct policy *p, struct flow *f,
		  const struct judge_input *in, const struct judgement *out, struct look *look)
{
	const struct packet *packet = &out->packet;
	enum flow_side_name side = out->side;
	struct bytes *seen = look->facts.payload;
	uint32_t offset;
	struct bytes data;

	seen[0] = seen_of(f, SIDE_INITIATOR);
	seen[1] = seen_of(f, SIDE_RESPONDER);
	look->news |= (packet->flags & TCP_FIN) != 0;
	if (packet->payload.len == 0 || flow_is_old(f, side, packet) || !is_asked(p, side) ||
	    (in->checksum_ready && !packet_checksum_ok(packet)))
		return;
	data = place_data(f, side, packet, &offset);
	/* What comes from beyond the capacity says nothing: octets before it may still be missing. */
	if (data.len == 0 || offset >= STREAM_CAPACITY)
		return;
	look->news = true;
	if (offset == 0 && f->stream[side] == NULL) {
		seen[side] = data;
		return;
	}
	look->spent = !keep_data(j, f, side, offset, data) || ++f->looks >= LOOKS_MAX;
	seen[side] = seen_of(f, side);
}

void judge_keep_first(struct judge *j, struct flow *f, const struct judgement *out,
		      struct look *look)
{
	enum flow_side_name side = out->side;
	struct bytes data = look->facts.payload[side];

	if (data.len > 0 && f->stream[side] == NULL && !keep_data(j, f, side, 0, data))
		look->spent = true;
}

/* The schedules that hold, looked up once a minute: none changes in between. */
static uint64_t schedules_now(struct judge *j, const struct policy *p, int64_t wall_us)
{
	int64_t minute = wall_us / MINUTE_US;

	if (p->schedules == 0)
		return 0;
	if (minute != j->minute || p->generation != j->minute_generation) {
		j->schedules = policy_schedules(p, minute * (MINUTE_US / 1000000));
		j->minute = minute;
		j->minute_generation = p->generation;
	}
	return j->schedules;
}

void judge_fill_facts(struct judge *j, const struct policy *p, const struct flow *f,
		      enum flow_side_name side, const struct judge_input *in, const struct l7 *l7,
		      struct facts *out)
{
	bool same = in->ifaces_of_flow || side == SIDE_INITIATOR;

	out->tuple = &f->tuple;
	out->iif = same ? in->iif : in->oif;
	out->oif = same ? in->oif : in->iif;
	out->l7 = l7;
	for (int s = 0; s < 2; s++)
		out->more[s] = f->tuple.proto == PROTO_TCP &&
			       !judge_has_ended(p, f, (enum flow_side_name)s, out->payload);
	out->flow_id = f->id;
	out->schedules = schedules_now(j, p, in->wall_us);
	out->mark = f->mark;
	out->ct_state = (enum ct_state)f->ct_state;
	out->now_us = in->now_us;
	out->limiter = j->limiter;
	out->scratch = j->scratch;
	out->reading = NULL;
}
