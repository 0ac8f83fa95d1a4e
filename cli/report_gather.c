/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/report.h"

#include "cli/event_log.h"
#include "cli/json_policy.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_ROOM = 1200 };

bool report_init(struct report *r)
{
	bool good;

	r->blocks = json_array();
	good = r->blocks != NULL;
	for (int i = 0; i < REPORT_LISTS; i++) {
		r->list[i] = counts_new();
		good = good && r->list[i] != NULL;
	}
	return good;
}

void report_free(struct report *r)
{
	for (int i = 0; i < REPORT_LISTS; i++)
		counts_free(r->list[i]);
	json_decref(r->blocks);
	free(r->point);
}

/* The text at @key as printable ASCII: a log may have been written by anybody. */
static const char *clean_at(const json_t *o, const char *key, char out[TEXT_ROOM])
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	for (const char *c = json_text_at(o, key); *c != '\0' && used + 5 < TEXT_ROOM; c++) {
		unsigned char octet = (unsigned char)*c;

		if (octet >= 0x20 && octet <= 0x7e) {
			out[used++] = *c;
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[octet >> 4];
		out[used++] = hex[octet & 15];
	}
	out[used] = '\0';
	return out;
}

static void count_at(struct report *r, enum report_list list, const json_t *o, const char *key,
		     uint64_t n)
{
	char text[TEXT_ROOM];

	if (clean_at(o, key, text)[0] != '\0')
		counts_add(r->list[list], text, n);
}

static void add_point(struct report *r, const json_t *event, enum report_series series, uint64_t n)
{
	int64_t us = event_time_us(json_text_at(event, "timestamp"));
	size_t room = r->room ? 2 * r->room : 4096;
	struct report_point *more;

	r->total[series] += n;
	if (us < 0)
		return;
	if (r->points == r->room) {
		more = realloc(r->point, room * sizeof(*more));
		if (more == NULL)
			return;
		r->point = more;
		r->room = room;
	}
	r->point[r->points++] = (struct report_point){ us / 1000000, (uint32_t)n, series };
}

/* "10.8.0.2:40000", "[fd00::1]:443". */
static void format_end(const json_t *event, const char *ip, const char *port, char *out,
		       size_t room)
{
	char text[TEXT_ROOM];
	const json_t *number = json_object_get(event, port);

	clean_at(event, ip, text);
	if (number == NULL)
		snprintf(out, room, "%s", text);
	else
		snprintf(out, room, strchr(text, ':') ? "[%s]:%lld" : "%s:%lld", text,
			 (long long)json_integer_value(number));
}

static const char *what_was_sent(const json_t *block)
{
	const json_t *sent = json_object_get(block, "sent");
	bool source = json_is_true(json_object_get(sent, "source"));
	bool destination = json_is_true(json_object_get(sent, "destination"));

	if (json_is_true(json_object_get(block, "would")))
		return "would";
	if (json_is_true(json_object_get(block, "suppressed")))
		return "suppressed";
	return source && destination ? "both"
	       : source		     ? "source"
	       : destination	     ? "destination"
				     : "nothing";
}

static void append_clean(json_t *row, const json_t *o, const char *key)
{
	char text[TEXT_ROOM];

	json_array_append_new(row, json_string(clean_at(o, key, text)));
}

/* To the second, which is what people look for. */
static void append_time(json_t *row, const json_t *event)
{
	char text[TEXT_ROOM];

	clean_at(event, "timestamp", text);
	if (strlen(text) > 19) {
		text[10] = ' ';
		text[19] = '\0';
	}
	json_array_append_new(row, json_string(text));
}

/* Time, event, rule, action, client, destination, host, text, what was sent, how often. */
static void add_row(struct report *r, const json_t *event, const json_t *block, uint64_t n)
{
	json_t *row = json_array();
	char end[TEXT_ROOM + 16];

	append_time(row, event);
	append_clean(row, block, "id");
	append_clean(row, block, "rule");
	append_clean(row, block, "action");
	format_end(event, "src_ip", "src_port", end, sizeof(end));
	json_array_append_new(row, json_string(end));
	format_end(event, "dest_ip", "dest_port", end, sizeof(end));
	json_array_append_new(row, json_string(end));
	append_clean(row, block, "host");
	append_clean(row, block, "text");
	json_array_append_new(row, json_string(what_was_sent(block)));
	json_array_append_new(row, json_integer((json_int_t)n));
	if (json_array_size(r->blocks) >= 2 * r->blocks_max)
		report_trim(r); /* in large steps: each moves all that stays */
	json_array_append_new(r->blocks, row);
}

static void take_block(struct report *r, const json_t *event, const json_t *block)
{
	json_int_t counted = json_integer_value(json_object_get(block, "count"));
	uint64_t n = counted > 0 ? (uint64_t)counted : 1;
	bool would = json_is_true(json_object_get(block, "would"));

	add_point(r, event, would ? SERIES_WOULD : SERIES_BLOCK, n);
	r->suppressed += json_is_true(json_object_get(block, "suppressed")) ? n : 0;
	add_row(r, event, block, n);
	if (would) {
		count_at(r, BY_WOULD, block, "rule", n);
		return;
	}
	count_at(r, BY_RULE, block, "rule", n);
	count_at(r, BY_CLIENT, event, "src_ip", n);
	count_at(r, BY_HOST, block, "host", n);
	count_at(r, BY_DESTINATION, event, "dest_ip", n);
	count_at(r, BY_REASON, block, "reason", n);
}

static void take_reset(struct report *r, const json_t *event, const json_t *reset)
{
	json_t *signs = json_object_get(reset, "signs");

	for (size_t i = 0; i < json_array_size(signs); i++) {
		json_t *one = json_pack("{s:O}", "sign", json_array_get(signs, i));

		count_at(r, BY_SIGN, one, "sign", 1);
		json_decref(one);
	}
	if (json_is_true(json_object_get(reset, "told_again")))
		return;
	add_point(r, event, SERIES_RESET, 1);
	r->ours += json_is_true(json_object_get(reset, "ours"));
	count_at(r, BY_KIND, reset, "kind", 1);
	count_at(r, BY_SENDER, event, "src_ip", 1);
	count_at(r, BY_TEXT, reset, "text", 1);
}

void report_take(void *report, const char *line)
{
	struct report *r = report;
	json_t *event = json_loads(line, JSON_ALLOW_NUL, NULL);
	const json_t *block = json_object_get(event, "block"),
		     *reset = json_object_get(event, "reset");

	r->events += event != NULL;
	r->unreadable += event == NULL;
	/* Flows that were let go with a "log" were not blocked. */
	if (block != NULL && strcmp(json_text_at(block, "action"), "accept") != 0)
		take_block(r, event, block);
	else if (reset != NULL)
		take_reset(r, event, reset);
	json_decref(event);
}

void report_trim(struct report *r)
{
	size_t n = json_array_size(r->blocks), extra = n > r->blocks_max ? n - r->blocks_max : 0;
	json_t *kept = json_array();

	for (size_t i = extra; i < n; i++)
		json_array_append(kept, json_array_get(r->blocks, i));
	json_decref(r->blocks);
	r->blocks = kept;
	r->blocks_left_out += extra;
}
