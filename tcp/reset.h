/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forging resets and ICMP errors: numbers from the packet that triggered them, bytes from the numbers. */
#ifndef EPITAPH_TCP_RESET_H
#define EPITAPH_TCP_RESET_H

#include "tcp/flow.h"
#include "tcp/packet.h"

enum {
	RESET_TEXT_MAX = 255, /* octets of text in one reset */
	RESET_BUFFER = 40 + 20 + RESET_TEXT_MAX + 1,
	ANNOTATED_BUFFER = 320 + 60 +
			   RESET_TEXT_MAX, /* with IPv6 extension headers and TCP options */
	RESET_TTL = 64,			   /* the default of ip_default_ttl and of hop_limit */
	RESET_DIAG_LEN = 8,
	RESET_DIAG_MAGIC = 0x33aa,
	ICMP_BUFFER = 1280,	  /* RFC 4443 2.4 (c): no error exceeds the minimum IPv6 MTU */
	ICMP_QUOTE_V4 = 576 - 28, /* RFC 1812 4.3.2.3 */
};

enum reset_refusal {
	RESET_ALLOWED,
	RESET_NOT_TCP,
	RESET_FOR_RESET,    /* RFC 9293 3.5.2: a reset is never answered */
	RESET_FOR_FRAGMENT, /* nf_reject_ip_tcphdr_get(): no answer to fragments */
	RESET_NOT_UNICAST,  /* RFC 1122 4.2.3.10 */
	RESET_BAD_CHECKSUM, /* nf_reject_ipv4.c: the segment is not what its sender sent */
	RESET_PROTECTED,    /* TCP MD5 or TCP-AO (RFC 2385, RFC 5925): the ends would drop it */
	RESET_REFUSALS,
};

/* Whether a reset may be sent because of @p. @verify is false for a packet whose checksum the
 * kernel has not filled in yet. */
enum reset_refusal reset_refuse(const struct packet *p, bool verify);
const char *reset_refusal_name(enum reset_refusal r);

/* Sequence and acknowledgment numbers of one reset, host order. */
struct reset_numbers {
	uint32_t seq, ack;
	bool no_ack; /* RST alone; else RST|ACK */
};

/*
 * Toward the sender of @p, in the name of its peer (RFC 9293 3.5.2): SEQ is SEG.ACK, or 0 when the
 * segment has no ACK. When @sender (what this end was seen to send, or NULL) has acknowledged more
 * since, that is its RCV.NXT. ACK is what @receiver (or NULL) was seen to acknowledge: it will not get
 * @p, and conntrack takes a reset that comes below an acknowledgment number for invalid
 * (nf_conntrack_proto_tcp.c). SEG.SEQ + SEG.LEN where it acknowledged nothing yet: in SYN-SENT the ACK
 * is what counts.
 */
struct reset_numbers reset_toward_sender(const struct packet *p, const struct flow_side *sender,
					 const struct flow_side *receiver);

/*
 * Toward the receiver of @p, which will not get @p itself: SEQ is SEG.SEQ, the receiver's RCV.NXT
 * unless something is in flight. When @p repeats what @receiver (what its side was seen to send)
 * has acknowledged already, its latest acknowledgment number is RCV.NXT.
 */
struct reset_numbers reset_toward_receiver(const struct packet *p,
					   const struct flow_side *receiver);

/*
 * Write the IP header of @wire in front of @len octets of @proto: TOS 0, IP-ID 0, DF, flow label 0.
 * @out has room for 40 octets. Returns its length.
 */
size_t ip_put_header(const struct ip_tuple *wire, uint8_t proto, uint8_t ttl, size_t len,
		     uint8_t *out);

/*
 * Write a RST datagram: no options, window 0, DF, TOS 0, IP-ID 0, flow label 0, @ttl, checksums
 * filled in. @wire holds the addresses and ports as they go out. Returns its length; 0 when @cap
 * does not hold it.
 */
size_t reset_build(const struct ip_tuple *wire, struct reset_numbers n, uint8_t ttl,
		   struct bytes payload, uint8_t *out, size_t cap);

/*
 * Write @p, a RST without payload, as it is but with @text (RFC 9293 3.5.3: a RST segment may carry
 * one) and its lengths and checksums renewed. Returns its length; 0 when @p is a fragment, was
 * truncated, carries a payload, or @cap does not hold it.
 */
size_t reset_annotate(const struct packet *p, struct bytes text, uint8_t *out, size_t cap);

/* The 8-byte TCP RST Diagnostic Payload of draft-ietf-tcpm-rst-diagnostic-payload: @code is not 0. */
void reset_diag(uint16_t code, uint32_t pen, uint8_t out[RESET_DIAG_LEN]);

/* What an ICMP or ICMPv6 destination unreachable says (RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1). */
enum unreachable {
	UNREACHABLE_ADMIN, /* communication administratively prohibited */
	UNREACHABLE_NET,   /* IPv6: no route */
	UNREACHABLE_HOST,  /* IPv6: address unreachable */
	UNREACHABLE_PORT,
	UNREACHABLES,
};

/*
 * The head of @p as its sender sent it, before DNAT: with @dst and @dport as its destination, in @buffer of
 * ICMP_BUFFER octets, which *out points into. For a quotation: checksums are as the sender had them.
 */
void packet_as_sent(const struct packet *p, const struct ip_addr *dst, uint16_t dport,
		    uint8_t *buffer, struct packet *out);

/*
 * Write an ICMP or ICMPv6 destination unreachable that quotes @p, from @src to @p's source. Returns its length with
 * the IP header, which takes *l4_offset octets; 0 when it must not be sent: in answer to an ICMP
 * error, a later fragment, multicast or broadcast (RFC 1122 3.2.2, RFC 4443 2.4).
 */
size_t icmp_build_unreachable(const struct packet *p, enum unreachable code,
			      const struct ip_addr *src, uint8_t *out, size_t cap,
			      size_t *l4_offset);

#endif
