/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ClientHellos for tests: as one handshake message, and framed into records of any size. */
#ifndef EPITAPH_TESTS_HELLO_H
#define EPITAPH_TESTS_HELLO_H

#include "tests/unit/unit.h"

/* A hello with @sni (NULL: none) behind a key share of @pad octets. Returns its length. */
static inline size_t hello_message(const char *sni, size_t pad, uint8_t *out)
{
	uint8_t *p = out + 4, *extensions;
	size_t name = sni ? strlen(sni) : 0;

	bytes_put16(p, 0x0303);
	memset(p + 2, 0x5a, 32);
	p += 34;
	*p++ = 32; /* session id */
	memset(p, 1, 32);
	p += 32;
	bytes_put16(p, 4);
	bytes_put32(p + 2, 0x13011302);
	p += 6;
	*p++ = 1;
	*p++ = 0;
	extensions = p;
	p += 2;
	bytes_put16(p, 51);
	bytes_put16(p + 2, (uint16_t)pad);
	memset(p + 4, 0xa5, pad);
	p += 4 + pad;
	if (sni != NULL) {
		bytes_put16(p, 0);
		bytes_put16(p + 2, (uint16_t)(name + 5));
		bytes_put16(p + 4, (uint16_t)(name + 3));
		p[6] = 0;
		bytes_put16(p + 7, (uint16_t)name);
		memcpy(p + 9, sni, name);
		p += 9 + name;
	}
	bytes_put16(p, 16);
	bytes_put16(p + 2, 14);
	bytes_put16(p + 4, 12);
	memcpy(p + 6, "\x02h2\x08http/1.1", 12);
	p += 18;
	bytes_put16(extensions, (uint16_t)(p - extensions - 2));
	out[0] = 1;
	out[1] = (uint8_t)((p - out - 4) >> 16);
	bytes_put16(out + 2, (uint16_t)(p - out - 4));
	return (size_t)(p - out);
}

/* Frame @message into records of at most @record octets. */
static inline size_t hello_frame(struct bytes message, size_t record, uint8_t *out)
{
	size_t used = 0;

	for (size_t at = 0; at < message.len;) {
		size_t n = message.len - at < record ? message.len - at : record;

		out[used] = 22;
		bytes_put16(out + used + 1, 0x0301);
		bytes_put16(out + used + 3, (uint16_t)n);
		memcpy(out + used + 5, message.at + at, n);
		used += 5 + n;
		at += n;
	}
	return used;
}

static inline struct bytes hello_build(const char *sni, size_t pad, size_t record)
{
	static uint8_t message[40000], framed[80000];
	size_t len = hello_message(sni, pad, message);

	return (struct bytes){ framed, hello_frame((struct bytes){ message, len }, record, framed) };
}

#endif
