/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bounds-checked view of one IP datagram: what the headers say, and where the payload lies. */
#ifndef EPITAPH_TCP_PACKET_H
#define EPITAPH_TCP_PACKET_H

#include "tcp/addr.h"
#include "tcp/bytes.h"

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

enum packet_error {
	PACKET_OK,
	PACKET_NOT_IP,	      /* the version is neither 4 nor 6 */
	PACKET_SHORT,	      /* a header does not fit into the datagram */
	PACKET_BAD_LENGTH,    /* a length field contradicts the datagram */
	PACKET_BAD_EXTENSION, /* an IPv6 extension chain that does not end */
	PACKET_ERRORS,
};

struct packet {
	struct bytes ip;       /* the datagram, cut to its own length field */
	struct ip_tuple tuple; /* ports are 0 unless has_ports */
	uint8_t ttl;
	uint8_t tos;
	uint16_t ip_id;	     /* IPv4 only */
	bool fragment;	     /* any fragment */
	bool later_fragment; /* offset not 0: no transport header */
	bool truncated;	     /* the capture holds less than the datagram had */
	bool has_ports;	     /* TCP or UDP, header complete */
	size_t l4_offset;    /* of the transport header in ip */
	uint32_t seq, ack;   /* TCP only, host order, from here on */
	uint16_t window;
	uint8_t flags;
	struct bytes options;
	struct bytes payload; /* what is there of the transport payload */
	uint32_t payload_len; /* what the datagram said it has */
};

/*
 * Parse the datagram @in, which starts at the IP header. On PACKET_OK *out is filled and points
 * into @in; otherwise it is untouched. A datagram longer than its bytes (a capture's snap length)
 * parses as long as its headers are there, and is marked truncated.
 */
enum packet_error packet_parse(struct bytes in, struct packet *out);

/* A short name for messages and tests. */
const char *packet_error_name(enum packet_error e);

static inline bool packet_is_tcp(const struct packet *p)
{
	return p->has_ports && p->tuple.proto == PROTO_TCP;
}

/* True for the segment that opens a connection: SYN without ACK. */
static inline bool packet_opens(const struct packet *p)
{
	return packet_is_tcp(p) && (p->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* SEG.LEN of RFC 9293: payload octets, with SYN and FIN counted. */
static inline uint32_t packet_seg_len(const struct packet *p)
{
	return p->payload_len + ((p->flags & TCP_SYN) != 0) + ((p->flags & TCP_FIN) != 0);
}

/* True when the transport checksum is right, or cannot be judged (truncated, a fragment, a
 * protocol other than TCP and UDP, a UDP/IPv4 checksum of 0). */
bool packet_checksum_ok(const struct packet *p);

/* True for ICMP and ICMPv6 messages that report an error, which are never answered (RFC 1122
 * 3.2.2, RFC 4443 2.4 e): they belong to the flow that they quote. */
bool packet_is_icmp_error(const struct packet *p);

/* The shift of the window scale option (RFC 7323 2.2), at most 14; -1 when there is none. */
int packet_window_scale(const struct packet *p);

/* True when a TCP option of this @kind is present (19 MD5, 29 TCP-AO, ...). */
bool packet_has_option(const struct packet *p, uint8_t kind);

#endif
