/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_page.h"

#include "cli/json_policy.h"

#include <string.h>

enum { TIME_AT = 11, TIME_LEN = 8 /* of "2026-11-25T10:00:00.000000+00:00" */ };

/* What is told of all queues together, two to a line. */
static const struct sum {
	const char *key, *label;
} sums[] = {
	{ "packets", "packets" },
	{ "sent_resets", "resets sent" },
	{ "flows", "flows" },
	{ "sent_texts", "with a text" },
	{ "blocked", "blocked" },
	{ "sent_icmp", "ICMP errors" },
	{ "answered", "answered again" },
	{ "suppressed", "held back" },
	{ "would_block", "in shadow" },
	{ "resets_seen", "resets passed" },
	{ "undecided", "undecided" },
	{ "resets_with_payload", "with a payload" },
};
enum { SUMS = sizeof(sums) / sizeof(sums[0]) };

/* What others have chosen, printed as it is safe on a terminal. */
static void put_text(const char *text, FILE *out)
{
	for (; *text != '\0'; text++)
		fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

/* The one of @list whose @key is @value; NULL when there is none. */
static const json_t *find(const json_t *list, const char *key, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		if (json_equal(json_object_get(o, key), value))
			return o;
	}
	return NULL;
}

/* "    1234.5" a second, or nothing when that is not known. */
static void put_rate(long long now, long long before, double seconds, FILE *out)
{
	if (seconds > 0)
		fprintf(out, "%10.1f", (double)(now - before) / seconds);
	else
		fprintf(out, "%10s", "");
}

static void put_sums(const json_t *now, const json_t *before, double seconds, FILE *out)
{
	const json_t *queues = json_object_get(now, "queues"),
		     *old = json_object_get(before, "queues");

	for (int column = 0; column < 2; column++)
		fprintf(out, "%-16s%10s%14s%s", "", "per second", "in all", column ? "\n" : "   ");
	for (int i = 0; i < SUMS; i++) {
		long long n = json_total_at(queues, sums[i].key);

		fprintf(out, "%-16s", sums[i].label);
		put_rate(n, json_total_at(old, sums[i].key), seconds, out);
		fprintf(out, "%14lld%s", n, i % 2 ? "\n" : "   ");
	}
}

static void put_queues(const json_t *now, const json_t *before, double seconds, FILE *out)
{
	const json_t *queues = json_object_get(now, "queues");

	fprintf(out, "\n%-6s%10s%10s%12s%12s%10s%10s%10s\n", "QUEUE", "packets/s", "blocked/s",
		"queue full", "socket full", "ENOBUFS", "errors", "log lost");
	for (size_t i = 0; i < json_array_size(queues); i++) {
		const json_t *q = json_array_get(queues, i);
		const json_t *old = find(json_object_get(before, "queues"), "queue",
					 json_object_get(q, "queue"));
		json_t *lost = json_object_get(q, "lost_events");
		long long events = 0;

		for (void *at = json_object_iter(lost); at != NULL;
		     at = json_object_iter_next(lost, at))
			events += (long long)json_integer_value(json_object_iter_value(at));
		fprintf(out, "%-6lld", json_number_at(q, "queue"));
		put_rate(json_number_at(q, "packets"), json_number_at(old, "packets"), seconds,
			 out);
		put_rate(json_number_at(q, "blocked"), json_number_at(old, "blocked"), seconds,
			 out);
		fprintf(out, "%12lld%12lld%10lld%10lld%10lld\n", json_number_at(q, "queue_dropped"),
			json_number_at(q, "user_dropped"), json_number_at(q, "enobufs"),
			json_number_at(q, "verdict_errors") + json_number_at(q, "send_errors"),
			events);
	}
}

static void put_rules(const json_t *now, const json_t *before, double seconds, unsigned most,
		      FILE *out)
{
	const json_t *rules = json_object_get(now, "by_rule");

	fprintf(out, "\n%-32s %-8s%10s%14s\n", "RULE", "action", "flows/s", "flows");
	for (size_t i = 0; i < json_array_size(rules) && i < most; i++) {
		const json_t *r = json_array_get(rules, i);
		const json_t *old = find(json_object_get(before, "by_rule"), "name",
					 json_object_get(r, "name"));

		fprintf(out, "%-32s %-8s", json_text_at(r, "name"), json_text_at(r, "action"));
		put_rate(json_number_at(r, "flows"), json_number_at(old, "flows"), seconds, out);
		fprintf(out, "%14lld\n", json_number_at(r, "flows"));
	}
}

static void put_end(const json_t *e, const char *address, const char *port, FILE *out)
{
	const char *text = json_text_at(e, address);

	fprintf(out, strchr(text, ':') ? "[%s]:%lld" : "%s:%lld", text, json_number_at(e, port));
}

static void put_block(const json_t *e, FILE *out)
{
	const json_t *b = json_object_get(e, "block");
	const char *when = json_text_at(e, "timestamp"), *host = json_text_at(b, "host");

	if (strlen(when) < TIME_AT + TIME_LEN)
		return;
	fprintf(out, "%.8s  %s  ", when + TIME_AT, json_text_at(b, "rule"));
	put_end(e, "src_ip", "src_port", out);
	fputs(" -> ", out);
	put_end(e, "dest_ip", "dest_port", out);
	if (host[0] != '\0') {
		fputs("  ", out);
		put_text(host, out);
	}
	fprintf(out, json_is_true(json_object_get(b, "would")) ? "  would %s" : "  %s",
		json_text_at(b, "action"));
	if (json_object_get(b, "text") != NULL) {
		fputs("  \"", out);
		put_text(json_text_at(b, "text"), out);
		fputc('"', out);
	}
	fputc('\n', out);
}

void top_page(const json_t *now, const json_t *before, double seconds, unsigned rules,
	      unsigned blocks, FILE *out)
{
	const json_t *recent = json_object_get(now, "recent");

	if (before == NULL)
		seconds = 0;
	fprintf(out, "epitaph %s  policy %lld, %lld rules, %lld entries, %s  exceptions %lld\n\n",
		EPITAPH_VERSION, json_number_at(now, "generation"), json_number_at(now, "rules"),
		json_number_at(now, "entries"), json_text_at(now, "backend"),
		json_number_at(now, "exceptions"));
	put_sums(now, before, seconds, out);
	put_queues(now, before, seconds, out);
	put_rules(now, before, seconds, rules, out);
	fprintf(out, "\nBLOCKED (UTC)\n");
	for (size_t i = 0; i < json_array_size(recent) && i < blocks; i++)
		put_block(json_array_get(recent, i), out);
}
