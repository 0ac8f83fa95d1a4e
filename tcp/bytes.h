/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run of bytes and its length, which never travel apart, and the only functions that read
 * numbers from the wire. Every offset is checked as "len > end - off", which cannot wrap.
 */
#ifndef EPITAPH_TCP_BYTES_H
#define EPITAPH_TCP_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at;
	size_t len;
};

/* The @len bytes at @off, or NULL when they are not all there. */
static inline const uint8_t *bytes_at(struct bytes b, size_t off, size_t len)
{
	if (off > b.len || len > b.len - off)
		return NULL;
	return b.at + off;
}

/* The bytes from @off on, at most @len of them; empty when @off is past the end. */
static inline struct bytes bytes_cut(struct bytes b, size_t off, size_t len)
{
	if (off >= b.len)
		return (struct bytes){ b.at, 0 };
	if (len > b.len - off)
		len = b.len - off;
	return (struct bytes){ b.at + off, len };
}

/* Read one number in network byte order; false, with *v untouched, past the end. */
static inline bool bytes_get8(struct bytes b, size_t off, uint8_t *v)
{
	const uint8_t *p = bytes_at(b, off, 1);

	if (p == NULL)
		return false;
	*v = p[0];
	return true;
}

static inline bool bytes_get16(struct bytes b, size_t off, uint16_t *v)
{
	const uint8_t *p = bytes_at(b, off, 2);

	if (p == NULL)
		return false;
	*v = (uint16_t)(p[0] << 8 | p[1]);
	return true;
}

static inline bool bytes_get32(struct bytes b, size_t off, uint32_t *v)
{
	const uint8_t *p = bytes_at(b, off, 4);

	if (p == NULL)
		return false;
	*v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

/* Write one number in network byte order; the caller owns the room. */
static inline void bytes_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void bytes_put32(uint8_t *p, uint32_t v)
{
	bytes_put16(p, (uint16_t)(v >> 16));
	bytes_put16(p + 2, (uint16_t)v);
}

/* TCP sequence numbers compare modulo 2^32 (RFC 9293 3.4). */
static inline bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

#endif
