/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match table. A new match is one row here, what it asks below, and tests; parser, printer, help
 * and manual take their lists from the table.
 */
#include "policy/policy.h"

static const struct match_kind kinds[] = {
	{ "saddr", FACT_SADDR, OPERAND_SET, SET_ADDR, 0, 0, SCOPE_BOTH,
	  "address of the initiator" },
	{ "daddr", FACT_DADDR, OPERAND_SET, SET_ADDR, 0, 0, SCOPE_BOTH,
	  "address of the responder" },
	{ "ip saddr", FACT_SADDR, OPERAND_SET, SET_ADDR, 4, 0, SCOPE_BOTH,
	  "IPv4 address of the initiator" },
	{ "ip daddr", FACT_DADDR, OPERAND_SET, SET_ADDR, 4, 0, SCOPE_BOTH,
	  "IPv4 address of the responder" },
	{ "ip6 saddr", FACT_SADDR, OPERAND_SET, SET_ADDR, 6, 0, SCOPE_BOTH,
	  "IPv6 address of the initiator" },
	{ "ip6 daddr", FACT_DADDR, OPERAND_SET, SET_ADDR, 6, 0, SCOPE_BOTH,
	  "IPv6 address of the responder" },
	{ "tcp sport", FACT_SPORT, OPERAND_SET, SET_PORT, 0, PROTO_TCP, SCOPE_BOTH,
	  "TCP port of the initiator" },
	{ "tcp dport", FACT_DPORT, OPERAND_SET, SET_PORT, 0, PROTO_TCP, SCOPE_BOTH,
	  "TCP port of the responder" },
	{ "udp sport", FACT_SPORT, OPERAND_SET, SET_PORT, 0, PROTO_UDP, SCOPE_FLOW,
	  "UDP port of the initiator" },
	{ "udp dport", FACT_DPORT, OPERAND_SET, SET_PORT, 0, PROTO_UDP, SCOPE_FLOW,
	  "UDP port of the responder" },
	{ "iifname", FACT_IIF, OPERAND_SET, SET_IFNAME, 0, 0, SCOPE_BOTH,
	  "interface the flow came in by" },
	{ "oifname", FACT_OIF, OPERAND_SET, SET_IFNAME, 0, 0, SCOPE_BOTH,
	  "interface the flow leaves by" },
	{ "ct state", FACT_CT_STATE, OPERAND_SET, SET_CT_STATE, 0, 0, SCOPE_FLOW,
	  "conntrack's state of the flow when it was first seen" },
	{ "meta mark", FACT_MARK, OPERAND_SET, SET_MARK, 0, 0, SCOPE_FLOW,
	  "mark of the flow's first packet" },
	{ "during", FACT_SCHEDULE, OPERAND_SCHEDULE, SET_TYPES, 0, 0, SCOPE_BOTH,
	  "hours of a schedule" },
	{ "limit", FACT_LIMIT, OPERAND_LIMIT, SET_TYPES, 0, 0, SCOPE_FLOW, "rate of new flows" },
	{ "tls sni", FACT_SNI, OPERAND_SET, SET_DOMAIN, 0, PROTO_TCP, SCOPE_FLOW,
	  "server name of a ClientHello" },
	{ "tls alpn", FACT_ALPN, OPERAND_SET, SET_TEXT, 0, PROTO_TCP, SCOPE_FLOW,
	  "a protocol that a ClientHello offers" },
	{ "http host", FACT_HOST, OPERAND_SET, SET_DOMAIN, 0, PROTO_TCP, SCOPE_FLOW,
	  "host of an HTTP/1 request" },
	{ "http method", FACT_METHOD, OPERAND_SET, SET_TEXT, 0, PROTO_TCP, SCOPE_FLOW,
	  "method of an HTTP/1 request" },
	{ "http path", FACT_PATH, OPERAND_SET, SET_TEXT, 0, PROTO_TCP, SCOPE_FLOW,
	  "path of an HTTP/1 request" },
	{ "payload contains", FACT_PAYLOAD, OPERAND_OCTETS, SET_TYPES, 0, PROTO_TCP, SCOPE_FLOW,
	  "octets among the initiator's first" },
	{ "payload regex", FACT_PAYLOAD, OPERAND_REGEX, SET_TYPES, 0, PROTO_TCP, SCOPE_FLOW,
	  "expression over the initiator's first octets" },
	{ "reply payload contains", FACT_REPLY, OPERAND_OCTETS, SET_TYPES, 0, PROTO_TCP, SCOPE_FLOW,
	  "octets among the responder's first" },
	{ "reply payload regex", FACT_REPLY, OPERAND_REGEX, SET_TYPES, 0, PROTO_TCP, SCOPE_FLOW,
	  "expression over the responder's first octets" },
	{ "payload", FACT_RESET_PAYLOAD, OPERAND_NONE, SET_TYPES, 0, PROTO_TCP, SCOPE_RESET,
	  "the reset carries one" },
	{ "text contains", FACT_RESET_TEXT, OPERAND_OCTETS, SET_TYPES, 0, PROTO_TCP, SCOPE_RESET,
	  "what the reset's text holds" },
	{ "text regex", FACT_RESET_TEXT, OPERAND_REGEX, SET_TYPES, 0, PROTO_TCP, SCOPE_RESET,
	  "expression over the reset's text" },
	{ "diag code", FACT_RESET_CODE, OPERAND_SET, SET_CODE, 0, PROTO_TCP, SCOPE_RESET,
	  "reason code of the reset's diagnostic record" },
	{ "stage", FACT_RESET_STAGE, OPERAND_SET, SET_STAGE, 0, PROTO_TCP, SCOPE_RESET,
	  "how far the connection had got" },
};

const struct match_kind *match_kind_at(size_t i)
{
	return i < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[i] : NULL;
}

bool match_is_l7(const struct match *m)
{
	return m->kind->fact >= FACT_SNI && m->kind->fact <= FACT_REPLY;
}

static enum tri tri_of(bool b)
{
	return b ? TRI_YES : TRI_NO;
}

static const struct l7_field *field_of(const struct l7 *l7, enum fact fact)
{
	switch (fact) {
	case FACT_SNI:
		return &l7->sni;
	case FACT_HOST:
		return &l7->host;
	case FACT_ALPN:
		return &l7->alpn;
	case FACT_METHOD:
		return &l7->method;
	case FACT_PATH:
		return &l7->path;
	default:
		return NULL;
	}
}

/* The protocols offered are joined with commas. */
static bool ask_alpn(const struct set *s, const struct l7_field *alpn)
{
	const char *at = alpn->text, *end = at + alpn->len;

	while (at <= end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t len = (size_t)((comma ? comma : end) - at);

		if (len > 0 && set_has_text(s, at, len))
			return true;
		at += len + 1;
	}
	return false;
}

static bool ask_field(const struct match *m, const struct l7_field *field)
{
	if (m->kind->type == SET_DOMAIN)
		return set_has_domain(m->set, field->text, field->len);
	if (m->kind->fact == FACT_ALPN)
		return ask_alpn(m->set, field);
	return set_has_text(m->set, field->text, field->len);
}

static enum tri ask_pattern(const struct match *m, struct bytes data, bool more,
			    const struct facts *f)
{
	if (m->pattern->regex && f->scratch == NULL)
		return TRI_NO;
	return pattern_ask(m->pattern, data, more, f->scratch);
}

/* What is asked of a reset that passes through. */
static enum tri ask_reset(const struct match *m, const struct facts *f)
{
	const struct reset_reading *r = f->reading;

	switch (m->kind->fact) {
	case FACT_RESET_PAYLOAD:
		return tri_of(r->class != RESET_CLASS_NONE);
	case FACT_RESET_TEXT:
		return ask_pattern(m, (struct bytes){ (const uint8_t *)r->text, strlen(r->text) },
				   false, f);
	case FACT_RESET_CODE:
		return tri_of(r->class == RESET_CLASS_DIAG && r->pen == 0 &&
			      set_has_number(m->set, r->code));
	default:
		return tri_of(set_has_choice(m->set, r->stage));
	}
}

static bool ask_limit(const struct match *m, const struct facts *f)
{
	bool within = f->limiter == NULL ||
		      limiter_take(f->limiter, &m->limit, f->tuple, 1, f->now_us);

	return within != m->limit.over;
}

/* The answer without "!=". */
static enum tri ask_plain(const struct match *m, const struct facts *f)
{
	switch (m->kind->fact) {
	case FACT_SADDR:
		return tri_of(set_has_addr(m->set, &f->tuple->src));
	case FACT_DADDR:
		return tri_of(set_has_addr(m->set, &f->tuple->dst));
	case FACT_SPORT:
		return tri_of(set_has_number(m->set, f->tuple->sport));
	case FACT_DPORT:
		return tri_of(set_has_number(m->set, f->tuple->dport));
	case FACT_IIF:
		return tri_of(set_has_text(m->set, f->iif, strlen(f->iif)));
	case FACT_OIF:
		return tri_of(set_has_text(m->set, f->oif, strlen(f->oif)));
	case FACT_PAYLOAD:
		return ask_pattern(m, f->payload[0], f->more[0], f);
	case FACT_REPLY:
		return ask_pattern(m, f->payload[1], f->more[1], f);
	case FACT_CT_STATE:
		return tri_of(set_has_choice(m->set, f->ct_state));
	case FACT_MARK:
		return tri_of(set_has_mark(m->set, f->mark));
	case FACT_SCHEDULE:
		return tri_of(f->schedules >> m->schedule & 1);
	case FACT_LIMIT:
		return tri_of(ask_limit(m, f));
	case FACT_RESET_PAYLOAD:
	case FACT_RESET_TEXT:
	case FACT_RESET_CODE:
	case FACT_RESET_STAGE:
		return ask_reset(m, f);
	default:
		return tri_of(ask_field(m, field_of(f->l7, m->kind->fact)));
	}
}

/* Family, protocol and the presence of an L7 field are asked first, and "!=" does not negate them:
 * "tcp dport != 25" is still TCP, "tls sni != @s" still has a server name. */
enum tri match_ask(const struct match *m, const struct facts *f)
{
	const struct match_kind *k = m->kind;
	const struct l7_field *field;
	enum tri answer;

	if ((k->family != 0 && f->tuple->family != k->family) ||
	    (k->proto != 0 && f->tuple->proto != k->proto))
		return TRI_NO;
	field = field_of(f->l7, k->fact);
	if (field != NULL && field->state != L7_KNOWN)
		return field->state == L7_PENDING ? TRI_MAYBE : TRI_NO;
	answer = ask_plain(m, f);
	if (answer == TRI_MAYBE || !m->negate)
		return answer;
	return answer == TRI_YES ? TRI_NO : TRI_YES;
}

bool match_entry(const struct match *m, const struct facts *f, char out[ENTRY_LEN])
{
	const struct l7_field *field = field_of(f->l7, m->kind->fact);
	const char *entry;

	if (m->set == NULL || m->negate)
		return false;
	switch (m->kind->fact) {
	case FACT_SADDR:
		return prefix_set_find(&m->set->addr, &f->tuple->src, out);
	case FACT_DADDR:
		return prefix_set_find(&m->set->addr, &f->tuple->dst, out);
	case FACT_SPORT:
		return set_find_number(m->set, f->tuple->sport, out);
	case FACT_DPORT:
		return set_find_number(m->set, f->tuple->dport, out);
	default:
		if (m->kind->type != SET_DOMAIN || field->state != L7_KNOWN)
			return false;
		entry = domain_set_find(&m->set->domain, field->text, field->len);
		if (entry == NULL)
			return false;
		snprintf(out, ENTRY_LEN, "%s%s", domain_entry_below(entry) ? "." : "",
			 domain_entry_name(entry));
		return true;
	}
}
