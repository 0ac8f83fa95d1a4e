/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/addr.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

struct ip_addr addr_from_v4(const uint8_t b[4])
{
	struct ip_addr a;

	memcpy(a.b, v4_prefix, sizeof(v4_prefix));
	memcpy(a.b + 12, b, 4);
	return a;
}

bool addr_is_v4(const struct ip_addr *a)
{
	return memcmp(a->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool addr_is_not_unicast(const struct ip_addr *a)
{
	static const uint8_t zero[16];

	if (addr_is_v4(a))
		return a->b[12] == 0 || a->b[12] >= 224;
	return a->b[0] == 0xff || memcmp(a->b, zero, sizeof(zero)) == 0;
}

bool addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int addr_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

const char *addr_format(const struct ip_addr *a, char *out)
{
	const char *text;

	if (addr_is_v4(a))
		text = inet_ntop(AF_INET, a->b + 12, out, ADDR_STRLEN);
	else
		text = inet_ntop(AF_INET6, a->b, out, ADDR_STRLEN);
	return text;
}

int addr_parse(const char *text, struct ip_addr *out)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, text, b) == 1) {
		*out = addr_from_v4(b);
		return 4;
	}
	if (inet_pton(AF_INET6, text, b) == 1) {
		memcpy(out->b, b, sizeof(b));
		return 6;
	}
	return 0;
}

int addr_parse_port(const char *text, struct ip_addr *out, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char host[ADDR_STRLEN], *end = NULL;
	bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
	long number = colon ? strtol(colon + 1, &end, 10) : 0;
	int family;

	if (number < 1 || number > UINT16_MAX || *end != '\0' || colon[1] < '0' || colon[1] > '9')
		return 0;
	len -= brackets ? 2 : 0;
	if (len >= sizeof(host))
		return 0;
	memcpy(host, text + brackets, len);
	host[len] = '\0';
	*port = (uint16_t)number;
	family = addr_parse(host, out);
	return (family == 6) == brackets ? family : 0;
}

struct ip_tuple tuple_reverse(const struct ip_tuple *t)
{
	return (struct ip_tuple){
		.src = t->dst,
		.dst = t->src,
		.sport = t->dport,
		.dport = t->sport,
		.proto = t->proto,
		.family = t->family,
	};
}

bool tuple_equal(const struct ip_tuple *a, const struct ip_tuple *b)
{
	return a->sport == b->sport && a->dport == b->dport && a->proto == b->proto &&
	       a->family == b->family && addr_equal(&a->src, &b->src) &&
	       addr_equal(&a->dst, &b->dst);
}
