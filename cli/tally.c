/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tally.h"

#include "cli/counts.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

enum {
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
	struct counts *count[LISTS];
};

struct tally *tally_new(void)
{
	struct tally *t = calloc(1, sizeof(*t));

	for (int i = 0; t != NULL && i < LISTS; i++) {
		t->count[i] = counts_new();
		if (t->count[i] == NULL) {
			tally_free(t);
			return NULL;
		}
	}
	return t;
}

void tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < LISTS; i++)
		counts_free(t->count[i]);
	free(t);
}

static void count(struct tally *t, enum list list, const char *key)
{
	counts_add(t->count[list], key, 1);
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

static void print_list(const struct tally *t, enum list list, FILE *out)
{
	const char *quote = list == TEXTS ? "\"" : "";
	uint64_t others;
	size_t n;
	struct counts_row *rows = counts_top(t->count[list], SHOWN, &n, &others);

	if (rows != NULL && n > 0)
		fprintf(out, "%s\n", lists[list].title);
	for (size_t i = 0; rows != NULL && i < n; i++) {
		int bar = (int)((rows[i].count * BAR + t->resets / 2) / t->resets);

		fprintf(out, "  %8" PRIu64 "  %-*.*s %s%s%s\n", rows[i].count, BAR, bar,
			"##############################", quote, rows[i].key, quote);
	}
	if (others > 0)
		fprintf(out, "  %8" PRIu64 "  %-*s others\n", others, BAR, "");
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
	uint64_t others;
	size_t n;
	struct counts_row *rows = counts_top(t->count[list], SHOWN, &n, &others);

	for (size_t i = 0; rows != NULL && i < n; i++)
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
