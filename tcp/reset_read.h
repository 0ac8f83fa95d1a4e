/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading resets: what the payload of a RST says, at which stage of its flow it came, and who may have sent it. */
#ifndef EPITAPH_TCP_RESET_READ_H
#define EPITAPH_TCP_RESET_READ_H

#include "tcp/flow.h"
#include "tcp/packet.h"

enum {
	READING_TEXT_MAX = 255, /* octets of sanitised text kept */
	READING_RAW_MAX = 64,	/* octets of the payload kept as they are */
};

enum reset_class {
	RESET_CLASS_NONE, /* no payload */
	RESET_CLASS_TEXT,
	RESET_CLASS_DIAG,    /* a reason code: the 8-byte record, or its CBOR predecessor */
	RESET_CLASS_PADDING, /* zeros, at most one octet before them */
	RESET_CLASS_BINARY,
	RESET_CLASS_ECHO, /* what the flow's ends said before */
	RESET_CLASSES,
};

enum reset_format {
	RESET_FORMAT_PLAIN,	    /* RFC 1122 4.2.2.12: ASCII, no framing */
	RESET_FORMAT_RECORD,	    /* draft-ietf-tcpm-rst-diagnostic-payload, 8 octets */
	RESET_FORMAT_FREE_TEXT,	    /* draft-boucadair -15, -16: 0xF317 and UTF-8 */
	RESET_FORMAT_CBOR,	    /* draft-boucadair -00 to -12: CBOR sequence */
	RESET_FORMAT_F5,	    /* text of a BIG-IP */
	RESET_FORMAT_STREAMS,	    /* text of HP-UX, Solaris */
	RESET_FORMAT_KERNEL_REASON, /* padding behind an octet that tells why */
	RESET_FORMAT_PACKET,	    /* echo: the packet that was answered, with its headers */
	RESET_FORMAT_DATA,	    /* echo: octets of the flow */
	RESET_FORMATS,
};

enum reset_stage {
	STAGE_UNKNOWN, /* the flow's opening was not seen */
	STAGE_SYN,
	STAGE_HANDSHAKE,
	STAGE_ESTABLISHED,
	STAGE_CLOSING,
	RESET_STAGES,
};

enum reset_kind {
	RESET_KIND_UNKNOWN,
	RESET_KIND_REFUSED,   /* the answer to a SYN: SEQ 0, ACK of the SYN (RFC 9293 3.10.7.1) */
	RESET_KIND_ABORT,     /* an end closed an open connection at once (RFC 9293 3.10.5) */
	RESET_KIND_HALF_OPEN, /* an end knows of no such connection (RFC 9293 3.5.1) */
	RESET_KIND_TIMEOUT,   /* the connection was forgotten, or given up, after silence */
	RESET_KIND_POLICY,    /* someone forbids it: we, or so it says */
	RESET_KIND_FORGED,    /* by its looks it is not from the end that it names; it may be */
	RESET_KINDS,
};

/* What is odd about a reset; each has innocent causes. */
enum reset_sign {
	SIGN_TTL,	/* hops unlike those of all packets of its sender before */
	SIGN_IP_ID,	/* IPv4 identification far from that of the sender's packet before */
	SIGN_TIMESTAMP, /* RST|ACK without TSopt in a flow that has it (RFC 7323 3.2: SHOULD) */
	SIGN_SEQ_BELOW, /* SEQ below what its sender had sent (DATA_SEQ_RST, NDSS 2009) */
	SIGN_SEQ, /* SEQ is neither what its sender sends next nor what the other end waits for */
	SIGN_ACK, /* acknowledges what was not sent, or nothing */
	SIGN_SEQ_CHANGE, /* back to back with another one of lower SEQ (RST_SEQ_CHANGE) */
	SIGN_ACK_CHANGE, /* back to back with another one of other ACK (RST_ACK_CHANGE) */
	SIGN_WENT_ON,	 /* its sender sent data afterwards (RST_SEQ_DATA) */
	SIGN_HERE, /* seen to leave this host, which is not whom it names, and not to come in */
	RESET_SIGNS,
};

enum { RESET_PATTERN_MAX = 64 };

struct reset_reading {
	enum reset_class class;
	enum reset_format format;
	enum reset_stage stage;
	enum reset_kind kind;
	enum reset_kind
		claim;	     /* what the payload, or that of the reset before it, says that it is */
	bool invalid_diag;   /* the record's magic with a wrong length or code 0 */
	bool text_truncated; /* by us, or because the capture ended */
	bool ours;	     /* we sent it */
	uint16_t signs;	     /* a bit for each enum reset_sign */
	int64_t quiet_us; /* silence of the flow before it, or before what it answers; 0: not known */
	char pattern
		[RESET_PATTERN_MAX]; /* what came before it, "psh>rst+ack;rst"; "" when not known */
	uint16_t code;		     /* RESET_CLASS_DIAG, RESET_FORMAT_KERNEL_REASON */
	uint32_t pen;
	uint8_t raw_len;
	uint8_t raw[READING_RAW_MAX];
	char text[READING_TEXT_MAX + 1]; /* printable ASCII; anything else as \xNN, '\' as '\\' */
};

/* Read the payload of @p, a RST segment. What depends on its flow is left unknown. */
void reset_read(const struct packet *p, struct reset_reading *out);

/* @p's payload is what an end of its flow had sent before. */
void reset_set_echo(const struct packet *p, struct reset_reading *out);

struct reset_circumstances {
	int64_t now_us;
	bool sees_all; /* no packet of the flow is missing: its numbers can be judged by */
};

/*
 * Stage, kind, signs and pattern of @p, which was read into @out and is in the name of @side of @f; that flow was
 * not told of it yet. @f is NULL when no flow is known: then the answer to a SYN alone is known as one
 * (RFC 9293 3.10.7.1), and what a payload claims.
 */
void reset_classify(const struct packet *p, const struct flow *f, enum flow_side_name side,
		    const struct reset_circumstances *c, struct reset_reading *out);

/* The name of a code of the TCP Failure Causes registry, as draft-ietf -03 and as -02 number it;
 * NULL when the table has none. Both numberings have the same magic, so a reader cannot tell. */
const char *reset_code_name_03(uint16_t code);
const char *reset_code_name_02(uint16_t code);

/* How the registry is numbered: -03 renumbered it, and nothing on the wire tells. */
enum code_table { CODES_IETF_03, CODES_IETF_02, CODE_TABLES };

/* The number that a service function's reason, given in -03 numbering, has in @table. */
uint16_t reset_code_in(enum code_table table, uint16_t code_03);

/* The code of a service function's reason by its name (-03 numbering), or 0. */
uint16_t reset_code_by_name(const char *name);

/* The i-th name that reset_code_by_name() knows, or NULL past the end. */
const char *reset_code_name(size_t i);

const char *reset_class_name(enum reset_class c);
const char *reset_format_name(enum reset_format f);
const char *reset_stage_name(enum reset_stage s);
const char *reset_kind_name(enum reset_kind k);
const char *reset_sign_name(enum reset_sign s);

#endif
