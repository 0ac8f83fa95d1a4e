/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/counts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 65536 };

struct counts {
	json_t *count; /* numbers by key: jansson's hash table, whose hash is seeded */
	uint64_t beyond;
};

struct counts *counts_new(void)
{
	struct counts *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->count = json_object();
	return c;
}

void counts_free(struct counts *c)
{
	if (c == NULL)
		return;
	json_decref(c->count);
	free(c);
}

void counts_add(struct counts *c, const char *key, uint64_t n)
{
	json_t *before = json_object_get(c->count, key);

	if (before != NULL)
		json_integer_set(before, json_integer_value(before) + (json_int_t)n);
	else if (json_object_size(c->count) >= KEYS_MAX ||
		 json_object_set_new(c->count, key, json_integer((json_int_t)n)) != 0)
		c->beyond += n;
}

static int by_count(const void *a, const void *b)
{
	const struct counts_row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->key, y->key);
}

struct counts_row *counts_top(const struct counts *c, size_t most, size_t *rows, uint64_t *others)
{
	struct counts_row *list = calloc(json_object_size(c->count) + 1, sizeof(*list));
	size_t keys = 0;
	const char *key;
	json_t *value;

	*others = c->beyond;
	if (list == NULL)
		return NULL;
	json_object_foreach(c->count, key, value)
		list[keys++] = (struct counts_row){ key, (uint64_t)json_integer_value(value) };
	qsort(list, keys, sizeof(*list), by_count);
	*rows = keys < most ? keys : most;
	for (size_t i = *rows; i < keys; i++)
		*others += list[i].count;
	return list;
}
