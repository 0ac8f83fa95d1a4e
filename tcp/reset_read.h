/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading resets: what the payload of a RST says, and at which stage of its flow it came. */
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
	RESET_CLASSES,
};

enum reset_format {
	RESET_FORMAT_PLAIN,	/* RFC 1122 4.2.2.12: ASCII, no framing */
	RESET_FORMAT_RECORD,	/* draft-ietf-tcpm-rst-diagnostic-payload, 8 octets */
	RESET_FORMAT_FREE_TEXT, /* draft-boucadair -15, -16: 0xF317 and UTF-8 */
	RESET_FORMAT_CBOR,	/* draft-boucadair -00 to -12: CBOR sequence */
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
	RESET_KIND_REFUSED, /* the answer to a SYN: SEQ 0, ACK of the SYN (RFC 9293 3.10.7.1) */
	RESET_KIND_ABORT,   /* an open connection was ended */
	RESET_KINDS,
};

struct reset_reading {
	enum reset_class class;
	enum reset_format format;
	enum reset_stage stage;
	enum reset_kind kind;
	bool invalid_diag;   /* the record's magic with a wrong length or code 0 */
	bool text_truncated; /* by us, or because the capture ended */
	uint16_t code;	     /* RESET_CLASS_DIAG */
	uint32_t pen;
	uint8_t raw_len;
	uint8_t raw[READING_RAW_MAX];
	char text[READING_TEXT_MAX + 1]; /* printable ASCII; anything else as \xNN, '\' as '\\' */
};

/* Read the payload of @p, a RST segment. Stage and kind are left unknown. */
void reset_read(const struct packet *p, struct reset_reading *out);

/* Stage and kind of @p, sent by @side of @f (NULL when no flow is known: then the answer to a SYN alone is known as
 * one, RFC 9293 3.10.7.1). */
void reset_classify(const struct packet *p, const struct flow *f, enum flow_side_name side,
		    struct reset_reading *out);

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

#endif
