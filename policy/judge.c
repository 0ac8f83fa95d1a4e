/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/judge.h"

#include <stdlib.h>

enum {
	EXPIRE_BUDGET = 4096,
	WELL_KNOWN_PORTS = 1024,
};

struct judge {
	struct flow_table *flows;
	struct judge_counters counters;
};

const struct flow_limits judge_default_limits = {
	.flows = 65536,
	.streams = 1024,
	.timeout_us = {
		[FLOW_ACCEPTED] = 120 * 1000000LL,
		[FLOW_UNDECIDED] = 120 * 1000000LL,
		[FLOW_BLOCKED] = 60 * 1000000LL,
	},
};

struct judge *judge_new(const struct flow_limits *limits)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->flows = flow_table_new(limits);
	if (j->flows == NULL) {
		free(j);
		return NULL;
	}
	return j;
}

void judge_free(struct judge *j)
{
	if (j != NULL)
		flow_table_free(j->flows);
	free(j);
}

void judge_expire(struct judge *j, int64_t now_us)
{
	flow_expire(j->flows, now_us, EXPIRE_BUDGET);
}

const struct judge_counters *judge_counters(const struct judge *j)
{
	return &j->counters;
}

uint64_t judge_evicted(const struct judge *j)
{
	return flow_evicted(j->flows);
}

/* 40 bits of the flow's id in Crockford's base 32, which has no letters that look alike. */
static void format_event_id(uint64_t id, char out[EVENT_ID_LEN + 1])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

	for (int i = EVENT_ID_LEN - 1; i >= 0; i--) {
		out[i] = digits[id & 31];
		id >>= 5;
	}
	out[EVENT_ID_LEN] = '\0';
}

/* Who opened a flow that was joined in the middle: conntrack knows, SYN|ACK tells, else the side
 * with a well-known port is taken for the responder. */
static bool sent_by_responder(const struct packet *p, const struct judge_input *in)
{
	const struct ip_tuple *t = &p->tuple;

	if (in->direction != DIRECTION_UNKNOWN)
		return in->direction == DIRECTION_REPLY;
	if (packet_is_tcp(p) && (p->flags & TCP_SYN))
		return (p->flags & TCP_ACK) != 0;
	return t->sport < WELL_KNOWN_PORTS && t->sport != 0 && t->dport >= WELL_KNOWN_PORTS;
}

static struct flow *find_or_open(struct judge *j, const struct packet *p,
				 const struct judge_input *in, enum flow_side_name *side)
{
	struct flow *f = flow_find(j->flows, &p->tuple, side);
	bool opens = packet_is_tcp(p) && (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (f != NULL && opens &&
	    !(*side == SIDE_INITIATOR && f->side[SIDE_INITIATOR].syn &&
	      f->side[SIDE_INITIATOR].isn == p->seq)) {
		flow_restart(j->flows, f, &p->tuple, in->now_us);
		*side = SIDE_INITIATOR;
		j->counters.flows++;
	} else if (f == NULL) {
		struct ip_tuple t = p->tuple;

		*side = sent_by_responder(p, in) ? SIDE_RESPONDER : SIDE_INITIATOR;
		if (*side == SIDE_RESPONDER)
			t = tuple_reverse(&t);
		f = flow_add(j->flows, &t, in->now_us);
		j->counters.flows++;
	}
	return f;
}

/* Remember how far the sender got. */
static void track(struct flow_side *s, const struct packet *p)
{
	uint32_t next = p->seq + packet_seg_len(p);

	s->ttl = p->ttl;
	if (!packet_is_tcp(p))
		return;
	if (p->flags & TCP_SYN) {
		s->syn = true;
		s->isn = p->seq;
	} else if (!s->seen) {
		s->isn = p->seq - 1;
	}
	if (!s->seen || seq_before(s->next, next))
		s->next = next;
	if (p->flags & TCP_ACK) {
		s->acked = true;
		s->ack = p->ack;
	}
	s->data |= p->payload_len > 0;
	s->fin |= (p->flags & TCP_FIN) != 0;
	s->seen = true;
}

/*
 * Add the initiator's octets of @p to what is known of the flow, and read them. Returns false when
 * it brought nothing new. *spent is set when no more can ever become known.
 */
static bool gather(struct judge *j, struct flow *f, const struct packet *p, struct l7 *l7,
		   bool *spent)
{
	struct bytes data = p->payload;
	uint32_t seq = p->seq + ((p->flags & TCP_SYN) != 0), offset;
	struct stream *s;

	if (!f->base_known) {
		f->base = f->side[SIDE_INITIATOR].syn ? f->side[SIDE_INITIATOR].isn + 1 : seq;
		f->base_known = true;
	}
	if (seq_before(seq, f->base)) { /* octets from before the first one, such as a keepalive */
		uint32_t before = f->base - seq;

		data = before < data.len ? bytes_cut(data, before, data.len)
					 : (struct bytes){ data.at, 0 };
		seq = f->base;
	}
	offset = seq - f->base;
	if (data.len == 0)
		return false;
	if (offset == 0 && f->stream == NULL) {
		inspect_initiator(data, l7);
		if (l7->sni.state != L7_PENDING && l7->host.state != L7_PENDING)
			return true;
	}
	s = flow_stream(j->flows, f);
	if (s == NULL) {
		*spent = true;
		return true;
	}
	stream_add(s, offset, data);
	inspect_initiator(stream_contiguous(s), l7);
	*spent = stream_is_spent(s) || offset >= STREAM_CAPACITY;
	return true;
}

/* True when the flow ends or has grown past what is inspected, with its L7 fields unknown. */
static bool is_past_knowing(const struct flow *f)
{
	const struct flow_side *initiator = &f->side[SIDE_INITIATOR];
	const struct flow_side *responder = &f->side[SIDE_RESPONDER];

	return initiator->fin ||
	       (responder->seen && responder->next - responder->isn > STREAM_CAPACITY);
}

static void fill_facts(const struct flow *f, enum flow_side_name side, const struct judge_input *in,
		       const struct l7 *l7, struct facts *out)
{
	bool same = in->ifaces_of_flow || side == SIDE_INITIATOR;

	out->tuple = &f->tuple;
	out->iif = same ? in->iif : in->oif;
	out->oif = same ? in->oif : in->iif;
	out->l7 = l7;
}

static void add_payload(struct cut *c, const void *at, size_t len)
{
	c->payload[c->payloads++] = (struct bytes){ at, len };
}

/* The text and the record of @r's reason, and the order they go out in. */
static void fill_payloads(const struct policy *p, const struct rule *r, struct judgement *out)
{
	struct cut *c = &out->cut;
	const struct text *text = &p->default_text;
	struct text_values values = {
		.rule = r->name,
		.set = r->set_name,
		.event = out->event_id,
		.host = out->host,
		.tuple = &out->flow->tuple,
	};

	if (r->reason != NULL && r->reason->has_text)
		text = &r->reason->text;
	if (r->payload == PAYLOAD_TEXT || r->payload == PAYLOAD_BOTH) {
		c->text_len = text_expand(text, &values, c->text);
		if (c->text_len > 0)
			add_payload(c, c->text, c->text_len);
	}
	if (r->payload == PAYLOAD_DIAG || r->payload == PAYLOAD_BOTH) {
		reset_diag(r->reason->code, 0, c->diag);
		add_payload(c, c->diag, sizeof(c->diag));
	}
}

/* Answer a packet of a blocked flow: which end gets what. @r is NULL after a reload. */
static void cut_flow(const struct policy *p, const struct rule *r, const struct judge_input *in,
		     bool first, struct judgement *out)
{
	struct cut *c = &out->cut;
	const struct packet *packet = &out->packet;
	enum rule_action action = r ? r->action : ACTION_RESET;
	unsigned ends = r ? r->ends : ENDS_BOTH;
	unsigned sender = out->side == SIDE_INITIATOR ? ENDS_SOURCE : ENDS_DESTINATION;

	out->verdict = VERDICT_DROP;
	out->has_cut = true;
	c->first = first;
	c->to_sender = c->to_receiver = c->reject = false;
	c->payloads = 0;
	c->text_len = 0;
	c->text[0] = '\0';
	c->refusal = RESET_ALLOWED;
	if (action == ACTION_DROP)
		return;
	if (action == ACTION_REJECT || out->flow->tuple.proto != PROTO_TCP) {
		c->reject = true;
		return;
	}
	c->refusal = reset_refuse(packet, in->checksum_ready);
	if (c->refusal != RESET_ALLOWED)
		return;
	if (r != NULL)
		fill_payloads(p, r, out);
	add_payload(c, c->text, 0);
	c->to_sender = (ends & sender) != 0;
	c->sender = reset_toward_sender(packet);
	/* The receiver of a SYN that is dropped never learns of the connection. */
	c->to_receiver = (ends & ~sender) != 0 && (packet->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN;
	c->receiver = reset_toward_receiver(packet, &out->flow->side[!out->side]);
}

/* The flow is decided: by @index of @p, at this packet. */
static void settle(struct judge *j, const struct policy *p, struct flow *f, uint16_t index,
		   const struct judge_input *in, struct judgement *out)
{
	const struct rule *r = policy_rule(p, index);

	out->rule = r;
	out->code = r->reason ? r->reason->code : 0;
	if (r->action != ACTION_ACCEPT && in->checksum_ready && !packet_checksum_ok(&out->packet)) {
		out->verdict = VERDICT_DROP; /* no end has sent this: nobody is told */
		return;
	}
	f->rule = index;
	f->generation = p->generation;
	if (r->action == ACTION_ACCEPT) {
		flow_set(j->flows, f, FLOW_ACCEPTED, in->now_us);
		out->verdict = VERDICT_DECIDED;
		out->has_block = r->log;
		return;
	}
	flow_set(j->flows, f, FLOW_BLOCKED, in->now_us);
	j->counters.blocked++;
	out->has_block = true;
	cut_flow(p, r, in, true, out);
}

static void judge_undecided(struct judge *j, const struct policy *p, struct flow *f,
			    const struct judge_input *in, struct judgement *out)
{
	bool tcp = packet_is_tcp(&out->packet), news = !f->judged, spent = false;
	struct l7 l7;
	struct facts facts;

	l7_init(&l7, tcp ? L7_PENDING : L7_ABSENT);
	if (f->generation != p->generation) {
		f->generation = p->generation;
		f->rules_logged = 0;
		news = true;
	}
	if (tcp && out->side == SIDE_INITIATOR && out->packet.payload.len > 0 && p->needs_l7 &&
	    (!in->checksum_ready || packet_checksum_ok(&out->packet)))
		news |= gather(j, f, &out->packet, &l7, &spent);
	if (news) {
		fill_facts(f, out->side, in, &l7, &facts);
		decide(p, &facts, f->rules_logged, &out->decision);
		f->rules_logged = out->decision.rules_logged;
		if (l7.sni.state == L7_KNOWN)
			memcpy(out->host, l7.sni.text, l7.sni.len + 1u);
		else if (l7.host.state == L7_KNOWN)
			memcpy(out->host, l7.host.text, l7.host.len + 1u);
	}
	if (news && out->decision.decided) {
		settle(j, p, f, out->decision.rule, in, out);
	} else if (tcp && (spent || is_past_knowing(f))) {
		j->counters.undecided++;
		settle(j, p, f, RULE_UNDECIDED, in, out);
	} else {
		f->judged = true;
		flow_set(j->flows, f, FLOW_UNDECIDED, in->now_us);
		out->verdict = VERDICT_PASS;
	}
}

/* A reset passes, whatever its flow: it tells an end what the other one, or we, decided. */
static void judge_reset(struct judge *j, struct judgement *out)
{
	enum flow_side_name side = SIDE_INITIATOR;
	struct flow *f = flow_find(j->flows, &out->packet.tuple, &side);

	out->flow = f;
	out->side = side;
	out->is_reset = true;
	reset_read(&out->packet, &out->reading);
	reset_classify(&out->packet, f, side, &out->reading);
	j->counters.resets_seen++;
	j->counters.resets_with_payload += out->packet.payload_len > 0;
	j->counters.resets_invalid_diag += out->reading.invalid_diag;
	out->verdict = VERDICT_PASS;
}

void judge_packet(struct judge *j, const struct policy *p, const struct judge_input *in,
		  struct judgement *out)
{
	struct flow *f;

	out->flow = NULL;
	out->rule = NULL;
	out->is_reset = out->has_block = out->has_cut = false;
	out->decision.logs = 0;
	out->host[0] = '\0';
	j->counters.packets++;
	out->error = packet_parse(in->ip, &out->packet);
	if (out->error != PACKET_OK) {
		j->counters.malformed++;
		out->verdict = p->on_default.action == ACTION_ACCEPT ? VERDICT_PASS : VERDICT_DROP;
		return;
	}
	if (packet_is_tcp(&out->packet) && (out->packet.flags & TCP_RST)) {
		judge_reset(j, out);
		return;
	}
	if (out->packet.later_fragment || packet_is_icmp_error(&out->packet)) {
		out->verdict =
			VERDICT_PASS; /* useless to its receiver without the packet it goes with */
		return;
	}
	f = find_or_open(j, &out->packet, in, &out->side);
	track(&f->side[out->side], &out->packet);
	out->flow = f;
	format_event_id(f->id, out->event_id);
	switch (f->state) {
	case FLOW_BLOCKED:
		j->counters.answered++;
		flow_set(j->flows, f, FLOW_BLOCKED, in->now_us);
		out->rule = f->generation == p->generation ? policy_rule(p, f->rule) : NULL;
		cut_flow(p, out->rule, in, false, out);
		break;
	case FLOW_ACCEPTED:
		flow_set(j->flows, f, FLOW_ACCEPTED, in->now_us);
		out->verdict = VERDICT_DECIDED;
		break;
	default:
		judge_undecided(j, p, f, in, out);
	}
}
