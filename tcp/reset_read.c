/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/reset_read.h"

#include "tcp/reset.h"

#include <assert.h>

enum {
	FREE_TEXT_MAGIC = 0xf317,
	CBOR_UINT16 = 0x19, /* major type 0, two octets follow */
	KERNEL_REASON_LEN = 1000,
	TCP_HEADER = 20,
	TEXT_PERCENT = 90, /* printable share from which a payload is text */
};

#define NAMES(table, count, what)                                                                  \
	static_assert(sizeof(table) / sizeof((table)[0]) == (count), "every " what " has a name")

static const char *const class_names[] = {
	[RESET_CLASS_NONE] = "none",	 [RESET_CLASS_TEXT] = "text",
	[RESET_CLASS_DIAG] = "diag",	 [RESET_CLASS_PADDING] = "padding",
	[RESET_CLASS_BINARY] = "binary", [RESET_CLASS_ECHO] = "echo",
};
NAMES(class_names, RESET_CLASSES, "class");

static const char *const format_names[] = {
	[RESET_FORMAT_PLAIN] = "plain",
	[RESET_FORMAT_RECORD] = "record",
	[RESET_FORMAT_FREE_TEXT] = "free-text",
	[RESET_FORMAT_CBOR] = "cbor",
	[RESET_FORMAT_F5] = "f5",
	[RESET_FORMAT_STREAMS] = "streams",
	[RESET_FORMAT_KERNEL_REASON] = "kernel-reason",
	[RESET_FORMAT_PACKET] = "packet",
	[RESET_FORMAT_DATA] = "data",
};
NAMES(format_names, RESET_FORMATS, "format");

const char *reset_class_name(enum reset_class c)
{
	return class_names[c];
}

const char *reset_format_name(enum reset_format f)
{
	return format_names[f];
}

static const char *const codes_03[] = {
	[1] = "illegal option length",
	[2] = "data after application close",
	[3] = "abort process",
	[4] = "segment in closed state",
	[5] = "ack in listen",
	[6] = "unacceptable ack in syn-sent",
	[7] = "unacceptable ack in syn-received",
	[8] = "in-window syn",
	[9] = "unexpected security compartment",
	[10] = "malformed message",
	[11] = "not authorized",
	[12] = "resource exceeded",
	[13] = "network failure",
	[14] = "reset received from the peer",
	[15] = "destination unreachable",
	[16] = "connection timeout",
	[17] = "too much outstanding data",
	[18] = "unacceptable performance",
	[19] = "middlebox interference",
};

static const char *const codes_02[] = {
	[1] = "illegal option length",
	[2] = "desynchronized state",
	[3] = "new data received after close",
	[4] = "abort process",
	[5] = "unexpected ack by non-synchronized connection",
	[6] = "in-window syn",
	[7] = "unexpected security compartment",
	[8] = "malformed message",
	[9] = "not authorized",
	[10] = "resource exceeded",
	[11] = "network failure",
	[12] = "reset received from the peer",
	[13] = "destination unreachable",
	[14] = "connection timeout",
	[15] = "too much outstanding data",
	[16] = "unacceptable performance",
	[17] = "middlebox interference",
};

#define LOOKUP(table, code) ((code) < sizeof(table) / sizeof((table)[0]) ? (table)[code] : NULL)

const char *reset_code_name_03(uint16_t code)
{
	return LOOKUP(codes_03, code);
}

const char *reset_code_name_02(uint16_t code)
{
	return LOOKUP(codes_02, code);
}

/* The block that service functions may use (draft-ietf -03, Table 2). */
static const struct {
	const char *name;
	uint16_t code;
} service_codes[] = {
	{ "malformed-message", 10 },  { "not-authorized", 11 },	 { "resource-exceeded", 12 },
	{ "network-failure", 13 },    { "reset-from-peer", 14 }, { "destination-unreachable", 15 },
	{ "connection-timeout", 16 },
};

uint16_t reset_code_in(enum code_table table, uint16_t code_03)
{
	/* "Desynchronized state" is gone, two others came: what service functions use moved by two. */
	return table == CODES_IETF_02 ? (uint16_t)(code_03 - 2) : code_03;
}

uint16_t reset_code_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(service_codes) / sizeof(service_codes[0]); i++) {
		if (strcmp(service_codes[i].name, name) == 0)
			return service_codes[i].code;
	}
	return 0;
}

const char *reset_code_name(size_t i)
{
	return i < sizeof(service_codes) / sizeof(service_codes[0]) ? service_codes[i].name : NULL;
}

static bool is_printable(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* Copy @b as printable ASCII. A truncated text ends at a whole character or escape. */
static void sanitise(struct bytes b, struct reset_reading *r)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.at[i];
		size_t need = !is_printable(c) ? 4 : c == '\\' ? 2 : 1;

		if (need > READING_TEXT_MAX - used) {
			r->text_truncated = true;
			break;
		}
		if (need > 1)
			r->text[used++] = '\\';
		if (need == 4) {
			r->text[used++] = 'x';
			r->text[used++] = hex[c >> 4];
			c = (uint8_t)hex[c & 15];
		}
		r->text[used++] = (char)c;
	}
	r->text[used] = '\0';
}

static void set_text(struct bytes b, enum reset_format format, struct reset_reading *r)
{
	r->class = RESET_CLASS_TEXT;
	r->format = format;
	sanitise(b, r);
}

/* One CBOR head (RFC 8949 3): major type and argument; false when it is none that was used. */
static bool cbor_head(struct bytes b, size_t *at, uint8_t *major, uint32_t *arg)
{
	uint8_t head, v8 = 0;
	uint16_t v16 = 0;

	if (!bytes_get8(b, *at, &head))
		return false;
	*major = head >> 5;
	*arg = head & 31;
	*at += 1;
	if (*arg < 24)
		return true;
	if (*arg == 24 && bytes_get8(b, *at, &v8)) {
		*arg = v8;
		*at += 1;
		return true;
	}
	if (*arg == 25 && bytes_get16(b, *at, &v16)) {
		*arg = v16;
		*at += 2;
		return true;
	}
	if (*arg == 26 && bytes_get32(b, *at, arg)) {
		*at += 4;
		return true;
	}
	return false;
}

/* A CBOR sequence: an unsigned integer, then a map with 1: code, 2: PEN, 3: description. */
static bool read_cbor(struct bytes b, struct reset_reading *r)
{
	size_t at = 0;
	uint32_t pairs, key, arg, code = 0, pen = 0;
	uint8_t major, first;
	struct bytes text = { NULL, 0 };

	if (!bytes_get8(b, 0, &first) || first != CBOR_UINT16 || !cbor_head(b, &at, &major, &arg) ||
	    !cbor_head(b, &at, &major, &pairs) || major != 5 || pairs == 0 || pairs > 3)
		return false;
	while (pairs-- > 0) {
		if (!cbor_head(b, &at, &major, &key) || major != 0 ||
		    !cbor_head(b, &at, &major, &arg))
			return false;
		if (key == 1 && major == 0 && arg <= UINT16_MAX)
			code = arg;
		else if (key == 2 && major == 0)
			pen = arg;
		else if (key == 3 && major == 3 && bytes_at(b, at, arg) != NULL) {
			text = bytes_cut(b, at, arg);
			at += arg;
		} else
			return false;
	}
	if (at != b.len)
		return false;
	set_text(text, RESET_FORMAT_CBOR, r);
	if (code != 0) {
		r->class = RESET_CLASS_DIAG;
		r->code = (uint16_t)code;
		r->pen = pen;
	}
	return true;
}

/* 0x33AA: exactly 8 octets and a code that is not 0 (draft-ietf -03, section 4). */
static bool read_record(const struct packet *p, struct reset_reading *r)
{
	uint16_t magic, code = 0;
	struct bytes b = p->payload;

	if (!bytes_get16(b, 0, &magic) || magic != RESET_DIAG_MAGIC)
		return false;
	bytes_get16(b, 2, &code);
	if (p->payload_len != RESET_DIAG_LEN || b.len != RESET_DIAG_LEN || code == 0) {
		r->invalid_diag = true;
		return false;
	}
	r->class = RESET_CLASS_DIAG;
	r->format = RESET_FORMAT_RECORD;
	r->code = code;
	bytes_get32(b, 4, &r->pen);
	return true;
}

static bool is_padding(struct bytes b)
{
	for (size_t i = 1; i < b.len; i++) {
		if (b.at[i] != 0)
			return false;
	}
	return b.len > 1 || b.at[0] == 0;
}

/* Tencent's hosts send 1000 octets, the first of which is why Linux sent the reset (enum sk_rst_reason;
 * draft-ietf-tcpm-rst-diagnostic-payload, appendix A). */
static void set_padding(const struct packet *p, struct reset_reading *r)
{
	r->class = RESET_CLASS_PADDING;
	if (p->payload_len == KERNEL_REASON_LEN && p->payload.at[0] != 0) {
		r->format = RESET_FORMAT_KERNEL_REASON;
		r->code = p->payload.at[0];
	}
}

static bool is_text(struct bytes b)
{
	size_t printable = 0;

	for (size_t i = 0; i < b.len; i++)
		printable += is_printable(b.at[i]) || b.at[i] == '\n' || b.at[i] == '\r' ||
			     b.at[i] == '\t';
	return printable * 100 >= b.len * TEXT_PERCENT;
}

/* Where a text is from, by the words that it begins with. */
static enum reset_format format_of_text(const char *text)
{
	if (strncmp(text, "BIG-IP: [", 9) == 0 || strncmp(text, "[F5RST", 6) == 0)
		return RESET_FORMAT_F5; /* tm.rstcause.pkt */
	if (strncmp(text, "tcp_close, ", 11) == 0 || strncmp(text, "No listener", 11) == 0)
		return RESET_FORMAT_STREAMS; /* tcp_text_in_resets of HP-UX, and Solaris */
	return RESET_FORMAT_PLAIN;
}

/* Some stacks quote the segment that they answer, with its headers. */
static bool quotes_packet(const struct packet *p)
{
	struct packet quoted;
	struct bytes b = p->payload;
	uint16_t sport, dport;

	if (packet_parse(b, &quoted) == PACKET_OK && packet_is_tcp(&quoted)) {
		struct ip_tuple answered = tuple_reverse(&p->tuple);

		return tuple_equal(&quoted.tuple, &answered);
	}
	return b.len >= TCP_HEADER && bytes_get16(b, 0, &sport) && bytes_get16(b, 2, &dport) &&
	       sport == p->tuple.dport && dport == p->tuple.sport && sport != 0;
}

void reset_set_echo(const struct packet *p, struct reset_reading *out)
{
	set_text(p->payload, RESET_FORMAT_DATA, out);
	out->class = RESET_CLASS_ECHO;
}

void reset_read(const struct packet *p, struct reset_reading *out)
{
	struct bytes b = p->payload;
	uint16_t magic = 0;

	memset(out, 0, sizeof(*out));
	if (b.len == 0)
		return;
	out->raw_len = (uint8_t)(b.len < READING_RAW_MAX ? b.len : READING_RAW_MAX);
	memcpy(out->raw, b.at, out->raw_len);
	out->text_truncated = b.len < p->payload_len;
	bytes_get16(b, 0, &magic);
	if (read_record(p, out))
		return;
	if (magic == FREE_TEXT_MAGIC && b.len > 2)
		set_text(bytes_cut(b, 2, b.len), RESET_FORMAT_FREE_TEXT, out);
	else if (!out->invalid_diag && read_cbor(b, out))
		return;
	else if (is_padding(b))
		set_padding(p, out);
	else if (quotes_packet(p)) {
		out->class = RESET_CLASS_ECHO;
		out->format = RESET_FORMAT_PACKET;
	} else if (!out->invalid_diag && is_text(b)) {
		set_text(b, RESET_FORMAT_PLAIN, out);
		out->format = format_of_text(out->text);
	} else
		out->class = RESET_CLASS_BINARY;
}
