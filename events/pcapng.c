/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/pcapng.h"

#include <assert.h>

enum {
	SECTION_BLOCK = 0x0a0d0d0a,
	INTERFACE_BLOCK = 1,
	PACKET_BLOCK = 6,
	BYTE_ORDER = 0x1a2b3c4d,
	LINKTYPE_RAW = 101,
	OPTION_COMMENT = 1,
	SNAP = 65535,
};

/* Numbers are in our own byte order, which the section's header tells. */
static size_t put32(uint8_t *out, size_t at, uint32_t v)
{
	memcpy(out + at, &v, sizeof(v));
	return at + sizeof(v);
}

static size_t put16(uint8_t *out, size_t at, uint16_t v)
{
	memcpy(out + at, &v, sizeof(v));
	return at + sizeof(v);
}

/* Octets, padded to a multiple of four. */
static size_t put_padded(uint8_t *out, size_t at, const void *from, size_t len)
{
	memcpy(out + at, from, len);
	memset(out + at + len, 0, 3);
	return at + (len + 3) / 4 * 4;
}

struct file_start pcapng_start(void)
{
	static uint8_t start[48];
	size_t at = 0;

	at = put32(start, at, SECTION_BLOCK);
	at = put32(start, at, 28);
	at = put32(start, at, BYTE_ORDER);
	at = put16(start, at, 1); /* version 1.0 */
	at = put16(start, at, 0);
	at = put32(start, at, UINT32_MAX); /* the section's length is not known */
	at = put32(start, at, UINT32_MAX);
	at = put32(start, at, 28);
	at = put32(start, at, INTERFACE_BLOCK);
	at = put32(start, at, 20);
	at = put16(start, at, LINKTYPE_RAW);
	at = put16(start, at, 0);
	at = put32(start, at, SNAP);
	at = put32(start, at, 20);
	return (struct file_start){ start, at };
}

size_t pcapng_packet(int64_t time_us, const uint8_t *packet, uint32_t len, uint32_t full_len,
		     const char *comment, uint8_t out[PCAPNG_BLOCK_MAX])
{
	size_t comment_len = strlen(comment), at = 0, total;

	assert(len + comment_len + 64 <= PCAPNG_BLOCK_MAX);
	at = put32(out, at, PACKET_BLOCK);
	at += 4; /* the length, which is known at the end */
	at = put32(out, at, 0);
	at = put32(out, at, (uint32_t)((uint64_t)time_us >> 32));
	at = put32(out, at, (uint32_t)time_us);
	at = put32(out, at, len);
	at = put32(out, at, full_len);
	at = put_padded(out, at, packet, len);
	if (comment_len > 0) {
		at = put16(out, at, OPTION_COMMENT);
		at = put16(out, at, (uint16_t)comment_len);
		at = put_padded(out, at, comment, comment_len);
		at = put32(out, at, 0); /* no more options */
	}
	total = at + 4;
	put32(out, 4, (uint32_t)total);
	return put32(out, at, (uint32_t)total);
}
