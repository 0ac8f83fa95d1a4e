/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the first bytes of an initiator say: TLS ClientHello and HTTP/1 request fields. */
#ifndef EPITAPH_TCP_INSPECT_H
#define EPITAPH_TCP_INSPECT_H

#include "tcp/bytes.h"

enum { L7_NAME_MAX = 255 };

enum l7_state {
	L7_PENDING, /* more bytes may bring it */
	L7_ABSENT,  /* it will never come */
	L7_KNOWN,
};

struct l7_field {
	enum l7_state state;
	uint16_t len;
	char text[L7_NAME_MAX + 1]; /* NUL-terminated; printable ASCII, anything else became '?' */
};

struct l7 {
	struct l7_field sni;  /* lower case, without a trailing dot (RFC 6066 3) */
	struct l7_field alpn; /* the protocols offered, joined with ',' (RFC 7301 3.1) */
	struct l7_field host; /* lower case, without port and trailing dot (RFC 9112 3.2) */
	struct l7_field method;
	struct l7_field path; /* of the target, without the query (RFC 9112 3.2) */
};

/* All fields in @state, empty. */
void l7_init(struct l7 *l7, enum l7_state state);

/*
 * Read all that @data, the initiator's octets from the first one on without a hole, tells.
 * Fields stay L7_PENDING where more octets are needed.
 */
void inspect_initiator(struct bytes data, struct l7 *out);

/* The two readers; each returns false when @data cannot be its protocol. Used by
 * inspect_initiator(), open for tests and fuzzing. */
bool tls_inspect(struct bytes data, struct l7 *out);
bool http_inspect(struct bytes data, struct l7 *out);

/* Set @f to @len octets at @name as L7_KNOWN: clipped, lower-cased when @lower, made printable. */
void l7_set(struct l7_field *f, const uint8_t *name, size_t len, bool lower);

/* Drop one trailing dot, as names compare without it. */
void l7_trim_dot(struct l7_field *f);

#endif
