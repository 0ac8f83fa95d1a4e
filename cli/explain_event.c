/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/explain_event.h"

#include "cli/event_log.h"
#include "cli/json_policy.h"

struct search {
	const char *id;
	json_t *event; /* the first one that has it; NULL until then */
};

static void take(void *arg, const char *line)
{
	struct search *s = arg;
	json_t *event;

	if (s->event != NULL || strstr(line, s->id) == NULL)
		return;
	event = json_loads(line, 0, NULL);
	if (strcmp(json_text_at(json_object_get(event, "block"), "id"), s->id) == 0)
		s->event = event;
	else
		json_decref(event);
}

/* A text of the log may be anything: what is not printable ASCII is not shown. */
static void print_text(const char *before, const char *text, const char *behind, FILE *out)
{
	if (text[0] == '\0')
		return;
	fputs(before, out);
	for (; *text != '\0'; text++)
		fputc(*text >= 0x20 && *text <= 0x7e ? *text : '?', out);
	fputs(behind, out);
}

static void print_end(const json_t *event, const char *ip, const char *port, const char *before,
		      FILE *out)
{
	const json_t *number = json_object_get(event, port);

	print_text(before, json_text_at(event, ip), "", out);
	if (number != NULL)
		fprintf(out, " port %lld", (long long)json_integer_value(number));
}

static void print_told(const json_t *block, FILE *out)
{
	const json_t *sent = json_object_get(block, "sent");
	bool source = json_is_true(json_object_get(sent, "source"));
	bool destination = json_is_true(json_object_get(sent, "destination"));

	if (json_is_true(json_object_get(block, "would")))
		fputs("  nothing was done: the rule is in shadow\n", out);
	else if (json_is_true(json_object_get(block, "suppressed")))
		fputs("  nobody was told: the reply limit was reached\n", out);
	else if (source || destination)
		fprintf(out, "  told to %s%s%s\n", source ? "the source" : "",
			source && destination ? " and " : "", destination ? "the destination" : "");
	else
		fputs("  nobody was told\n", out);
}

static void print_event(const json_t *event, FILE *out)
{
	const json_t *block = json_object_get(event, "block");

	print_text("", json_text_at(event, "timestamp"), "", out);
	print_text(": ", json_text_at(event, "proto"), "", out);
	print_end(event, "src_ip", "src_port", " from ", out);
	print_end(event, "dest_ip", "dest_port", " to ", out);
	print_text(", ", json_text_at(block, "host"), " asked for", out);
	fputc('\n', out);
	print_text("  ", json_text_at(block, "action"), "", out);
	print_text(" by rule ", json_text_at(block, "rule"), "\n", out);
	print_text("  with \"", json_text_at(block, "text"), "\"\n", out);
	print_told(block, out);
	if (json_integer_value(json_object_get(block, "count")) > 1)
		fprintf(out, "  %lld times\n",
			(long long)json_integer_value(json_object_get(block, "count")));
}

bool event_explain(const char *path, const char *id, char rule[NAME_LEN + 1], FILE *out)
{
	struct search s = { .id = id };

	if (!event_log_each(path, take, &s))
		return false;
	if (s.event == NULL) {
		fprintf(stderr, "epitaph: %s has no block with the id '%s'\n", path, id);
		return false;
	}
	print_event(s.event, out);
	snprintf(rule, NAME_LEN + 1, "%s", json_text_at(json_object_get(s.event, "block"), "rule"));
	json_decref(s.event);
	return true;
}
