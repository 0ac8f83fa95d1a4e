/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/checksum.h"
#include "tcp/reset.h"

#include <assert.h>

enum {
	ICMP_UNREACHABLE = 3,
	ICMPV6_UNREACHABLE = 1,
	ICMP_HEADER = 8,
	TCP_CHECKSUM_AT = 16,
	UDP_CHECKSUM_AT = 6,
};

static const struct {
	uint8_t v4, v6;
} codes[] = {
	[UNREACHABLE_ADMIN] = { 13, 1 },
	[UNREACHABLE_NET] = { 0, 0 },
	[UNREACHABLE_HOST] = { 1, 3 },
	[UNREACHABLE_PORT] = { 3, 4 },
};
static_assert(sizeof(codes) / sizeof(codes[0]) == UNREACHABLES, "every reason has its codes");

/* What NAT has done to the transport checksum of @buffer, undone (RFC 1624): @p is how the packet came. */
static void restore_checksum(const struct packet *p, const struct packet *sent, uint8_t *buffer)
{
	size_t at = p->l4_offset + (packet_is_tcp(p) ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
	size_t dst = p->tuple.family == 4 ? 16 : 24, len = p->tuple.family == 4 ? 4 : 16;
	uint64_t was, is;
	uint16_t sum;

	if (!p->has_ports || !bytes_get16(sent->ip, at, &sum) || (sum == 0 && !packet_is_tcp(p)))
		return; /* it is not among what is quoted, or there is none */
	was = checksum_add(p->tuple.dport, bytes_cut(p->ip, dst, len));
	is = checksum_add(sent->tuple.dport, bytes_cut(sent->ip, dst, len));
	sum = checksum_fold((uint16_t)~sum + checksum_fold(was) + is);
	bytes_put16(buffer + at, sum == 0 && !packet_is_tcp(p) ? 0xffff : sum);
}

void packet_as_sent(const struct packet *p, const struct ip_addr *dst, uint16_t dport,
		    uint8_t *buffer, struct packet *out)
{
	size_t len = p->ip.len < ICMP_BUFFER ? p->ip.len : ICMP_BUFFER;

	memcpy(buffer, p->ip.at, len);
	*out = *p;
	out->ip = (struct bytes){ buffer, len };
	out->tuple.dst = *dst;
	out->tuple.dport = dport;
	if (p->tuple.family == 4) {
		memcpy(buffer + 16, dst->b + 12, 4);
		bytes_put16(buffer + 10, 0);
		bytes_put16(buffer + 10, checksum_fold(checksum_add(
						 0, bytes_cut(out->ip, 0, (buffer[0] & 15u) * 4))));
	} else {
		memcpy(buffer + 24, dst->b, 16);
	}
	if (p->has_ports && p->l4_offset + 4 <= len)
		bytes_put16(buffer + p->l4_offset + 2, dport);
	restore_checksum(p, out, buffer);
}

size_t icmp_build_unreachable(const struct packet *p, enum unreachable code,
			      const struct ip_addr *src, uint8_t *out, size_t cap,
			      size_t *l4_offset)
{
	bool v4 = p->tuple.family == 4;
	size_t header = v4 ? 20 : 40;
	size_t quote = v4 ? ICMP_QUOTE_V4 : ICMP_BUFFER - header - ICMP_HEADER, len;
	uint8_t proto = v4 ? PROTO_ICMP : PROTO_ICMPV6, *icmp = out + header;
	struct ip_tuple wire = { *src, p->tuple.src, 0, 0, proto, p->tuple.family };
	uint64_t sum = 0;

	if (p->later_fragment || packet_is_icmp_error(p) || addr_is_not_unicast(&p->tuple.src) ||
	    addr_is_not_unicast(&p->tuple.dst))
		return 0;
	if (quote > p->ip.len)
		quote = p->ip.len;
	len = ICMP_HEADER + quote;
	if (header + len > cap)
		return 0;
	ip_put_header(&wire, proto, RESET_TTL, len, out);
	memset(icmp, 0, ICMP_HEADER);
	icmp[0] = v4 ? ICMP_UNREACHABLE : ICMPV6_UNREACHABLE;
	icmp[1] = v4 ? codes[code].v4 : codes[code].v6;
	memcpy(icmp + ICMP_HEADER, p->ip.at, quote);
	if (!v4) /* RFC 4443 2.3; ICMP for IPv4 has no pseudo header */
		sum = checksum_pseudo(&wire, proto, (uint32_t)len);
	bytes_put16(icmp + 2, checksum_fold(checksum_add(sum, (struct bytes){ icmp, len })));
	*l4_offset = header;
	return header + len;
}
