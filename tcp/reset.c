/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/reset.h"

#include "tcp/checksum.h"

#include <assert.h>

enum { OPTION_MD5 = 19, OPTION_AO = 29 };

static const char *const refusal_names[] = {
	[RESET_ALLOWED] = "allowed",
	[RESET_NOT_TCP] = "not TCP",
	[RESET_FOR_RESET] = "the packet is a reset itself",
	[RESET_FOR_FRAGMENT] = "fragment",
	[RESET_NOT_UNICAST] = "not unicast",
	[RESET_BAD_CHECKSUM] = "bad checksum",
	[RESET_PROTECTED] = "protected by TCP MD5 or TCP-AO",
};
static_assert(sizeof(refusal_names) / sizeof(refusal_names[0]) == RESET_REFUSALS,
	      "every refusal has a name");

const char *reset_refusal_name(enum reset_refusal r)
{
	assert(r < RESET_REFUSALS);
	return refusal_names[r];
}

enum reset_refusal reset_refuse(const struct packet *p, bool verify)
{
	if (p->fragment)
		return RESET_FOR_FRAGMENT;
	if (!packet_is_tcp(p))
		return RESET_NOT_TCP;
	if (p->flags & TCP_RST)
		return RESET_FOR_RESET;
	if (addr_is_not_unicast(&p->tuple.src) || addr_is_not_unicast(&p->tuple.dst))
		return RESET_NOT_UNICAST;
	if (verify && !packet_checksum_ok(p))
		return RESET_BAD_CHECKSUM;
	if (packet_has_option(p, OPTION_MD5) || packet_has_option(p, OPTION_AO))
		return RESET_PROTECTED;
	return RESET_ALLOWED;
}

/* The later one of @number and what @side acknowledged. */
static uint32_t at_least_acked(uint32_t number, const struct flow_side *side)
{
	return side != NULL && side->acked && seq_before(number, side->ack) ? side->ack : number;
}

struct reset_numbers reset_toward_sender(const struct packet *p, const struct flow_side *sender,
					 const struct flow_side *receiver)
{
	return (struct reset_numbers){
		.seq = p->flags & TCP_ACK ? at_least_acked(p->ack, sender) : 0,
		.ack = receiver != NULL && receiver->acked ? receiver->ack
							   : p->seq + packet_seg_len(p),
	};
}

struct reset_numbers reset_toward_receiver(const struct packet *p, const struct flow_side *receiver)
{
	return (struct reset_numbers){
		.seq = at_least_acked(p->seq, receiver),
		.ack = p->flags & TCP_ACK ? p->ack : 0,
	};
}

size_t ip_put_header(const struct ip_tuple *wire, uint8_t proto, uint8_t ttl, size_t len,
		     uint8_t *out)
{
	if (wire->family == 4) {
		memset(out, 0, 20);
		out[0] = 0x45;
		bytes_put16(out + 2, (uint16_t)(20 + len));
		out[6] = 0x40; /* DF: an IP-ID of 0 is then allowed (RFC 6864 4.1) */
		out[8] = ttl;
		out[9] = proto;
		memcpy(out + 12, wire->src.b + 12, 4);
		memcpy(out + 16, wire->dst.b + 12, 4);
		bytes_put16(out + 10, checksum_fold(checksum_add(0, (struct bytes){ out, 20 })));
		return 20;
	}
	memset(out, 0, 40);
	out[0] = 0x60;
	bytes_put16(out + 4, (uint16_t)len);
	out[6] = proto;
	out[7] = ttl;
	memcpy(out + 8, wire->src.b, 16);
	memcpy(out + 24, wire->dst.b, 16);
	return 40;
}

size_t reset_build(const struct ip_tuple *wire, struct reset_numbers n, uint8_t ttl,
		   struct bytes payload, uint8_t *out, size_t cap)
{
	size_t header = wire->family == 4 ? 20 : 40, l4 = 20 + payload.len;
	uint8_t *t = out + header;
	uint64_t sum;

	if (payload.len > RESET_TEXT_MAX || header + l4 > cap)
		return 0;
	ip_put_header(wire, PROTO_TCP, ttl, l4, out);
	memset(t, 0, 20);
	bytes_put16(t, wire->sport);
	bytes_put16(t + 2, wire->dport);
	bytes_put32(t + 4, n.seq);
	bytes_put32(t + 8, n.no_ack ? 0 : n.ack);
	t[12] = 5 << 4;
	t[13] = n.no_ack ? TCP_RST : TCP_RST | TCP_ACK;
	if (payload.len > 0)
		memcpy(t + 20, payload.at, payload.len);
	sum = checksum_pseudo(wire, PROTO_TCP, (uint32_t)l4);
	bytes_put16(t + 16, checksum_fold(checksum_add(sum, (struct bytes){ t, l4 })));
	return header + l4;
}

size_t reset_annotate(const struct packet *p, struct bytes text, uint8_t *out, size_t cap)
{
	size_t l4 = p->ip.len - p->l4_offset + text.len;
	uint8_t *t = out + p->l4_offset;
	uint64_t sum;

	if (!packet_is_tcp(p) || p->fragment || p->truncated || p->payload_len != 0 ||
	    text.len > RESET_TEXT_MAX || p->l4_offset + l4 > cap)
		return 0;
	memcpy(out, p->ip.at, p->ip.len);
	memcpy(out + p->ip.len, text.at, text.len);
	if (p->tuple.family == 4) {
		bytes_put16(out + 2, (uint16_t)(p->l4_offset + l4));
		bytes_put16(out + 10, 0);
		bytes_put16(out + 10,
			    checksum_fold(checksum_add(0, (struct bytes){ out, p->l4_offset })));
	} else {
		bytes_put16(out + 4, (uint16_t)(p->l4_offset + l4 - 40));
	}
	bytes_put16(t + 16, 0);
	sum = checksum_pseudo(&p->tuple, PROTO_TCP, (uint32_t)l4);
	bytes_put16(t + 16, checksum_fold(checksum_add(sum, (struct bytes){ t, l4 })));
	return p->l4_offset + l4;
}

void reset_diag(uint16_t code, uint32_t pen, uint8_t out[RESET_DIAG_LEN])
{
	assert(code != 0);
	bytes_put16(out, RESET_DIAG_MAGIC);
	bytes_put16(out + 2, code);
	bytes_put32(out + 4, pen);
}
