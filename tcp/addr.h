/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and transport tuples as values: IPv4 is held as ::ffff:a.b.c.d, ports in host order. */
#ifndef EPITAPH_TCP_ADDR_H
#define EPITAPH_TCP_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#define ADDR_STRLEN 46

enum ip_proto {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMPV6 = 58,
};

struct ip_addr {
	uint8_t b[16];
};

struct ip_tuple {
	struct ip_addr src, dst;
	uint16_t sport, dport; /* 0 where the protocol has no ports */
	uint8_t proto;
	uint8_t family; /* 4 or 6 */
};

/* An address from its 4 bytes on the wire. */
struct ip_addr addr_from_v4(const uint8_t b[4]);

/* True for ::ffff:0:0/96, that is for every IPv4 address held here. */
bool addr_is_v4(const struct ip_addr *a);

/* True for multicast (both families), 255.255.255.255 and the unspecified address: never an
 * end of a TCP connection (RFC 9293 3.9.2.3, RFC 1122 4.2.3.10). */
bool addr_is_not_unicast(const struct ip_addr *a);

bool addr_equal(const struct ip_addr *a, const struct ip_addr *b);
int addr_compare(const struct ip_addr *a, const struct ip_addr *b);

/* Text form without brackets. @out has ADDR_STRLEN bytes; returns it. */
const char *addr_format(const struct ip_addr *a, char *out);

/* Parse IPv4 or IPv6 text. Returns the family (4 or 6), or 0 when it is neither. */
int addr_parse(const char *text, struct ip_addr *out);

/* Parse "192.0.2.1:514" or "[2001:db8::1]:514". Returns the family, or 0 when it is neither. */
int addr_parse_port(const char *text, struct ip_addr *out, uint16_t *port);

/* The same flow seen from the other end. */
struct ip_tuple tuple_reverse(const struct ip_tuple *t);
bool tuple_equal(const struct ip_tuple *a, const struct ip_tuple *b);

#endif
