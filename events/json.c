/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/json.h"

#include "events/community_id.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

/* Keys are ours and ASCII: jansson need not check them. */
static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new_nocheck(o, key, value);
}

static void set_string(json_t *o, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		set(o, key, json_string(value));
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	set(o, key, json_integer((json_int_t)value));
}

static void set_bool(json_t *o, const char *key, bool value)
{
	set(o, key, json_boolean(value));
}

/* RFC 3339 in UTC. */
static void set_time(json_t *o, const char *key, int64_t time_us)
{
	char all[EVENT_TIME_TEXT + sizeof("+00:00")];

	strcat(event_time_text(time_us, all), "+00:00");
	set_string(o, key, all);
}

static void set_proto(json_t *o, uint8_t proto)
{
	char number[8];
	const char *name = proto == PROTO_TCP	   ? "TCP"
			   : proto == PROTO_UDP	   ? "UDP"
			   : proto == PROTO_ICMP   ? "ICMP"
			   : proto == PROTO_ICMPV6 ? "IPv6-ICMP"
						   : NULL;

	if (name == NULL) {
		snprintf(number, sizeof(number), "%03u", proto);
		name = number;
	}
	set_string(o, "proto", name);
}

static void set_flow(json_t *o, const struct event *e)
{
	char text[ADDR_STRLEN], id[COMMUNITY_ID_LEN + 1];
	bool ports = e->tuple.proto == PROTO_TCP || e->tuple.proto == PROTO_UDP;

	if (e->frame != 0)
		set_number(o, "pcap_cnt", e->frame);
	if (e->has_flow)
		set_number(o, "flow_id", e->flow_id);
	if (ports)
		set_string(o, "community_id", community_id(&e->tuple, id));
	set_string(o, "src_ip", addr_format(&e->tuple.src, text));
	if (ports)
		set_number(o, "src_port", e->tuple.sport);
	set_string(o, "dest_ip", addr_format(&e->tuple.dst, text));
	if (ports)
		set_number(o, "dest_port", e->tuple.dport);
	set_proto(o, e->tuple.proto);
	set_string(o, "in_iface", e->iif);
	set_string(o, "out_iface", e->oif);
}

static json_t *block_object(const struct event *e)
{
	const struct event_block *b = &e->block;
	json_t *o = json_object(), *sent, *room;

	set_string(o, "id", b->id);
	set_string(o, "rule", b->rule);
	set_string(o, "action", action_name(b->action));
	set_string(o, "reason", b->reason);
	set_string(o, "text", b->text);
	if (b->code != 0)
		set_number(o, "code", b->code);
	if (b->pen != 0)
		set_number(o, "pen", b->pen);
	set_string(o, "host", b->host);
	if (e->type != EVENT_BLOCK)
		return o;
	if (b->would)
		set_bool(o, "would", true);
	if (b->suppressed)
		set_bool(o, "suppressed", true);
	if (!b->would && (b->action == ACTION_RESET || b->action == ACTION_REJECT)) {
		sent = json_object();
		set_bool(sent, "source", b->sent_source);
		set_bool(sent, "destination", b->sent_destination);
		set(o, "sent", sent);
	}
	if (b->text_cut) {
		room = json_object();
		set_number(room, "source", b->text_source);
		set_number(room, "destination", b->text_destination);
		set(o, "text_octets", room);
	}
	if (b->refusal != RESET_ALLOWED && b->refusal != RESET_NOT_TCP)
		set_string(o, "not_sent", reset_refusal_name(b->refusal));
	set_number(o, "count", b->count);
	if (b->count > 1) {
		set_time(o, "first", b->first_us);
		set_time(o, "last", b->last_us);
	}
	return o;
}

static void format_flags(uint8_t flags, char out[9])
{
	static const char letters[] = "FSRPAUEC";
	size_t n = 0;

	for (int i = 0; i < 8; i++) {
		if (flags & 1 << i)
			out[n++] = letters[i];
	}
	out[n] = '\0';
}

static json_t *diag_object(const struct reset_reading *r)
{
	json_t *o = json_object();

	set_number(o, "code", r->code);
	set_number(o, "pen", r->pen);
	if (r->pen == 0 && r->format == RESET_FORMAT_RECORD) {
		set_string(o, "name_03", reset_code_name_03(r->code));
		set_string(o, "name_02", reset_code_name_02(r->code));
	}
	return o;
}

static void set_signs(json_t *o, uint16_t signs)
{
	json_t *list = json_array();

	for (int i = 0; i < RESET_SIGNS; i++) {
		if (signs & 1u << i)
			json_array_append_new(list,
					      json_string(reset_sign_name((enum reset_sign)i)));
	}
	if (signs != 0)
		set(o, "signs", list);
	else
		json_decref(list);
}

/* What a reset carries. */
static void set_reading(json_t *o, const struct reset_reading *r)
{
	char hex[2 * READING_RAW_MAX + 1] = "";

	set_string(o, "format", reset_format_name(r->format));
	set_string(o, "text", r->text);
	/* Whoever can send a packet can say anything. */
	set_bool(o, "authenticated", false);
	set_bool(o, "text_truncated", r->text_truncated);
	if (r->class == RESET_CLASS_DIAG)
		set(o, "diag", diag_object(r));
	if (r->format == RESET_FORMAT_KERNEL_REASON)
		set_number(o, "kernel_reason", r->code);
	if (r->invalid_diag)
		set_bool(o, "diag_invalid", true);
	for (size_t i = 0; i < r->raw_len; i++)
		snprintf(hex + 2 * i, 3, "%02x", r->raw[i]);
	set_string(o, "payload_hex", hex);
}

static json_t *reset_object(const struct event *e)
{
	const struct event_reset *r = &e->reset;
	const struct reset_reading *reading = &r->reading;
	char flags[9];
	json_t *o = json_object();

	set_string(o, "direction",
		   !r->known	       ? "unknown"
		   : r->from_initiator ? "to-destination"
				       : "to-source");
	set_string(o, "stage", reset_stage_name(reading->stage));
	set_string(o, "kind", reset_kind_name(reading->kind));
	set_number(o, "seq", r->seq);
	set_number(o, "ack", r->ack);
	set_bool(o, "seq_zero", r->seq == 0);
	format_flags(r->flags, flags);
	set_string(o, "flags", flags);
	set_number(o, "window", r->window);
	set_number(o, "ttl", r->ttl);
	if (r->has_ttl_delta)
		set(o, "ttl_delta", json_integer(r->ttl_delta));
	set_bool(o, "ours", reading->ours);
	if (r->went_on)
		set_bool(o, "told_again", true);
	set_signs(o, reading->signs);
	set_string(o, "pattern", reading->pattern);
	if (reading->quiet_us > 0)
		set(o, "quiet", json_real((double)(reading->quiet_us / 1000) / 1000));
	set_string(o, "class", reset_class_name(reading->class));
	set_number(o, "payload_len", r->payload_len);
	if (r->rule[0] != '\0') {
		set_string(o, "rule", r->rule);
		set_string(o, "action", action_name(r->action));
		set_string(o, "annotation", r->annotation);
	}
	if (reading->class != RESET_CLASS_NONE)
		set_reading(o, reading);
	return o;
}

static json_t *canary_object(const struct event *e)
{
	const struct event_canary *c = &e->canary;
	json_t *o = json_object();

	set_string(o, "id", c->id);
	set_string(o, "rule", c->rule);
	set_string(o, "action", action_name(c->action));
	set_string(o, "rule_beside", c->rule_beside);
	set_string(o, "action_beside", action_name(c->action_beside));
	if (c->host[0] != '\0')
		set_string(o, "host", c->host);
	return o;
}

static json_t *policy_object(const struct event *e)
{
	const struct event_policy *p = &e->policy;
	json_t *o = json_object();

	set_string(o, "result", policy_result_name(p->result));
	set_number(o, "generation", p->generation);
	if (p->result != POLICY_REFUSED) {
		set_number(o, "rules", p->rules);
		set_number(o, "sets", p->sets);
		set_number(o, "entries", p->entries);
		set_number(o, "added", p->added);
		set_number(o, "removed", p->removed);
		set_number(o, "changed", p->changed);
		set_string(o, "hash", p->hash);
	}
	set_string(o, "message", p->message);
	return o;
}

json_t *json_stats(const struct event_stats *s)
{
	json_t *o = json_object(), *kinds = json_object(), *lost = json_object();

	set_number(o, "queue", s->queue);
	set_number(o, "packets", s->judge.packets);
	set_number(o, "malformed", s->judge.malformed);
	set_number(o, "flows", s->judge.flows);
	set_number(o, "flows_evicted", s->evicted);
	set_number(o, "blocked", s->judge.blocked);
	set_number(o, "answered", s->judge.answered);
	set_number(o, "undecided", s->judge.undecided);
	set_number(o, "would_block", s->judge.would_block);
	set_number(o, "suppressed", s->judge.suppressed);
	set_number(o, "regex_limited", s->judge.regex_limited);
	set_number(o, "resets_dropped", s->judge.resets_dropped);
	set_number(o, "resets_annotated", s->judge.resets_annotated);
	set_number(o, "resets_seen", s->judge.resets_seen);
	set_number(o, "resets_with_payload", s->judge.resets_with_payload);
	set_number(o, "resets_invalid_diag", s->judge.resets_invalid_diag);
	set_number(o, "resets_ours", s->judge.resets_ours);
	set_number(o, "resets_seq_zero", s->judge.resets_seq_zero);
	for (int k = 0; k < RESET_KINDS; k++)
		set_number(kinds, reset_kind_name((enum reset_kind)k), s->judge.resets_kind[k]);
	set(o, "resets_kind", kinds);
	set_number(o, "sent_resets", s->sent.resets);
	set_number(o, "sent_texts", s->sent.texts);
	set_number(o, "sent_diags", s->sent.diags);
	set_number(o, "sent_icmp", s->sent.icmp);
	set_number(o, "send_errors", s->sent.errors);
	set_number(o, "entries_closed", s->sent.closed);
	set_number(o, "verdict_errors", s->verdict_errors);
	set_number(o, "enobufs", s->enobufs);
	for (int i = 0; i < EVENT_LOSSES; i++)
		set_number(lost, event_loss_name((enum event_loss)i), s->lost[i]);
	set(o, "lost_events", lost);
	set_number(o, "queue_dropped", s->queue_dropped);
	set_number(o, "user_dropped", s->user_dropped);
	return o;
}

static json_t *stats_object(const struct event *e)
{
	return json_stats(&e->stats);
}

static json_t *exception_object(const struct event *e)
{
	const struct event_exception *x = &e->exception;
	json_t *o = json_object();

	set_string(o, "change", exception_change_name(x->change));
	set_string(o, "id", x->id);
	set_string(o, "rule", x->rule);
	set_string(o, "source", x->source);
	set_time(o, "until", x->until_us);
	set_number(o, "uid", x->uid);
	set_string(o, "why", x->why);
	return o;
}

static json_t *(*const objects[EVENT_TYPES])(const struct event *e) = {
	[EVENT_BLOCK] = block_object,	[EVENT_LOG] = block_object,
	[EVENT_RESET] = reset_object,	[EVENT_POLICY] = policy_object,
	[EVENT_STATS] = stats_object,	[EVENT_EXCEPTION] = exception_object,
	[EVENT_CANARY] = canary_object,
};

size_t json_format(const struct event *e, char out[JSON_LINE_MAX])
{
	json_t *o = json_object();
	const char *type = event_type_name(e->type);
	size_t len;

	set_time(o, "timestamp", e->time_us);
	set_string(o, "event_type", type);
	if (e->type < EVENT_POLICY) /* those of packets */
		set_flow(o, e);
	set(o, type, objects[e->type](e));
	len = json_dumpb(o, out, JSON_LINE_MAX - 1, JSON_COMPACT);
	json_decref(o);
	if (len == 0 || len >= JSON_LINE_MAX)
		return 0;
	out[len] = '\0';
	return len;
}

int json_write(const struct event *e, FILE *out)
{
	char line[JSON_LINE_MAX];
	size_t len = json_format(e, line);

	if (len == 0)
		return -ENOMEM;
	line[len] = '\n';
	return fwrite(line, 1, len + 1, out) == len + 1 ? 0 : -EIO;
}
