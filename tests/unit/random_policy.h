/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random policies and random flows out of a small world, so that they meet: sixteen addresses on either side
 * for each family, a dozen ports, two interfaces on either side, told by the address.
 */
#ifndef EPITAPH_TESTS_RANDOM_POLICY_H
#define EPITAPH_TESTS_RANDOM_POLICY_H

#include "tests/unit/random.h"

#include "tcp/addr.h"

#include <stdio.h>
#include <string.h>

enum { WORLD_HOSTS = 16, WORLD_PORTS = 12 };

static inline unsigned pick(uint64_t *state, unsigned n)
{
	return random_next(state) % n;
}

/* Address @host of @side, 0 for initiators: 10.1.0.0/28 and fd00:1::/124, 10.2.0.0/28 and fd00:2::/124. */
static inline struct ip_addr world_addr(uint8_t family, unsigned side, unsigned host)
{
	struct ip_addr a = { { 0xfd, [3] = (uint8_t)(1 + side), [15] = (uint8_t)host } };

	if (family == 4)
		return addr_from_v4((uint8_t[]){ 10, (uint8_t)(1 + side), 0, (uint8_t)host });
	return a;
}

/* A flow of this world; the interfaces that it takes are those of the halves that its ends are in. */
static inline void random_flow(uint64_t *state, struct ip_tuple *t, const char **iif,
			       const char **oif)
{
	unsigned from = pick(state, WORLD_HOSTS), to = pick(state, WORLD_HOSTS);
	unsigned kind = pick(state, 8);

	*t = (struct ip_tuple){ .family = pick(state, 3) == 0 ? 6 : 4 };
	t->src = world_addr(t->family, 0, from);
	t->dst = world_addr(t->family, 1, to);
	t->proto = kind < 4	    ? PROTO_TCP
		   : kind < 7	    ? PROTO_UDP
		   : t->family == 4 ? PROTO_ICMP
				    : PROTO_ICMPV6;
	if (kind < 7) {
		t->sport = (uint16_t)(1 + pick(state, WORLD_PORTS));
		t->dport = (uint16_t)(1 + pick(state, WORLD_PORTS));
	}
	*iif = from < WORLD_HOSTS / 2 ? "lan0" : "lan1";
	*oif = to < WORLD_HOSTS / 2 ? "wan0" : "wan1";
}

static inline void random_addr(uint64_t *state, uint8_t family, unsigned side, FILE *out)
{
	unsigned low = pick(state, WORLD_HOSTS);
	struct ip_addr from = world_addr(family, side, low);
	struct ip_addr to = world_addr(family, side, low + pick(state, WORLD_HOSTS - low));
	char text[ADDR_STRLEN];

	switch (pick(state, 6)) {
	case 0:
		fprintf(out, "%s-", addr_format(&from, text));
		fputs(addr_format(&to, text), out);
		break;
	case 1: /* the half that it is in */
		from = world_addr(family, side, low & 8);
		fprintf(out, "%s/%d", addr_format(&from, text), family == 4 ? 29 : 125);
		break;
	case 2:
		if (pick(state, 8) == 0) {
			fputs(family == 4 ? "0.0.0.0/0" : "::/0", out);
			break;
		}
		/* fall through */
	default:
		fputs(addr_format(&from, text), out);
	}
}

/* @family 0: of both. */
static inline void random_addrs(uint64_t *state, uint8_t family, unsigned side, FILE *out)
{
	unsigned n = 1 + pick(state, 4);

	fputs("{ ", out);
	for (unsigned i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : "", out);
		random_addr(state, family ? family : pick(state, 2) ? 4 : 6, side, out);
	}
	fputs(" }", out);
}

static inline void random_ports(uint64_t *state, FILE *out)
{
	unsigned n = 1 + pick(state, 3);

	fputs("{ ", out);
	for (unsigned i = 0; i < n; i++) {
		unsigned low = 1 + pick(state, WORLD_PORTS);

		fprintf(out, "%s%u", i > 0 ? ", " : "", low);
		if (pick(state, 3) == 0)
			fprintf(out, "-%u", low + pick(state, 4));
	}
	fputs(" }", out);
}

/* What the kernel can ask. @proto is that of the rule's ports. */
static inline void random_kernel_match(uint64_t *state, const char *proto, FILE *out)
{
	static const char *const iifs[] = { "\"lan0\"", "\"lan1\"", "\"lan*\"",
					    "{ \"lan0\", \"wan*\" }", "{ \"lan1\", \"*\" }" };
	static const char *const oifs[] = { "\"wan0\"", "{ \"wan1\", \"x*\", \"y\" }", "\"wan*\"" };
	const char *not = pick(state, 5) == 0 ? "!= " : "";
	unsigned side = pick(state, 2);

	switch (pick(state, 8)) {
	case 0:
		fprintf(out, "iifname %s%s ", not, iifs[pick(state, 5)]);
		break;
	case 1:
		fprintf(out, "oifname %s%s ", not, oifs[pick(state, 3)]);
		break;
	case 2:
		fprintf(out, "%s %saddr %s", pick(state, 2) ? "ip" : "", side ? "d" : "s", not );
		random_addrs(state, 4, side, out);
		break;
	case 3:
		fprintf(out, "%s %saddr %s", pick(state, 2) ? "ip6" : "", side ? "d" : "s", not );
		random_addrs(state, 6, side, out);
		break;
	case 4:
		fprintf(out, "%saddr %s@%s", side ? "d" : "s", not, side ? "there" : "here");
		break;
	case 5:
		fprintf(out, "%saddr %s", side ? "d" : "s", not );
		random_addrs(state, 0, side, out);
		break;
	default:
		fprintf(out, "%s %cport %s", proto, side ? 'd' : 's', not );
		random_ports(state, out);
	}
	fputc(' ', out);
}

static inline void random_rule(uint64_t *state, unsigned number, FILE *out)
{
	/* What the kernel cannot ask. */
	static const char *const others[] = { "tls sni \"a.example\" ",
					      "http host \".b.example\" ",
					      "payload contains \"x\" within 8 ",
					      "during office ",
					      "meta mark 7 ",
					      "ct state new ",
					      "limit over 1/hour per saddr ",
					      "limit 2/hour " };
	static const char *const actions[] = { "accept",     "accept",	     "accept",
					       "drop",	     "reset",	     "reject",
					       "accept log", "shadow reset", "log" };
	unsigned kernel = pick(state, 4), other = pick(state, 24);
	const char *proto = other >= 3 && pick(state, 3) == 0 ? "udp" : "tcp";

	fprintf(out, "\tr%u: ", number);
	for (unsigned i = 0; i < kernel; i++)
		random_kernel_match(state, proto, out);
	if (other < sizeof(others) / sizeof(others[0]))
		fputs(others[other], out);
	else if (kernel == 0)
		fprintf(out, "%s dport %u ", proto, 1 + pick(state, WORLD_PORTS));
	fprintf(out, "%s\n", actions[pick(state, sizeof(actions) / sizeof(actions[0]))]);
}

/* A whole policy of up to @rules rules. Every fourth has so many that ask alike that they are put together. */
static inline void random_policy(uint64_t *state, const char *daemon, unsigned rules, FILE *out)
{
	unsigned n = pick(state, rules), alike = pick(state, 4) == 0 ? 12 : 0;

	fprintf(out, "daemon { %s }\nset here { type addr; elements ", daemon);
	random_addrs(state, 0, 0, out);
	fprintf(out, " }\nset there { type addr; elements ");
	random_addrs(state, 0, 1, out);
	fprintf(out, " }\nschedule office { from 08:00; to 17:00 }\n");
	fprintf(out, "policy forward {\n\tdefault %s\n\ton undecided %s\n",
		pick(state, 4) == 0 ? "drop" : "accept", pick(state, 3) == 0 ? "drop" : "accept");
	for (unsigned i = 0; i < n; i++)
		random_rule(state, i, out);
	for (unsigned i = 0; i < alike; i++) {
		fprintf(out, "\ta%u: saddr ", i);
		random_addrs(state, 0, 0, out);
		fprintf(out, " daddr ");
		random_addrs(state, 0, 1, out);
		fprintf(out, " udp dport ");
		random_ports(state, out);
		fprintf(out, " %s\n", pick(state, 8) == 0 ? "accept" : "drop");
	}
	fprintf(out, "}\n");
}

#endif
