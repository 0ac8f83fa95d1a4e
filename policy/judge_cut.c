/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ends of a blocked flow are told. */
#include "policy/judge_parts.h"

enum { TEXT_ROOM_MIN = 8 /* octets of a text that are worth sending */ };

static void format_date(int64_t wall_us, char out[TEXT_DATE_LEN + 1])
{
	struct moment m = { .given = true, .seconds = wall_us / 1000000 };
	char text[24];

	moment_format(&m, text);
	memcpy(out, text, TEXT_DATE_LEN);
	out[TEXT_DATE_LEN] = '\0';
}

/* The element of a set that @r's decision rests on: of the named set, else of the first that has one. */
static void find_entry(const struct rule *r, const struct facts *f, char out[ENTRY_LEN])
{
	out[0] = '\0';
	for (size_t i = 0; i < r->matches && f != NULL; i++) {
		const struct match *m = &r->match[i];

		if (r->named_set != NULL && m->set != r->named_set)
			continue;
		if (match_entry(m, f, out))
			return;
	}
}

size_t judge_expand(const struct text *text, const struct rule *r, const struct facts *f,
		    const struct ip_tuple *tuple, const struct judge_input *in,
		    const struct judgement *out, char to[TEXT_MAX + 1])
{
	char entry[ENTRY_LEN] = "", date[TEXT_DATE_LEN + 1] = "";
	struct text_values values = {
		.rule = r->name,
		.set = r->named_set ? r->named_set->name : NULL,
		.entry = entry,
		.event = out->event_id,
		.date = date,
		.host = out->host,
		.tuple = tuple,
	};

	if (text->uses_date)
		format_date(in->wall_us, date);
	if (text->uses_entry)
		find_entry(r, f, entry);
	return text_expand(text, &values, to);
}

static void add_payload(struct cut *c, const void *at, size_t len)
{
	c->payload[c->payloads++] = (struct bytes){ at, len };
}

/* The text and the record of @r's reason, and the order they go out in. */
static void fill_payloads(const struct policy *p, const struct rule *r, const struct facts *f,
			  const struct judge_input *in, struct judgement *out)
{
	struct cut *c = &out->cut;
	const struct text *text = r->reason != NULL && r->reason->has_text ? &r->reason->text
									   : &p->default_text;

	if (r->payload == PAYLOAD_TEXT || r->payload == PAYLOAD_BOTH) {
		c->text_len = judge_expand(text, r, f, &out->flow->tuple, in, out, c->text);
		if (c->text_len > 0)
			add_payload(c, c->text, c->text_len);
	}
	if (r->payload == PAYLOAD_DIAG || r->payload == PAYLOAD_BOTH) {
		reset_diag(r->reason->code, r->reason->pen, c->diag);
		add_payload(c, c->diag, sizeof(c->diag));
	}
}

static bool fits(const struct cut *c, unsigned i, uint16_t room, struct bytes *out)
{
	*out = c->payload[i];
	if (out->len <= room)
		return true;
	if (out->at != (const uint8_t *)c->text || room < TEXT_ROOM_MIN)
		return false;
	out->len = room;
	return true;
}

bool cut_payload(const struct cut *c, unsigned i, uint16_t room, struct bytes *out)
{
	struct bytes before;

	for (unsigned k = 0; k < i && c->payload[i].len == 0 && !c->companion; k++) {
		if (fits(c, k, room, &before))
			return false;
	}
	return fits(c, i, room, out);
}

/* How many resets go to an end whose window has @room. */
static uint32_t count_resets(const struct cut *c, bool goes, uint16_t room)
{
	struct bytes payload;
	uint32_t n = 0;

	for (unsigned i = 0; goes && i < c->payloads; i++)
		n += cut_payload(c, i, room, &payload);
	return n;
}

/* Octets that the window of @side takes at @seq. A window that was never told takes all. */
static uint16_t room_at(const struct flow_side *side, uint32_t seq)
{
	if (!side->edge_known)
		return TEXT_MAX;
	if (!seq_before(seq, side->edge))
		return 0;
	return side->edge - seq < TEXT_MAX ? (uint16_t)(side->edge - seq) : TEXT_MAX;
}

/* Whether the reply limits let @packets more go out; the text stays, for the event. */
static void apply_reply_limit(struct judge *j, const struct policy *p, const struct judge_input *in,
			      struct judgement *out)
{
	const struct daemon_settings *d = &p->daemon;
	struct cut *c = &out->cut;
	uint32_t packets = c->reject ? 1
				     : count_resets(c, c->to_sender, c->sender_room) +
					       count_resets(c, c->to_receiver, c->receiver_room) +
					       c->receiver_has_it;

	if (packets == 0 ||
	    ((!d->has_reply_saddr ||
	      limiter_take(j->limiter, &d->reply_saddr, &out->flow->tuple, packets, in->now_us)) &&
	     (!d->has_reply_total ||
	      limiter_take(j->limiter, &d->reply_total, &out->flow->tuple, packets, in->now_us))))
		return;
	c->suppressed = true;
	c->reject = c->to_sender = c->to_receiver = c->receiver_has_it = false;
	j->counters.suppressed++;
}

void judge_cut(struct judge *j, const struct policy *p, const struct rule *r, const struct facts *f,
	       const struct judge_input *in, bool first, struct judgement *out)
{
	struct cut *c = &out->cut;
	const struct packet *packet = &out->packet;
	enum rule_action action = r ? r->action : ACTION_RESET;
	unsigned ends = r ? r->ends : ENDS_BOTH;
	unsigned sender = out->side == SIDE_INITIATOR ? ENDS_SOURCE : ENDS_DESTINATION;

	out->verdict = VERDICT_DROP;
	out->has_cut = true;
	c->first = first;
	c->to_sender = c->to_receiver = c->receiver_has_it = c->reject = c->suppressed = false;
	c->code = r ? r->reject : UNREACHABLE_ADMIN;
	c->payloads = 0;
	c->text_len = 0;
	c->text[0] = '\0';
	c->refusal = RESET_ALLOWED;
	if (action == ACTION_DROP)
		return;
	if (action == ACTION_REJECT || out->flow->tuple.proto != PROTO_TCP) {
		c->reject = true;
		apply_reply_limit(j, p, in, out);
		return;
	}
	c->refusal = reset_refuse(packet, in->checksum_ready);
	if (c->refusal != RESET_ALLOWED)
		return;
	if (r != NULL && p->daemon.payload)
		fill_payloads(p, r, f, in, out);
	c->companion = p->daemon.companion;
	add_payload(c, c->text, 0);
	c->to_sender = (ends & sender) != 0;
	c->sender = reset_toward_sender(packet, &out->flow->side[out->side],
					&out->flow->side[!out->side]);
	/* The receiver of a SYN that is dropped never learns of the connection. */
	c->to_receiver = (ends & ~sender) != 0 && !packet_opens(packet);
	c->receiver = reset_toward_receiver(packet, &out->flow->side[!out->side]);
	/* Who sent a SYN has told no window yet, and looks at the ACK alone (RFC 9293 3.10.7.3). */
	c->sender_room = room_at(&out->flow->side[out->side], c->sender.seq);
	if (packet_opens(packet))
		c->sender_room = TEXT_MAX;
	/* Who was never seen to acknowledge anything may have this packet already, which then comes again. */
	c->receiver_has_it = c->to_receiver && !out->flow->side[!out->side].acked &&
			     packet_seg_len(packet) > 0;
	c->receiver_behind = c->receiver;
	c->receiver_behind.seq += packet_seg_len(packet);
	c->receiver_room = room_at(&out->flow->side[!out->side], c->receiver.seq);
	apply_reply_limit(j, p, in, out);
}
