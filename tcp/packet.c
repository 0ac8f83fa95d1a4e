/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/packet.h"

#include "tcp/checksum.h"

#include <assert.h>

enum { OPTION_WINDOW_SCALE = 3, WINDOW_SCALE_MAX = 14 };

enum {
	IPV4_HEADER_MIN = 20,
	IPV6_HEADER = 40,
	TCP_HEADER_MIN = 20,
	UDP_HEADER = 8,
	IPV6_EXTENSIONS_MAX = 8, /* more than this is no traffic that hosts send */
};

enum ipv6_next {
	NEXT_HOP_BY_HOP = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTH = 51,
	NEXT_DESTINATION = 60,
	NEXT_MOBILITY = 135,
};

static const char *const error_names[] = {
	[PACKET_OK] = "ok",
	[PACKET_NOT_IP] = "not IP",
	[PACKET_SHORT] = "short header",
	[PACKET_BAD_LENGTH] = "bad length",
	[PACKET_BAD_EXTENSION] = "bad extension header",
};
static_assert(sizeof(error_names) / sizeof(error_names[0]) == PACKET_ERRORS,
	      "every packet error has a name");

const char *packet_error_name(enum packet_error e)
{
	assert(e < PACKET_ERRORS);
	return error_names[e];
}

static enum packet_error parse_ipv4(struct bytes in, struct packet *p)
{
	const uint8_t *h = bytes_at(in, 0, IPV4_HEADER_MIN);
	uint16_t total = 0, frag = 0;
	size_t header;

	if (h == NULL)
		return PACKET_SHORT;
	header = (size_t)(h[0] & 0x0f) * 4;
	bytes_get16(in, 2, &total);
	bytes_get16(in, 4, &p->ip_id);
	bytes_get16(in, 6, &frag);
	if (header < IPV4_HEADER_MIN)
		return PACKET_BAD_LENGTH;
	if (total == 0) /* an aggregate above 64 KiB (BIG TCP) has no length of its own */
		p->ip = in;
	else if (total < header)
		return PACKET_BAD_LENGTH;
	else
		p->ip = bytes_cut(in, 0, total);
	if (bytes_at(p->ip, 0, header) == NULL)
		return PACKET_SHORT;
	p->truncated = total > in.len;
	p->payload_len = (uint32_t)((total ? total : in.len) - header);
	p->tos = h[1];
	p->ttl = h[8];
	p->fragment = (frag & 0x3fff) != 0;
	p->later_fragment = (frag & 0x1fff) != 0;
	p->tuple.family = 4;
	p->tuple.proto = h[9];
	p->tuple.src = addr_from_v4(h + 12);
	p->tuple.dst = addr_from_v4(h + 16);
	p->l4_offset = header;
	return PACKET_OK;
}

/* Walk the extension headers (RFC 8200 4) until a transport protocol stands next. */
static enum packet_error walk_extensions(struct packet *p, uint8_t next)
{
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		const uint8_t *h = bytes_at(p->ip, p->l4_offset, 8);
		size_t len;

		switch (next) {
		case NEXT_HOP_BY_HOP:
		case NEXT_ROUTING:
		case NEXT_DESTINATION:
		case NEXT_MOBILITY:
			len = h ? ((size_t)h[1] + 1) * 8 : 0;
			break;
		case NEXT_AUTH: /* RFC 4302 2.2: in units of 4, minus 2 */
			len = h ? ((size_t)h[1] + 2) * 4 : 0;
			break;
		case NEXT_FRAGMENT:
			len = 8;
			break;
		default:
			p->tuple.proto = next;
			return PACKET_OK;
		}
		if (h == NULL || bytes_at(p->ip, p->l4_offset, len) == NULL || len > p->payload_len)
			return PACKET_SHORT;
		if (next == NEXT_FRAGMENT) {
			uint16_t frag = (uint16_t)(h[2] << 8 | h[3]);

			p->fragment |= (frag & 0xfff9) != 0;
			p->later_fragment |= (frag & 0xfff8) != 0;
		}
		next = h[0];
		p->l4_offset += len;
		p->payload_len -= (uint32_t)len;
		if (p->later_fragment) {
			p->tuple.proto = next;
			return PACKET_OK;
		}
	}
	return PACKET_BAD_EXTENSION;
}

static enum packet_error parse_ipv6(struct bytes in, struct packet *p)
{
	const uint8_t *h = bytes_at(in, 0, IPV6_HEADER);
	uint16_t len = 0;

	if (h == NULL)
		return PACKET_SHORT;
	bytes_get16(in, 4, &len);
	p->ip = len ? bytes_cut(in, 0, (size_t)IPV6_HEADER + len) : in;
	p->truncated = (size_t)IPV6_HEADER + len > in.len;
	p->payload_len = (uint32_t)(len ? len : in.len - IPV6_HEADER);
	p->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
	p->ttl = h[7];
	p->tuple.family = 6;
	memcpy(p->tuple.src.b, h + 8, 16);
	memcpy(p->tuple.dst.b, h + 24, 16);
	p->l4_offset = IPV6_HEADER;
	return walk_extensions(p, h[6]);
}

static enum packet_error parse_tcp(struct packet *p)
{
	const uint8_t *h = bytes_at(p->ip, p->l4_offset, TCP_HEADER_MIN);
	size_t header;

	if (h == NULL)
		return PACKET_SHORT;
	header = (size_t)(h[12] >> 4) * 4;
	if (header < TCP_HEADER_MIN || header > p->payload_len)
		return PACKET_BAD_LENGTH;
	if (bytes_at(p->ip, p->l4_offset, header) == NULL)
		return PACKET_SHORT;
	bytes_get32(p->ip, p->l4_offset + 4, &p->seq);
	bytes_get32(p->ip, p->l4_offset + 8, &p->ack);
	bytes_get16(p->ip, p->l4_offset + 14, &p->window);
	p->flags = h[13];
	p->options = bytes_cut(p->ip, p->l4_offset + TCP_HEADER_MIN, header - TCP_HEADER_MIN);
	p->payload = bytes_cut(p->ip, p->l4_offset + header, p->payload_len - header);
	p->payload_len -= (uint32_t)header;
	return PACKET_OK;
}

static enum packet_error parse_udp(struct packet *p)
{
	uint16_t len = 0;

	if (!bytes_get16(p->ip, p->l4_offset + 4, &len) ||
	    bytes_at(p->ip, p->l4_offset, UDP_HEADER) == NULL)
		return PACKET_SHORT;
	if (len != 0 && (len < UDP_HEADER || (len > p->payload_len && !p->fragment)))
		return PACKET_BAD_LENGTH;
	p->payload_len -= UDP_HEADER;
	if (len != 0 && (uint32_t)(len - UDP_HEADER) < p->payload_len)
		p->payload_len = (uint32_t)(len - UDP_HEADER);
	p->payload = bytes_cut(p->ip, p->l4_offset + UDP_HEADER, p->payload_len);
	return PACKET_OK;
}

enum packet_error packet_parse(struct bytes in, struct packet *out)
{
	struct packet p = { 0 };
	enum packet_error e = PACKET_NOT_IP;
	uint8_t version;

	if (!bytes_get8(in, 0, &version))
		return PACKET_SHORT;
	if (version >> 4 == 4)
		e = parse_ipv4(in, &p);
	else if (version >> 4 == 6)
		e = parse_ipv6(in, &p);
	if (e != PACKET_OK)
		return e;
	p.payload = bytes_cut(p.ip, p.l4_offset, p.payload_len);
	if (!p.later_fragment && (p.tuple.proto == PROTO_TCP || p.tuple.proto == PROTO_UDP)) {
		e = p.tuple.proto == PROTO_TCP ? parse_tcp(&p) : parse_udp(&p);
		if (e != PACKET_OK)
			return e;
		bytes_get16(p.ip, p.l4_offset, &p.tuple.sport);
		bytes_get16(p.ip, p.l4_offset + 2, &p.tuple.dport);
		p.has_ports = true;
	}
	*out = p;
	return PACKET_OK;
}

bool packet_checksum_ok(const struct packet *p)
{
	struct bytes l4;
	uint16_t sum = 0;

	if (!p->has_ports || p->truncated || p->fragment)
		return true;
	l4 = bytes_cut(p->ip, p->l4_offset, p->ip.len);
	if (p->tuple.proto == PROTO_UDP) {
		bytes_get16(l4, 6, &sum);
		if (sum == 0)
			return p->tuple.family == 4;
		l4.len = UDP_HEADER + p->payload_len;
	}
	return checksum_fold(checksum_add(
		       checksum_pseudo(&p->tuple, p->tuple.proto, (uint32_t)l4.len), l4)) == 0;
}

bool packet_is_icmp_error(const struct packet *p)
{
	uint8_t type;

	if (p->tuple.proto != PROTO_ICMP && p->tuple.proto != PROTO_ICMPV6)
		return false;
	if (p->later_fragment || !bytes_get8(p->ip, p->l4_offset, &type))
		return true;
	if (p->tuple.proto == PROTO_ICMPV6)
		return type < 128 || type == 137; /* RFC 4443 2.1, and redirects */
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* Where the option of this @kind starts in the options, or -1. */
static long find_option(const struct packet *p, uint8_t kind)
{
	size_t off = 0;
	uint8_t k, len;

	while (bytes_get8(p->options, off, &k) && k != 0) {
		if (k == kind)
			return (long)off;
		if (k == 1) {
			off++;
			continue;
		}
		if (!bytes_get8(p->options, off + 1, &len) || len < 2)
			return -1;
		off += len;
	}
	return -1;
}

bool packet_has_option(const struct packet *p, uint8_t kind)
{
	return find_option(p, kind) >= 0;
}

int packet_window_scale(const struct packet *p)
{
	long at = find_option(p, OPTION_WINDOW_SCALE);
	uint8_t shift;

	if (at < 0 || !bytes_get8(p->options, (size_t)at + 2, &shift))
		return -1;
	return shift < WINDOW_SCALE_MAX ? shift : WINDOW_SCALE_MAX;
}
