/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP segments and UDP datagrams between the lab's two hosts, with right checksums. */
#ifndef EPITAPH_TESTS_SEGMENT_H
#define EPITAPH_TESTS_SEGMENT_H

#include "tests/unit/unit.h"

#include "tcp/checksum.h"
#include "tcp/reset.h"

struct segment {
	bool reply; /* from the server */
	bool v6;
	uint16_t sport, dport; /* of the original direction */
	uint32_t seq, ack;
	uint8_t flags;
	struct bytes payload;
	bool has_window; /* else 64240 */
	uint16_t window;
	uint8_t scale; /* window scale option, in a SYN; 0: none */
};

static inline struct ip_tuple segment_tuple(const struct segment *s, uint8_t proto)
{
	struct ip_tuple t = { .sport = s->sport, .dport = s->dport, .proto = proto };

	t.family = (uint8_t)addr_parse(s->v6 ? "2001:db8::10" : "192.0.2.10", &t.src);
	addr_parse(s->v6 ? "2001:db8::20" : "198.51.100.20", &t.dst);
	return s->reply ? tuple_reverse(&t) : t;
}

static inline struct bytes segment_build(struct segment s)
{
	static uint8_t out[70000];
	struct ip_tuple wire = segment_tuple(&s, PROTO_TCP);
	size_t options = s.scale > 0 ? 4 : 0, header = 20 + options, len = header + s.payload.len;
	size_t at = ip_put_header(&wire, PROTO_TCP, 60, len, out);
	uint8_t *t = out + at;

	memset(t, 0, header);
	if (options > 0)
		memcpy(t + 20, (uint8_t[]){ 1, 3, 3, s.scale }, options);
	bytes_put16(t, wire.sport);
	bytes_put16(t + 2, wire.dport);
	bytes_put32(t + 4, s.seq);
	bytes_put32(t + 8, s.ack);
	t[12] = (uint8_t)(header / 4 << 4);
	t[13] = s.flags;
	bytes_put16(t + 14, s.has_window ? s.window : 64240);
	if (s.payload.len > 0)
		memcpy(t + header, s.payload.at, s.payload.len);
	bytes_put16(t + 16, checksum_fold(checksum_add(checksum_pseudo(&wire, PROTO_TCP, (uint32_t)len),
						       (struct bytes){ t, len })));
	return (struct bytes){ out, at + len };
}

static inline struct bytes datagram_build(struct segment s)
{
	static uint8_t out[2000];
	struct ip_tuple wire = segment_tuple(&s, PROTO_UDP);
	size_t len = 8 + s.payload.len, at = ip_put_header(&wire, PROTO_UDP, 60, len, out);
	uint8_t *u = out + at;

	memset(u, 0, 8);
	bytes_put16(u, wire.sport);
	bytes_put16(u + 2, wire.dport);
	bytes_put16(u + 4, (uint16_t)len);
	if (s.payload.len > 0)
		memcpy(u + 8, s.payload.at, s.payload.len);
	bytes_put16(u + 6, checksum_fold(checksum_add(checksum_pseudo(&wire, PROTO_UDP, (uint32_t)len),
						      (struct bytes){ u, len })));
	return (struct bytes){ out, at + len };
}

#endif
