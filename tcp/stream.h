/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first bytes of one direction, put together from segments in any order. */
#ifndef EPITAPH_TCP_STREAM_H
#define EPITAPH_TCP_STREAM_H

#include "tcp/bytes.h"

enum {
	/* A ClientHello of 16 KiB with the headers of the records that carry it. */
	STREAM_CAPACITY = 17 * 1024,
	STREAM_HOLES = 16,
};

struct stream_range {
	uint32_t from, to; /* octets [from, to) are there */
};

struct stream {
	struct stream_range range[STREAM_HOLES + 1]; /* sorted, apart from each other */
	uint32_t ranges;
	bool lost; /* more holes than are kept: the stream cannot be completed */
	uint8_t data[STREAM_CAPACITY];
};

/* Forget everything. */
void stream_reset(struct stream *s);

/*
 * Add @b at @offset from the first octet. What lies past the capacity is ignored; octets that
 * came before are kept (the first copy wins).
 */
void stream_add(struct stream *s, uint32_t offset, struct bytes b);

/* The octets from 0 on without a hole. */
struct bytes stream_contiguous(const struct stream *s);

#endif
