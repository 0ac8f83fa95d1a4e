/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS ClientHello (RFC 8446 4.1.2), as much of it as has arrived.
 *
 * Theory of operation. A hello may span records (RFC 8446 5.1), so it is read through a reader
 * that steps over record headers. Its status is sticky: after "more" or "bad" every further read
 * gives zero and the caller looks at the status once, at the end.
 */
#include "tcp/inspect.h"

enum {
	RECORD_HANDSHAKE = 22,
	RECORD_HEADER = 5,
	RECORD_MAX = 16384 + 256,
	HANDSHAKE_CLIENT_HELLO = 1,
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_ALPN = 16,
	NAME_TYPE_HOST = 0,
};

enum hello_status { HELLO_OK, HELLO_MORE, HELLO_BAD };

struct hello {
	struct bytes data;
	size_t at;	    /* next octet in data */
	size_t record_left; /* octets left in the current record */
	uint32_t left;	    /* octets left in the message; UINT32_MAX before its length is known */
	enum hello_status status;
};

/* Step into the next record when the current one is used up. */
static void enter_record(struct hello *h)
{
	uint8_t type = RECORD_HANDSHAKE, major = 3;
	uint16_t len = 1;

	bytes_get8(h->data, h->at, &type);
	bytes_get8(h->data, h->at + 1, &major);
	bytes_get16(h->data, h->at + 3, &len);
	if (type != RECORD_HANDSHAKE || major != 3 || len == 0 || len > RECORD_MAX) {
		h->status = HELLO_BAD;
		return;
	}
	if (bytes_at(h->data, h->at, RECORD_HEADER) == NULL) {
		h->status = HELLO_MORE;
		return;
	}
	h->at += RECORD_HEADER;
	h->record_left = len;
}

/* Copy @n octets to @out, or skip them when @out is NULL. */
static void take(struct hello *h, uint8_t *out, size_t n)
{
	if (h->status == HELLO_OK && n > h->left)
		h->status = HELLO_BAD;
	while (n > 0 && h->status == HELLO_OK) {
		struct bytes part;

		if (h->record_left == 0) {
			enter_record(h);
			continue;
		}
		part = bytes_cut(h->data, h->at, n < h->record_left ? n : h->record_left);
		if (part.len == 0) {
			h->status = HELLO_MORE;
			break;
		}
		if (out != NULL) {
			memcpy(out, part.at, part.len);
			out += part.len;
		}
		h->at += part.len;
		h->record_left -= part.len;
		h->left -= (uint32_t)part.len;
		n -= part.len;
	}
}

/* The next big-endian number of @n octets (1 to 3); 0 unless the status is still OK. */
static uint32_t take_number(struct hello *h, size_t n)
{
	uint8_t b[3] = { 0 };
	uint32_t v = 0;

	take(h, b, n);
	if (h->status != HELLO_OK)
		return 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | b[i];
	return v;
}

/* RFC 6066 3: a list of names, of which only host_name exists. */
static void read_server_name(struct hello *h, uint32_t len, struct l7 *out)
{
	uint8_t name[L7_NAME_MAX];
	uint32_t list = take_number(h, 2), type = take_number(h, 1), n = take_number(h, 2);

	if (h->status != HELLO_OK)
		return;
	if (len < 5 || list > len - 2 || n > len - 5 || n == 0 || n > L7_NAME_MAX ||
	    type != NAME_TYPE_HOST) {
		h->status = HELLO_BAD;
		return;
	}
	take(h, name, n);
	if (h->status != HELLO_OK)
		return;
	l7_set(&out->sni, name, n, true);
	l7_trim_dot(&out->sni);
	take(h, NULL, len - 5 - n);
}

/* RFC 7301 3.1: length-prefixed names; as many as fit are joined with commas. */
static void read_alpn(struct hello *h, uint32_t len, struct l7 *out)
{
	uint8_t joined[L7_NAME_MAX];
	size_t used = 0;
	uint32_t left = take_number(h, 2);

	if (h->status == HELLO_OK && (len < 2 || left != len - 2))
		h->status = HELLO_BAD;
	while (left > 0 && h->status == HELLO_OK) {
		uint8_t name[255];
		uint32_t n = take_number(h, 1);

		if (n > left - 1) {
			h->status = HELLO_BAD;
			return;
		}
		take(h, name, n);
		left -= 1 + n;
		if (h->status != HELLO_OK || used + n + 1 > sizeof(joined))
			continue;
		if (used > 0)
			joined[used++] = ',';
		memcpy(joined + used, name, n);
		used += n;
	}
	if (h->status == HELLO_OK)
		l7_set(&out->alpn, joined, used, false);
}

static void read_extensions(struct hello *h, struct l7 *out)
{
	uint32_t total = take_number(h, 2);

	if (h->status == HELLO_OK && total != h->left)
		h->status = HELLO_BAD;
	while (h->status == HELLO_OK && h->left > 0) {
		uint32_t type = take_number(h, 2), len = take_number(h, 2);

		if (h->status != HELLO_OK)
			return;
		if (len > h->left)
			h->status = HELLO_BAD;
		else if (type == EXTENSION_SERVER_NAME && out->sni.state != L7_KNOWN)
			read_server_name(h, len, out);
		else if (type == EXTENSION_ALPN && out->alpn.state != L7_KNOWN)
			read_alpn(h, len, out);
		else
			take(h, NULL, len);
	}
}

bool tls_inspect(struct bytes data, struct l7 *out)
{
	struct hello h = { .data = data, .left = UINT32_MAX };
	uint32_t type = take_number(&h, 1), len = take_number(&h, 3), version;

	if (h.status == HELLO_OK && type != HANDSHAKE_CLIENT_HELLO)
		h.status = HELLO_BAD;
	if (h.status == HELLO_OK)
		h.left = len;
	version = take_number(&h, 2);
	if (h.status == HELLO_OK && version >> 8 != 3)
		h.status = HELLO_BAD;
	take(&h, NULL, 32);		    /* random */
	take(&h, NULL, take_number(&h, 1)); /* legacy_session_id */
	take(&h, NULL, take_number(&h, 2)); /* cipher_suites */
	take(&h, NULL, take_number(&h, 1)); /* legacy_compression_methods */
	if (h.status == HELLO_OK && h.left > 0)
		read_extensions(&h, out);
	if (h.status == HELLO_OK) {
		if (out->sni.state == L7_PENDING)
			out->sni.state = L7_ABSENT;
		if (out->alpn.state == L7_PENDING)
			out->alpn.state = L7_ABSENT;
	}
	return h.status != HELLO_BAD;
}
