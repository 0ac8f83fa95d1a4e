/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/judge_parts.h"

#include "tcp/track.h"

#include <stdlib.h>

enum {
	EXPIRE_BUDGET = 4096,
	WELL_KNOWN_PORTS = 1024,
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

struct judge *judge_new(const struct flow_limits *limits, struct limiter *limiter)
{
	struct judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->flows = flow_table_new(limits);
	j->scratch = pattern_scratch_new();
	if (limiter == NULL)
		limiter = j->own_limiter = limiter_new(LIMITER_BUCKETS, limits->key);
	j->limiter = limiter;
	j->minute = -1;
	if (j->flows == NULL || j->scratch == NULL || j->limiter == NULL) {
		judge_free(j);
		return NULL;
	}
	return j;
}

void judge_free(struct judge *j)
{
	if (j == NULL)
		return;
	if (j->flows != NULL)
		flow_table_free(j->flows);
	limiter_free(j->own_limiter);
	pattern_scratch_free(j->scratch);
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

/* What is asked of a flow as it was when it was first seen. */
static void remember_first(struct flow *f, const struct packet *p, const struct judge_input *in)
{
	bool opens = !packet_is_tcp(p) || packet_opens(p);

	f->mark = in->mark;
	f->ct_state = (uint8_t)(in->ct_known ? in->ct_state : opens ? CT_NEW : CT_ESTABLISHED);
}

static struct flow *find_or_open(struct judge *j, const struct packet *p,
				 const struct judge_input *in, enum flow_side_name *side)
{
	struct flow *f = flow_find(j->flows, &p->tuple, side);
	bool opens = packet_opens(p);
	struct ip_tuple t = p->tuple;

	if (f != NULL && opens &&
	    !(*side == SIDE_INITIATOR && f->side[SIDE_INITIATOR].syn &&
	      f->side[SIDE_INITIATOR].isn == p->seq)) {
		flow_restart(j->flows, f, &t, in->now_us);
		*side = SIDE_INITIATOR;
	} else if (f == NULL) {
		*side = sent_by_responder(p, in) ? SIDE_RESPONDER : SIDE_INITIATOR;
		if (*side == SIDE_RESPONDER)
			t = tuple_reverse(&t);
		f = flow_add(j->flows, &t, in->now_us);
	} else {
		return f;
	}
	j->counters.flows++;
	remember_first(f, p, in);
	return f;
}

/* True when the ends have said all that is asked, or more than is inspected, and it told nothing. */
static bool is_past_knowing(const struct policy *p, const struct flow *f, const struct look *look)
{
	const struct flow_side *responder = &f->side[SIDE_RESPONDER];

	return (!p->needs_reply && responder->seen &&
		responder->next - responder->isn > STREAM_CAPACITY) ||
	       (judge_has_ended(p, f, SIDE_INITIATOR, look->facts.payload) &&
		(!p->needs_reply || judge_has_ended(p, f, SIDE_RESPONDER, look->facts.payload)));
}

/* The numbers by which resets of ours are known again. */
static void remember_cut(struct flow *f, const struct judgement *out)
{
	const struct cut *c = &out->cut;
	struct flow_side *sender = &f->side[out->side], *receiver = &f->side[!out->side];

	if (c->to_sender) {
		receiver->cut = true;
		receiver->cut_seq = receiver->cut_behind = c->sender.seq;
	}
	if (c->to_receiver) {
		sender->cut = true;
		sender->cut_seq = c->receiver.seq;
		sender->cut_behind = c->receiver_behind.seq;
	}
}

/* The flow is decided: by @index of @p, at this packet. */
static void settle(struct judge *j, const struct policy *p, struct flow *f, uint16_t index,
		   const struct facts *facts, const struct judge_input *in, struct judgement *out)
{
	const struct rule *r = policy_rule(p, index);
	bool sampled = rule_is_sampled(r, f->id);

	out->rule = r;
	out->code = r->reason ? r->reason->code : 0;
	if (r->action != ACTION_ACCEPT && in->checksum_ready && !packet_checksum_ok(&out->packet)) {
		out->verdict = VERDICT_DROP; /* no end has sent this: nobody is told */
		return;
	}
	out->settled = true;
	f->rule = index;
	f->generation = p->generation;
	atomic_fetch_add_explicit(policy_hits(p, index), 1, memory_order_relaxed);
	if (r->action == ACTION_ACCEPT) {
		flow_set(j->flows, f, FLOW_ACCEPTED, in->now_us);
		out->verdict = VERDICT_DECIDED;
		out->has_block = r->log && sampled;
		return;
	}
	flow_set(j->flows, f, FLOW_BLOCKED, in->now_us);
	j->counters.blocked++;
	out->has_block = sampled;
	judge_cut(j, p, r, facts, in, true, out);
	remember_cut(f, out);
}

static void look_at(struct judge *j, const struct policy *p, struct flow *f,
		    const struct judge_input *in, struct judgement *out, struct look *look)
{
	uint64_t limited = pattern_scratch_limited(j->scratch);

	if (look->facts.payload[0].len > 0)
		inspect_initiator(look->facts.payload[0], &look->l7);
	judge_fill_facts(j, p, f, out->side, in, &look->l7, &look->facts);
	decide(p, &look->facts, f->passed, &out->decision);
	f->passed = out->decision.passed;
	j->counters.would_block += out->decision.would_block;
	j->counters.regex_limited += pattern_scratch_limited(j->scratch) - limited;
	if (look->l7.sni.state == L7_KNOWN)
		memcpy(out->host, look->l7.sni.text, look->l7.sni.len + 1u);
	else if (look->l7.host.state == L7_KNOWN)
		memcpy(out->host, look->l7.host.text, look->l7.host.len + 1u);
}

static void judge_undecided(struct judge *j, const struct policy *p, struct flow *f,
			    const struct judge_input *in, struct judgement *out)
{
	bool tcp = packet_is_tcp(&out->packet);
	struct look look; /* too large to be cleared for every packet */

	look.news = !f->judged;
	look.spent = false;
	look.facts.payload[0] = look.facts.payload[1] = (struct bytes){ NULL, 0 };
	l7_init(&look.l7, tcp ? L7_PENDING : L7_ABSENT);
	if (f->generation != p->generation) {
		f->generation = p->generation;
		f->passed = 0;
		look.news = true;
	}
	if (tcp)
		judge_gather(j, p, f, in, out, &look);
	if (look.news) {
		look_at(j, p, f, in, out, &look);
		if (!out->decision.decided)
			judge_keep_first(j, f, out, &look);
	}
	if (look.news && out->decision.decided) {
		settle(j, p, f, out->decision.rule, &look.facts, in, out);
	} else if (tcp && (look.spent || is_past_knowing(p, f, &look))) {
		j->counters.undecided++;
		if (!look.news)
			judge_fill_facts(j, p, f, out->side, in, &look.l7, &look.facts);
		settle(j, p, f, RULE_UNDECIDED, &look.facts, in, out);
	} else {
		f->judged = true;
		flow_set(j->flows, f, FLOW_UNDECIDED, in->now_us);
		out->verdict = VERDICT_PASS;
	}
}

/* "resets forward": which rule a reset falls under, and what becomes of it. */
static void apply_reset_rules(struct judge *j, const struct policy *p, const struct judge_input *in,
			      const struct flow *f, struct judgement *out)
{
	struct flow unknown = { .tuple = out->packet.tuple };
	struct facts facts = { .payload = { { NULL, 0 }, { NULL, 0 } } };
	struct l7 l7;
	const struct rule *r;

	if (f == NULL) {
		if (sent_by_responder(&out->packet, in)) {
			out->side = SIDE_RESPONDER;
			unknown.tuple = tuple_reverse(&out->packet.tuple);
		}
		unknown.id = flow_id_of(&unknown.tuple, in->now_us);
		f = &unknown;
	}
	l7_init(&l7, L7_ABSENT);
	judge_fill_facts(j, p, f, out->side, in, &l7, &facts);
	facts.reading = &out->reading;
	decide_reset(p, &facts, &out->decision);
	if (out->decision.logs > 0)
		out->rule = &p->reset_rule[out->decision.log[0]];
	out->reset_logged = out->decision.logs > 0;
	out->decision.logs = 0;
	if (out->decision.rule == RULE_DEFAULT)
		return;
	r = out->rule = &p->reset_rule[out->decision.rule];
	out->reset_logged |= r->log && rule_is_sampled(r, f->id);
	format_event_id(f->id, out->event_id);
	if (r->action == ACTION_DROP) {
		out->verdict = VERDICT_DROP;
		j->counters.resets_dropped++;
	} else if (r->action == ACTION_ANNOTATE && out->packet.payload_len == 0 &&
		   !out->packet.fragment && !out->packet.truncated) {
		out->annotation_len = judge_expand(r->annotate, r, &facts, &f->tuple, in, out,
						   out->annotation);
		out->verdict = VERDICT_ANNOTATE;
		j->counters.resets_annotated++;
	}
}

/* Whether the reset is one of ours, by its numbers or the event that its text names; or says what an end said. */
static void recognise(const struct judge *j, const struct flow *f, struct judgement *out)
{
	const struct flow_side *own = &f->side[out->side];
	const struct packet *p = &out->packet;
	struct reset_reading *r = &out->reading;
	char id[EVENT_ID_LEN + 1];

	format_event_id(f->id, id);
	r->ours = own->cut && (p->seq == own->cut_seq || p->seq == own->cut_behind ||
			       strstr(r->text, id) != NULL);
	if (!r->ours && (r->class == RESET_CLASS_TEXT || r->class == RESET_CLASS_BINARY) &&
	    flow_echoes(j->flows, f, p->payload))
		reset_set_echo(p, r);
}

static void count_reset(struct judge_counters *c, const struct judgement *j)
{
	c->resets_seen++;
	c->resets_with_payload += j->packet.payload_len > 0;
	c->resets_invalid_diag += j->reading.invalid_diag;
	c->resets_seq_zero += j->packet.seq == 0;
	c->resets_ours += j->reading.ours;
	c->resets_kind[j->reading.kind]++;
}

/* A reset passes, whatever its flow, unless a rule for resets says otherwise: it tells an end what
 * the other one, or we, decided. */
static void judge_reset(struct judge *j, const struct policy *p, const struct judge_input *in,
			struct judgement *out)
{
	enum flow_side_name side = SIDE_INITIATOR;
	struct flow *f = flow_find(j->flows, &out->packet.tuple, &side);
	struct reset_circumstances circumstances = { in->now_us, in->sees_all };

	out->flow = f;
	out->side = side;
	out->is_reset = true;
	reset_read(&out->packet, &out->reading);
	if (f != NULL)
		recognise(j, f, out);
	reset_classify(&out->packet, f, side, &circumstances, &out->reading);
	if (f != NULL)
		flow_track_reset(f, side, &out->packet, (uint8_t)out->reading.claim, in->now_us);
	count_reset(&j->counters, out);
	out->verdict = VERDICT_PASS;
	if (p->reset_rules > 0)
		apply_reset_rules(j, p, in, f, out);
	if (f == NULL)
		out->side = side;
}

void judge_packet(struct judge *j, const struct policy *p, const struct judge_input *in,
		  struct judgement *out)
{
	struct flow *f;

	out->flow = NULL;
	out->rule = NULL;
	out->is_reset = out->has_block = out->has_cut = out->reset_logged = out->went_on = false;
	out->settled = false;
	out->decision.logs = 0;
	out->host[0] = '\0';
	out->annotation_len = 0;
	j->counters.packets++;
	out->error = packet_parse(in->ip, &out->packet);
	if (out->error != PACKET_OK) {
		j->counters.malformed++;
		out->verdict = p->on_default.action == ACTION_ACCEPT ? VERDICT_PASS : VERDICT_DROP;
		return;
	}
	if (packet_is_tcp(&out->packet) && (out->packet.flags & TCP_RST)) {
		judge_reset(j, p, in, out);
		return;
	}
	if (out->packet.later_fragment || packet_is_icmp_error(&out->packet)) {
		out->verdict =
			VERDICT_PASS; /* useless to its receiver without the packet it goes with */
		return;
	}
	f = find_or_open(j, &out->packet, in, &out->side);
	if (f->state == FLOW_ACCEPTED && f->generation < p->rejudge_from)
		flow_reopen(j->flows, f, in->now_us);
	out->went_on = flow_went_on(f, out->side, &out->packet, in->now_us);
	flow_track(f, out->side, &out->packet, in->hw, in->now_us);
	if (packet_is_tcp(&out->packet))
		flow_keep(j->flows, f, out->side, out->packet.payload);
	out->flow = f;
	format_event_id(f->id, out->event_id);
	switch (f->state) {
	case FLOW_BLOCKED:
		j->counters.answered++;
		flow_set(j->flows, f, FLOW_BLOCKED, in->now_us);
		out->rule = f->generation == p->generation ? policy_rule(p, f->rule) : NULL;
		judge_cut(j, p, out->rule, NULL, in, false, out);
		remember_cut(f, out);
		break;
	case FLOW_ACCEPTED:
		flow_set(j->flows, f, FLOW_ACCEPTED, in->now_us);
		out->verdict = VERDICT_DECIDED;
		break;
	default:
		judge_undecided(j, p, f, in, out);
	}
}
