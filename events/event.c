/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/event.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static const char *const type_names[] = {
	[EVENT_BLOCK] = "block",	 [EVENT_LOG] = "log",	    [EVENT_RESET] = "reset",
	[EVENT_POLICY] = "policy",	 [EVENT_CANARY] = "canary", [EVENT_STATS] = "stats",
	[EVENT_EXCEPTION] = "exception", [EVENT_PACKET] = "packet",
};
static const char *const loss_names[] = {
	[LOST_IN_RING] = "ring",	 [LOST_BY_FILE] = "file",     [LOST_BY_SYSLOG] = "syslog",
	[LOST_BY_JOURNALD] = "journald", [LOST_BY_SOCKET] = "socket", [LOST_BY_PCAP] = "pcap",
};
static_assert(sizeof(loss_names) / sizeof(loss_names[0]) == EVENT_LOSSES, "every loss has a name");

static_assert(sizeof(type_names) / sizeof(type_names[0]) == EVENT_TYPES, "every type has a name");

const char *policy_result_name(enum policy_result r)
{
	static const char *const names[] = { "refused", "in-force", "canary", "returned" };

	return names[r];
}

const char *exception_change_name(enum exception_change c)
{
	static const char *const names[] = { "added", "ended", "expired" };

	return names[c];
}

const char *event_type_name(enum event_type t)
{
	return type_names[t];
}

const char *event_loss_name(enum event_loss l)
{
	return loss_names[l];
}

/* The date is made once a second: one thread writes most of them. */
char *event_time_text(int64_t time_us, char out[EVENT_TIME_TEXT])
{
	static _Thread_local char text[32];
	static _Thread_local time_t last = INT64_MIN; /* no time has it */
	time_t s = (time_t)(time_us / 1000000);
	struct tm tm;

	if (s != last) {
		gmtime_r(&s, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		last = s;
	}
	snprintf(out, EVENT_TIME_TEXT, "%s.%06u", text, (unsigned)(time_us % 1000000));
	return out;
}

static void copy_name(char *out, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(out, from, len);
	out[len] = '\0';
}

/* What every event of a packet has. @swap: the event's direction is the packet's reverse. */
static void fill_common(struct event *e, const struct judgement *j, const struct judge_input *in,
			int64_t time_us, bool swap)
{
	bool original = swap == (j->side == SIDE_RESPONDER); /* so is the event's direction */
	bool swap_ifaces = in->ifaces_of_flow ? !original : swap;

	e->time_us = time_us;
	e->frame = 0;
	e->has_flow = j->flow != NULL;
	e->flow_id = j->flow ? j->flow->id : 0;
	e->tuple = swap ? tuple_reverse(&j->packet.tuple) : j->packet.tuple;
	copy_name(e->iif, sizeof(e->iif), swap_ifaces ? in->oif : in->iif);
	copy_name(e->oif, sizeof(e->oif), swap_ifaces ? in->iif : in->oif);
}

/* Octets of the text that go to an end. */
static uint16_t text_octets(const struct cut *c, bool sent, uint16_t room)
{
	struct bytes text;

	return sent && c->text_len > 0 && cut_payload(c, 0, room, &text) ? (uint16_t)text.len : 0;
}

static void fill_text_cut(struct event_block *b, const struct judgement *j, bool cut)
{
	const struct cut *c = &j->cut;
	uint16_t sender, receiver;

	b->text_cut = false;
	if (!cut || c->text_len == 0 || (!c->to_sender && !c->to_receiver))
		return;
	sender = text_octets(c, c->to_sender, c->sender_room);
	receiver = text_octets(c, c->to_receiver, c->receiver_room);
	b->text_cut = (c->to_sender && sender < c->text_len) ||
		      (c->to_receiver && receiver < c->text_len);
	b->text_source = j->side == SIDE_INITIATOR ? sender : receiver;
	b->text_destination = j->side == SIDE_INITIATOR ? receiver : sender;
}

static void fill_block(struct event *e, enum event_type type, const struct judgement *j,
		       const struct rule *r, const struct judge_input *in, int64_t time_us)
{
	struct event_block *b = &e->block;
	bool cut = type == EVENT_BLOCK && !r->shadow && j->has_cut;

	e->type = type;
	fill_common(e, j, in, time_us, j->side == SIDE_RESPONDER);
	memcpy(b->id, j->event_id, sizeof(b->id));
	copy_name(b->rule, sizeof(b->rule), r->name);
	copy_name(b->host, sizeof(b->host), j->host);
	copy_name(b->reason, sizeof(b->reason), r->reason ? r->reason->name : "");
	copy_name(b->text, sizeof(b->text), cut ? j->cut.text : "");
	b->action = r->action;
	b->code = r->reason ? r->reason->code : 0;
	b->pen = r->reason ? r->reason->pen : 0;
	b->refusal = cut ? j->cut.refusal : RESET_ALLOWED;
	b->suppressed = cut && j->cut.suppressed;
	b->would = r->shadow;
	fill_text_cut(b, j, cut);
	b->sent_source = b->sent_destination = false;
	b->count = 1;
	b->first_us = b->last_us = time_us;
}

void event_fill_canary(struct event *e, const struct judgement *j, const struct rule *in_force,
		       const struct judge_input *in)
{
	struct event_canary *c = &e->canary;

	e->type = EVENT_CANARY;
	fill_common(e, j, in, in->wall_us, j->side == SIDE_RESPONDER);
	memcpy(c->id, j->event_id, sizeof(c->id));
	copy_name(c->rule, sizeof(c->rule), in_force->name);
	copy_name(c->rule_beside, sizeof(c->rule_beside), j->rule->name);
	copy_name(c->host, sizeof(c->host), j->host);
	c->action = in_force->action;
	c->action_beside = j->rule->action;
}

static bool reset_is_event(const struct judgement *j, const struct policy *p)
{
	return j->is_reset && (p->log.resets == RESETS_ALL || j->reset_logged ||
			       (p->log.resets == RESETS_TEXT && j->packet.payload_len > 0));
}

/* Whether some rule that fired wants the packet kept. */
static bool wants_packet(const struct judgement *j, const struct policy *p)
{
	bool wants = (j->has_block || j->is_reset) && j->rule != NULL && j->rule->pcap;

	wants |= p->log.pcap_resets && reset_is_event(j, p);
	for (unsigned i = 0; i < j->decision.logs; i++)
		wants |= policy_rule(p, j->decision.log[i])->pcap;
	return wants && p->log.pcap.path != NULL;
}

/* The reason, as it is shown beside the packet. */
static void fill_comment(char out[EVENT_COMMENT], const struct judgement *j)
{
	const struct reset_reading *r = &j->reading;

	if (j->is_reset)
		snprintf(out, EVENT_COMMENT, "%s%s, %s%s%s", reset_kind_name(r->kind),
			 r->ours ? " (ours)" : "", reset_stage_name(r->stage),
			 r->text[0] != '\0' ? ": " : "", r->text);
	else
		snprintf(out, EVENT_COMMENT, "%s %s%s%s%s%s", action_name(j->rule->action),
			 j->rule->name, j->has_block ? " event " : "",
			 j->has_block ? j->event_id : "",
			 j->has_cut && j->cut.text_len > 0 ? ": " : "",
			 j->has_cut && j->cut.text_len > 0 ? j->cut.text : "");
}

static void fill_packet(struct event *e, const struct judgement *j, int64_t time_us)
{
	size_t len = j->packet.ip.len;

	e->type = EVENT_PACKET;
	e->time_us = time_us;
	e->packet.full_len = (uint32_t)len;
	e->packet.len = (uint32_t)(len < EVENT_SNAP ? len : EVENT_SNAP);
	memcpy(e->packet.octets, j->packet.ip.at, e->packet.len);
	fill_comment(e->packet.comment, j);
}

static void fill_reset(struct event *e, const struct judgement *j, const struct judge_input *in,
		       int64_t time_us)
{
	const struct packet *p = &j->packet;
	struct event_reset *r = &e->reset;

	e->type = EVENT_RESET;
	fill_common(e, j, in, time_us, false);
	memset(r, 0, sizeof(*r));
	r->known = j->flow != NULL;
	r->from_initiator = j->side == SIDE_INITIATOR;
	r->ttl = p->ttl;
	r->has_ttl_delta = j->flow != NULL && j->flow->side[j->side].ttl != 0;
	if (r->has_ttl_delta)
		r->ttl_delta = p->ttl - j->flow->side[j->side].ttl;
	r->flags = p->flags;
	r->window = p->window;
	r->seq = p->seq;
	r->ack = p->ack;
	r->payload_len = p->payload_len;
	r->reading = j->reading;
	if (j->rule != NULL) {
		copy_name(r->rule, sizeof(r->rule), j->rule->name);
		r->action = j->rule->action;
		copy_name(r->annotation, sizeof(r->annotation),
			  j->annotation_len > 0 ? j->annotation : "");
	}
}

/* The latest reset in the name of who sent this packet, told again. */
static void fill_went_on(struct event *e, const struct judgement *j, const struct judge_input *in,
			 int64_t time_us)
{
	const struct flow_reset *was = &j->flow->side[j->side].reset;
	struct event_reset *r = &e->reset;

	e->type = EVENT_RESET;
	fill_common(e, j, in, time_us, false);
	memset(r, 0, sizeof(*r));
	r->known = r->went_on = true;
	r->from_initiator = j->side == SIDE_INITIATOR;
	r->ttl = was->ttl;
	r->flags = was->flags;
	r->window = was->window;
	r->seq = was->seq;
	r->ack = was->ack;
	r->reading.kind = RESET_KIND_FORGED;
	r->reading.signs = 1u << SIGN_WENT_ON;
}

static bool tells_went_on(const struct judgement *j, const struct policy *p)
{
	return j->went_on && p->log.resets == RESETS_ALL;
}

unsigned events_count(const struct judgement *j, const struct policy *p)
{
	if (j->error != PACKET_OK)
		return 0;
	return reset_is_event(j, p) + tells_went_on(j, p) + j->decision.logs + j->has_block +
	       wants_packet(j, p);
}

void events_fill(const struct judgement *j, const struct policy *p, const struct judge_input *in,
		 int64_t time_us, struct event *const out[EVENTS_PER_PACKET])
{
	unsigned n = 0;

	if (wants_packet(j, p))
		fill_packet(out[n++], j, time_us);
	if (reset_is_event(j, p))
		fill_reset(out[n++], j, in, time_us);
	if (tells_went_on(j, p))
		fill_went_on(out[n++], j, in, time_us);
	for (unsigned i = 0; i < j->decision.logs; i++) {
		const struct rule *r = policy_rule(p, j->decision.log[i]);

		fill_block(out[n++], r->shadow ? EVENT_BLOCK : EVENT_LOG, j, r, in, time_us);
	}
	if (j->has_block)
		fill_block(out[n++], EVENT_BLOCK, j, j->rule, in, time_us);
}

unsigned events_list(const struct judgement *j, const struct policy *p,
		     const struct judge_input *in, int64_t time_us,
		     struct event out[EVENTS_PER_PACKET])
{
	struct event *slot[EVENTS_PER_PACKET];
	unsigned n = events_count(j, p);

	for (unsigned i = 0; i < n; i++)
		slot[i] = &out[i];
	if (n > 0)
		events_fill(j, p, in, time_us, slot);
	return n;
}
