/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tally.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

enum {
	KEYS_MAX = 65536, /* of one list: what comes beyond is counted together */
	SHOWN = 10,
	BAR = 30,
};

enum list { KINDS, STAGES, CLASSES, SIGNS, SENDERS, RECEIVERS, TEXTS, NUMBERS, PATTERNS, LISTS };

static const struct {
	const char *name, *title;
} lists[LISTS] = {
	[KINDS] = { "kinds", "kinds" },
	[STAGES] = { "stages", "stages" },
	[CLASSES] = { "classes", "payloads" },
	[SIGNS] = { "signs", "signs of a forger" },
	[SENDERS] = { "senders", "sent most, by their address" },
	[RECEIVERS] = { "receivers", "received most" },
	[TEXTS] = { "texts", "texts (not authenticated)" },
	[NUMBERS] = { "sequence_numbers", "sequence numbers" },
	[PATTERNS] = { "patterns", "what came before" },
};

struct tally {
	uint64_t resets, payloads, ours;
	json_t *count[LISTS]; /* numbers by name */
	uint64_t beyond[LISTS];
};

struct tally *tally_new(void)
{
	struct tally *t = calloc(1, sizeof(*t));

	for (int i = 0; t != NULL && i < LISTS; i++)
		t->count[i] = json_object();
	return t;
}

void tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < LISTS; i++)
		json_decref(t->count[i]);
	free(t);
}

static void count(struct tally *t, enum list list, const char *key)
{
	json_t *n = json_object_get(t->count[list], key);

	if (n != NULL)
		json_integer_set(n, json_integer_value(n) + 1);
	else if (json_object_size(t->count[list]) < KEYS_MAX)
		json_object_set_new(t->count[list], key, json_integer(1));
	else
		t->beyond[list]++;
}

void tally_add(struct tally *t, const struct event *e)
{
	const struct event_reset *r = &e->reset;
	const struct reset_reading *reading = &r->reading;
	char text[ADDR_STRLEN], number[16];

	for (int i = 0; i < RESET_SIGNS; i++) {
		if (reading->signs & 1u << i)
			count(t, SIGNS, reset_sign_name((enum reset_sign)i));
	}
	if (r->went_on)
		return; /* it was counted when it came */
	t->resets++;
	t->payloads += r->payload_len > 0;
	t->ours += reading->ours;
	count(t, KINDS, reset_kind_name(reading->kind));
	count(t, STAGES, reset_stage_name(reading->stage));
	count(t, CLASSES, reset_class_name(reading->class));
	count(t, SENDERS, addr_format(&e->tuple.src, text));
	count(t, RECEIVERS, addr_format(&e->tuple.dst, text));
	snprintf(number, sizeof(number), "%u", r->seq);
	count(t, NUMBERS, number);
	if (reading->text[0] != '\0')
		count(t, TEXTS, reading->text);
	if (reading->pattern[0] != '\0')
		count(t, PATTERNS, reading->pattern);
}

uint64_t tally_resets(const struct tally *t)
{
	return t->resets;
}

struct row {
	const char *key;
	uint64_t count;
};

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->key, y->key);
}

/* The rows of a list, most often first; to be freed. */
static struct row *sorted(const struct tally *t, enum list list, size_t *n)
{
	struct row *rows = calloc(json_object_size(t->count[list]) + 1, sizeof(*rows));
	const char *key;
	json_t *value;

	*n = 0;
	if (rows == NULL)
		return NULL;
	json_object_foreach(t->count[list], key, value)
		rows[(*n)++] = (struct row){ key, (uint64_t)json_integer_value(value) };
	qsort(rows, *n, sizeof(*rows), by_count);
	return rows;
}

static void print_list(const struct tally *t, enum list list, FILE *out)
{
	const char *quote = list == TEXTS ? "\"" : "";
	uint64_t rest = t->beyond[list];
	size_t n;
	struct row *rows = sorted(t, list, &n);

	if (n > 0)
		fprintf(out, "%s\n", lists[list].title);
	for (size_t i = 0; i < n; i++) {
		int bar = (int)((rows[i].count * BAR + t->resets / 2) / t->resets);

		if (i >= SHOWN)
			rest += rows[i].count;
		else
			fprintf(out, "  %8" PRIu64 "  %-*.*s %s%s%s\n", rows[i].count, BAR, bar,
				"##############################", quote, rows[i].key, quote);
	}
	if (rest > 0)
		fprintf(out, "  %8" PRIu64 "  %-*s others\n", rest, BAR, "");
	free(rows);
}

void tally_print(const struct tally *t, FILE *out)
{
	fprintf(out, "%" PRIu64 " reset%s, %" PRIu64 " with a payload, %" PRIu64 " of ours\n",
		t->resets, t->resets == 1 ? "" : "s", t->payloads, t->ours);
	for (int i = 0; t->resets > 0 && i < LISTS; i++)
		print_list(t, (enum list)i, out);
}

static json_t *list_object(const struct tally *t, enum list list)
{
	json_t *o = json_array();
	size_t n;
	struct row *rows = sorted(t, list, &n);

	for (size_t i = 0; i < n && i < SHOWN; i++)
		json_array_append_new(o, json_pack("{s:s, s:I}", "key", rows[i].key, "count",
						   (json_int_t)rows[i].count));
	free(rows);
	return o;
}

void tally_print_json(const struct tally *t, FILE *out)
{
	json_t *o = json_pack("{s:I, s:I, s:I}", "resets", (json_int_t)t->resets, "with_payload",
			      (json_int_t)t->payloads, "ours", (json_int_t)t->ours);

	for (int i = 0; i < LISTS; i++)
		json_object_set_new(o, lists[i].name, list_object(t, (enum list)i));
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(o);
}
