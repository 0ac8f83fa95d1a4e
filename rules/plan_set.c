/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/plan_set.h"

#include "policy/room.h"
#include "tcp/hash.h"

#include <stdio.h>
#include <stdlib.h>

enum { IN_PLACE = 32 /* elements of a set without a name, at most */ };

struct plan_set *plan_set_new(unsigned columns, const enum plan_column *column)
{
	struct plan_set *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->columns = columns;
	memcpy(s->column, column, columns * sizeof(*column));
	return s;
}

void plan_set_free(struct plan_set *s)
{
	if (s == NULL)
		return;
	free(s->range);
	free(s);
}

bool plan_set_add(struct plan_set *s, const struct plan_range *box)
{
	if (!room_for((void **)&s->range, (s->count + 1) * s->columns, &s->room, sizeof(*s->range)))
		return false;
	memcpy(s->range + s->count++ * s->columns, box, s->columns * sizeof(*box));
	return true;
}

struct plan_set *plan_set_of(const struct set *source, uint8_t family)
{
	const struct prefix_set *a = &source->addr;
	enum plan_column column = family == 0 ? PLAN_PORT : family == 4 ? PLAN_ADDR4 : PLAN_ADDR6;
	struct plan_set *s = plan_set_new(1, &column);
	bool good = s != NULL;

	for (size_t i = 0; good && family == 0 && i < source->count; i++)
		good = plan_set_add(
			s, &(struct plan_range){ source->span[i].low, source->span[i].high });
	for (size_t i = 0; good && family == 4 && i < a->v4_count; i++)
		good = plan_set_add(s, &(struct plan_range){ a->v4[i].low, a->v4[i].high });
	for (size_t i = 0; good && family == 6 && i < a->v6_count; i++)
		good = plan_set_add(s, &(struct plan_range){ a->v6[i].low, a->v6[i].high });
	if (!good) {
		plan_set_free(s);
		return NULL;
	}
	s->source = source;
	return s;
}

/* The boxes that are cut up, and where their pieces go. */
struct parting {
	struct plan_set *out;
	size_t max;
	struct plan_range piece[PLAN_COLUMNS];
};

static int compare_numbers(const void *a, const void *b)
{
	const addr_number *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int compare_boxes(const void *a, const void *b)
{
	const struct plan_range *const *x = a, *const *y = b;

	return compare_numbers(&(*x)->low, &(*y)->low);
}

/* Where a box begins or has just ended, in order, each place once. Returns how many. */
static size_t find_cuts(const struct plan_range *const *box, size_t boxes, addr_number *cut)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < boxes; i++) {
		cut[n++] = box[i]->low;
		if (box[i]->high + 1 != 0)
			cut[n++] = box[i]->high + 1;
	}
	qsort(cut, n, sizeof(*cut), compare_numbers);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || cut[kept - 1] != cut[i])
			cut[kept++] = cut[i];
	}
	return kept;
}

static bool part_column(struct parting *p, unsigned column, const struct plan_range **box,
			size_t boxes);

/* The piece p->piece[column] is done: what the boxes in @in have in the columns behind it. */
static bool part_rest(struct parting *p, unsigned column, const struct plan_range *const *in,
		      size_t count)
{
	const struct plan_range **rest;
	bool good;

	if (count == 0)
		return true;
	if (column + 1 == p->out->columns)
		return p->out->count < p->max && plan_set_add(p->out, p->piece);
	rest = malloc(count * sizeof(*rest));
	if (rest == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		rest[i] = in[i] + 1;
	good = part_column(p, column + 1, rest, count);
	free(rest);
	return good;
}

/* What a sweep along one column holds. */
struct sweep {
	const struct plan_range **now, **before; /* boxes in the piece at hand, in the one before */
	size_t here, there;
	addr_number *cut;
	size_t cuts;
};

/* True when the boxes of both pieces are the same; in the last column, when both have any. */
static bool same_boxes(const struct sweep *s, bool last)
{
	if (last)
		return s->here > 0 && s->there > 0;
	return s->here == s->there && memcmp(s->now, s->before, s->here * sizeof(*s->now)) == 0;
}

static bool sweep_along(struct parting *p, unsigned column, const struct plan_range **box,
			size_t boxes, struct sweep *s)
{
	struct plan_range *piece = &p->piece[column];
	bool last = column + 1 == p->out->columns;
	size_t next = 0;

	for (size_t c = 0; c < s->cuts; c++) {
		addr_number end = c + 1 < s->cuts ? s->cut[c + 1] - 1 : ~(addr_number)0;
		size_t kept = 0;

		for (size_t i = 0; i < s->there; i++) {
			if (s->before[i]->high >= s->cut[c])
				s->now[kept++] = s->before[i];
		}
		for (; next < boxes && box[next]->low == s->cut[c]; next++)
			s->now[kept++] = box[next];
		s->here = kept;
		if (!same_boxes(s, last)) {
			if (!part_rest(p, column, s->before, s->there))
				return false;
			piece->low = s->cut[c];
		}
		piece->high = end;
		memcpy(s->before, s->now, kept * sizeof(*s->now));
		s->there = kept;
	}
	return part_rest(p, column, s->before, s->there);
}

static bool part_column(struct parting *p, unsigned column, const struct plan_range **box,
			size_t boxes)
{
	struct sweep s = {
		.now = malloc(boxes * sizeof(*s.now)),
		.before = malloc(boxes * sizeof(*s.before)),
		.cut = malloc(2 * boxes * sizeof(*s.cut)),
	};
	bool good = false;

	if (s.now != NULL && s.before != NULL && s.cut != NULL) {
		s.cuts = find_cuts(box, boxes, s.cut);
		qsort(box, boxes, sizeof(*box), compare_boxes);
		good = sweep_along(p, column, box, boxes, &s);
	}
	free(s.now);
	free(s.before);
	free(s.cut);
	return good;
}

bool plan_set_part(struct plan_set *s, size_t max)
{
	struct plan_set parted = *s;
	struct parting p = { .out = &parted, .max = max };
	const struct plan_range **box;
	bool good;

	if (s->count == 0)
		return true;
	box = malloc(s->count * sizeof(*box));
	if (box == NULL)
		return false;
	for (size_t i = 0; i < s->count; i++)
		box[i] = s->range + i * s->columns;
	parted.range = NULL;
	parted.count = parted.room = 0;
	good = part_column(&p, 0, box, s->count);
	free(box);
	free(s->range);
	*s = parted;
	return good;
}

void plan_set_call(struct plan_set *s, const char *label)
{
	uint64_t h = s->columns;

	s->name[0] = '\0';
	if (s->count <= IN_PLACE)
		return;
	for (unsigned c = 0; c < s->columns; c++)
		h = hash_mix(h, s->column[c]);
	for (size_t i = 0; i < s->count * s->columns; i++) {
		const struct plan_range *r = &s->range[i];

		h = hash_mix(hash_mix(h, (uint64_t)r->low), (uint64_t)(r->low >> 64));
		h = hash_mix(hash_mix(h, (uint64_t)r->high), (uint64_t)(r->high >> 64));
	}
	snprintf(s->name, sizeof(s->name), "%.20s-%016llx", label, (unsigned long long)h);
}

bool plan_set_has(const struct plan_set *s, const addr_number value[PLAN_COLUMNS])
{
	for (size_t i = 0; i < s->count; i++) {
		const struct plan_range *box = s->range + i * s->columns;
		unsigned c = 0;

		while (c < s->columns && box[c].low <= value[c] && value[c] <= box[c].high)
			c++;
		if (c == s->columns)
			return true;
	}
	return false;
}
