/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match table. A new match is one row here, the function that asks it, and tests; parser, help
 * and manual take their lists from the table.
 */
#include "policy/policy.h"

static bool ask_saddr(const struct set *s, const struct facts *f)
{
	return set_has_addr(s, &f->tuple->src);
}

static bool ask_daddr(const struct set *s, const struct facts *f)
{
	return set_has_addr(s, &f->tuple->dst);
}

static bool ask_sport(const struct set *s, const struct facts *f)
{
	return set_has_port(s, f->tuple->sport);
}

static bool ask_dport(const struct set *s, const struct facts *f)
{
	return set_has_port(s, f->tuple->dport);
}

static bool ask_iifname(const struct set *s, const struct facts *f)
{
	return set_has_ifname(s, f->iif);
}

static bool ask_oifname(const struct set *s, const struct facts *f)
{
	return set_has_ifname(s, f->oif);
}

static bool ask_sni(const struct set *s, const struct facts *f)
{
	return set_has_domain(s, f->l7->sni.text, f->l7->sni.len);
}

static bool ask_host(const struct set *s, const struct facts *f)
{
	return set_has_domain(s, f->l7->host.text, f->l7->host.len);
}

static const struct l7_field *field_sni(const struct l7 *l7)
{
	return &l7->sni;
}

static const struct l7_field *field_host(const struct l7 *l7)
{
	return &l7->host;
}

static const struct match_kind kinds[] = {
	{ "saddr", SET_ADDR, 0, 0, NULL, ask_saddr, "address of the initiator" },
	{ "daddr", SET_ADDR, 0, 0, NULL, ask_daddr, "address of the responder" },
	{ "ip saddr", SET_ADDR, 4, 0, NULL, ask_saddr, "IPv4 address of the initiator" },
	{ "ip daddr", SET_ADDR, 4, 0, NULL, ask_daddr, "IPv4 address of the responder" },
	{ "ip6 saddr", SET_ADDR, 6, 0, NULL, ask_saddr, "IPv6 address of the initiator" },
	{ "ip6 daddr", SET_ADDR, 6, 0, NULL, ask_daddr, "IPv6 address of the responder" },
	{ "tcp sport", SET_PORT, 0, PROTO_TCP, NULL, ask_sport, "TCP port of the initiator" },
	{ "tcp dport", SET_PORT, 0, PROTO_TCP, NULL, ask_dport, "TCP port of the responder" },
	{ "udp sport", SET_PORT, 0, PROTO_UDP, NULL, ask_sport, "UDP port of the initiator" },
	{ "udp dport", SET_PORT, 0, PROTO_UDP, NULL, ask_dport, "UDP port of the responder" },
	{ "iifname", SET_IFNAME, 0, 0, NULL, ask_iifname, "interface the flow came in by" },
	{ "oifname", SET_IFNAME, 0, 0, NULL, ask_oifname, "interface the flow leaves by" },
	{ "tls sni", SET_DOMAIN, 0, PROTO_TCP, field_sni, ask_sni, "server name of a ClientHello" },
	{ "http host", SET_DOMAIN, 0, PROTO_TCP, field_host, ask_host,
	  "host of an HTTP/1 request" },
};

const struct match_kind *match_kind_at(size_t i)
{
	return i < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[i] : NULL;
}

/* Family, protocol and the presence of an L7 field are asked first, and "!=" does not negate them:
 * "tcp dport != 25" is still TCP, "tls sni != @s" still has a server name. */
enum tri match_ask(const struct match *m, const struct facts *f)
{
	const struct match_kind *k = m->kind;

	if ((k->family != 0 && f->tuple->family != k->family) ||
	    (k->proto != 0 && f->tuple->proto != k->proto))
		return TRI_NO;
	if (k->field != NULL) {
		enum l7_state state = k->field(f->l7)->state;

		if (state != L7_KNOWN)
			return state == L7_PENDING ? TRI_MAYBE : TRI_NO;
	}
	return k->ask(m->set, f) != m->negate ? TRI_YES : TRI_NO;
}
