/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/stream.h"

void stream_reset(struct stream *s)
{
	s->ranges = 0;
	s->lost = false;
}

/* Copy [from, to) of the stream out of @b, which starts at @offset, where nothing is yet. */
static void fill(struct stream *s, uint32_t from, uint32_t to, uint32_t offset, struct bytes b)
{
	if (from < to)
		memcpy(s->data + from, b.at + (from - offset), to - from);
}

/* Make the ranges [first, last) one with @add, or insert it there when first == last. */
static void replace_ranges(struct stream *s, uint32_t first, uint32_t last, struct stream_range add)
{
	uint32_t tail = s->ranges - last;

	memmove(&s->range[first + 1], &s->range[last], tail * sizeof(add));
	s->range[first] = add;
	s->ranges = first + 1 + tail;
}

void stream_add(struct stream *s, uint32_t offset, struct bytes b)
{
	struct stream_range add;
	uint32_t first = 0, last, at;

	if (b.len == 0 || offset >= STREAM_CAPACITY)
		return;
	if (b.len > STREAM_CAPACITY - offset)
		b.len = STREAM_CAPACITY - offset;
	add = (struct stream_range){ offset, offset + (uint32_t)b.len };
	while (first < s->ranges && s->range[first].to < add.from)
		first++;
	if (s->ranges > STREAM_HOLES && (first == s->ranges || add.to < s->range[first].from)) {
		s->lost = true;
		return;
	}
	at = add.from;
	for (last = first; last < s->ranges && s->range[last].from <= add.to; last++) {
		fill(s, at, s->range[last].from, offset, b);
		if (at < s->range[last].to)
			at = s->range[last].to;
	}
	fill(s, at, add.to, offset, b);
	if (last > first) {
		if (s->range[first].from < add.from)
			add.from = s->range[first].from;
		if (s->range[last - 1].to > add.to)
			add.to = s->range[last - 1].to;
	}
	replace_ranges(s, first, last, add);
}

struct bytes stream_contiguous(const struct stream *s)
{
	if (s->ranges == 0 || s->range[0].from != 0)
		return (struct bytes){ s->data, 0 };
	return (struct bytes){ s->data, s->range[0].to };
}
