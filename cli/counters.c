/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon has counted: for people, as JSON, in Prometheus's text format. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/json_policy.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each counter of a "stats" event, in the order it is printed; those of objects have a label. */
static const struct counter {
	const char *key, *label, *help;
} counters[] = {
	{ "packets", NULL, "Packets that were judged" },
	{ "malformed", NULL, "Packets that could not be parsed" },
	{ "flows", NULL, "Flows that were opened" },
	{ "flows_evicted", NULL, "Flows that were forgotten to make room" },
	{ "blocked", NULL, "Flows that were blocked" },
	{ "answered", NULL, "Later packets of blocked flows, answered again" },
	{ "would_block", NULL, "Flows that rules in shadow would have blocked" },
	{ "undecided", NULL, "Flows that \"on undecided\" decided" },
	{ "suppressed", NULL, "Answers that the reply limit held back" },
	{ "regex_limited", NULL, "Expressions that reached their limit" },
	{ "resets_seen", NULL, "Resets that passed through" },
	{ "resets_with_payload", NULL, "Resets that carried a payload" },
	{ "resets_invalid_diag", NULL, "Resets with a malformed diagnostic record" },
	{ "resets_ours", NULL, "Resets of ours that came by again" },
	{ "resets_seq_zero", NULL, "Resets with sequence number 0" },
	{ "resets_kind", "kind", "Resets by what they were taken for" },
	{ "resets_dropped", NULL, "Resets that a rule dropped" },
	{ "resets_annotated", NULL, "Resets that a rule gave a text" },
	{ "sent_resets", NULL, "Resets that were sent" },
	{ "sent_texts", NULL, "Resets that were sent with a text" },
	{ "sent_diags", NULL, "Resets that were sent with a diagnostic record" },
	{ "sent_icmp", NULL, "ICMP errors that were sent" },
	{ "send_errors", NULL, "Answers that the kernel did not take" },
	{ "entries_closed", NULL, "Conntrack entries that resets had left open" },
	{ "verdict_errors", NULL, "Verdicts that the kernel did not take" },
	{ "enobufs", NULL, "Times that the queue's socket was full" },
	{ "queue_dropped", NULL, "Packets that the full queue dropped" },
	{ "user_dropped", NULL, "Packets that the queue's full socket dropped" },
	{ "lost_events", "sink", "Events that were lost" },
};

enum { COUNTERS = sizeof(counters) / sizeof(counters[0]) };

/* The parts of a counter that has a label, each of all queues together. */
static void print_parts(const json_t *queues, const struct counter *c, FILE *out)
{
	json_t *parts = json_object_get(json_array_get(queues, 0), c->key);

	for (void *at = json_object_iter(parts); at != NULL;
	     at = json_object_iter_next(parts, at)) {
		const char *name = json_object_iter_key(at);
		long long sum = 0;

		for (size_t i = 0; i < json_array_size(queues); i++)
			sum += json_number_at(json_object_get(json_array_get(queues, i), c->key),
					      name);
		fprintf(out, "%12lld    %s\n", sum, name);
	}
}

static void print_plain(const json_t *answer, FILE *out)
{
	const json_t *queues = json_object_get(answer, "queues");

	fprintf(out, "policy %lld, %lld rules, %zu queues\n", json_number_at(answer, "generation"),
		json_number_at(answer, "rules"), json_array_size(queues));
	for (int i = 0; i < COUNTERS; i++) {
		const struct counter *c = &counters[i];

		if (c->label == NULL) {
			fprintf(out, "%12lld  %s\n", json_total_at(queues, c->key), c->help);
			continue;
		}
		fprintf(out, "%12s  %s:\n", "", c->help);
		print_parts(queues, c, out);
	}
}

/* https://prometheus.io/docs/instrumenting/exposition_formats/ */
static void print_metric(const json_t *queues, const struct counter *c, FILE *out)
{
	fprintf(out, "# HELP epitaph_%s_total %s.\n# TYPE epitaph_%s_total counter\n", c->key,
		c->help, c->key);
	for (size_t i = 0; i < json_array_size(queues); i++) {
		const json_t *queue = json_array_get(queues, i);
		long long number = json_number_at(queue, "queue");
		json_t *parts = json_object_get(queue, c->key);

		if (c->label == NULL)
			fprintf(out, "epitaph_%s_total{queue=\"%lld\"} %lld\n", c->key, number,
				json_number_at(queue, c->key));
		for (void *at = json_object_iter(parts); at != NULL;
		     at = json_object_iter_next(parts, at))
			fprintf(out, "epitaph_%s_total{queue=\"%lld\",%s=\"%s\"} %lld\n", c->key,
				number, c->label, json_object_iter_key(at),
				(long long)json_integer_value(json_object_iter_value(at)));
	}
}

static void print_rules(const json_t *answer, FILE *out)
{
	const json_t *rules = json_object_get(answer, "by_rule");

	fprintf(out, "# HELP epitaph_rule_flows_total Flows that a rule has decided.\n"
		     "# TYPE epitaph_rule_flows_total counter\n");
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *r = json_array_get(rules, i);

		fprintf(out, "epitaph_rule_flows_total{rule=\"%s\",action=\"%s\"} %lld\n",
			json_text_at(r, "name"), json_text_at(r, "action"),
			json_number_at(r, "flows"));
	}
}

static void print_gauge(const json_t *answer, const char *key, const char *help, FILE *out)
{
	fprintf(out,
		"# HELP epitaph_policy_%s %s.\n# TYPE epitaph_policy_%s gauge\nepitaph_policy_%s %lld\n",
		key, help, key, key, json_number_at(answer, key));
}

static void print_prometheus(const json_t *answer, FILE *out)
{
	const json_t *queues = json_object_get(answer, "queues");

	fprintf(out,
		"# HELP epitaph_policy_info The policy in force.\n# TYPE epitaph_policy_info gauge\n"
		"epitaph_policy_info{hash=\"%s\",backend=\"%s\",version=\"%s\"} 1\n",
		json_text_at(answer, "hash"), json_text_at(answer, "backend"), EPITAPH_VERSION);
	print_gauge(answer, "generation", "How many policies have come into force", out);
	print_gauge(answer, "rules", "Rules of the policy", out);
	print_gauge(answer, "entries", "Elements of its sets", out);
	for (int i = 0; i < COUNTERS; i++)
		print_metric(queues, &counters[i], out);
	print_rules(answer, out);
}

static void print_counters(const struct cli_args *args, const json_t *answer, FILE *out)
{
	if (args->value[COUNTERS_PROMETHEUS] != NULL) {
		print_prometheus(answer, out);
	} else if (args->value[CONTROL_JSON] != NULL) {
		json_dumpf(answer, out, JSON_COMPACT);
		fputc('\n', out);
	} else {
		print_plain(answer, out);
	}
}

/* Readers see the file as it was, or all of the new one. */
static bool replace_file(const struct cli_args *args, const json_t *answer, const char *path)
{
	char *name = NULL;
	int fd = asprintf(&name, "%s.XXXXXX", path) > 0 ? mkstemp(name) : -1;
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool good = out != NULL;

	if (good) {
		print_counters(args, answer, out);
		good = fchmod(fd, 0644) == 0;
		good = fclose(out) == 0 && good && rename(name, path) == 0;
	}
	if (!good) {
		fprintf(stderr, "epitaph: cannot write %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			unlink(name);
	}
	free(name);
	return good;
}

int command_counters(const struct cli_args *args)
{
	const char *path = args->value[CONTROL_SOCKET], *output = args->value[COUNTERS_OUTPUT];
	json_t *answer = control_ask(path ? path : CLI_CONTROL_SOCKET, "counters");
	bool good = json_is_array(json_object_get(answer, "queues"));

	if (answer != NULL && !good)
		fprintf(stderr,
			"epitaph: the daemon is of another version, and tells no counters\n");
	if (good && output != NULL)
		good = replace_file(args, answer, output);
	else if (good)
		print_counters(args, answer, stdout);
	json_decref(answer);
	return good ? EXIT_DONE : EXIT_FOUND;
}
