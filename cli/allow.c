/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions, as their users ask for them: a rule does not hold for a source, for a while. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/json_policy.h"

#include "cli/allow_run.h"
#include "policy/number.h"

#include <time.h>

static int usage(const char *what)
{
	fprintf(stderr, "epitaph allow: %s\nTry 'epitaph allow --help'.\n", what);
	return EXIT_USAGE;
}

/* Fill in the request. Returns NULL, or what is wrong with the command line. */
static const char *make_request(const struct cli_args *args, char request[CONTROL_REQUEST_MAX])
{
	const char *source = args->value[ALLOW_SOURCE], *why = args->value[ALLOW_WHY];
	const char *duration = args->value[ALLOW_FOR], *id = args->value[ALLOW_END];
	int len;

	if (args->value[ALLOW_LIST] != NULL || (args->operand == NULL && id == NULL))
		len = snprintf(request, CONTROL_REQUEST_MAX, ALLOW_REQUEST "list");
	else if (id != NULL)
		len = snprintf(request, CONTROL_REQUEST_MAX, ALLOW_REQUEST "end %s", id);
	else if (source == NULL || duration == NULL || why == NULL)
		return "RULE needs --src, --for and --why";
	else if (strpbrk(args->operand, " ") != NULL || strpbrk(source, " ") != NULL)
		return "a rule and a source are one word each";
	else if (duration_parse(duration, BOOK_SECONDS_MAX) < 1)
		return "--for is a time from 1s to 30d, such as 90s, 30m, 12h or 7d";
	else
		len = snprintf(request, CONTROL_REQUEST_MAX, ALLOW_REQUEST "add %s %s %ld %s",
			       args->operand, source, duration_parse(duration, BOOK_SECONDS_MAX),
			       why);
	return len < CONTROL_REQUEST_MAX ? NULL : "that is too long; WHY has at most 120 octets";
}

static void print_left(long long seconds)
{
	if (seconds >= 2 * 86400)
		printf("%lldd", seconds / 86400);
	else if (seconds >= 2 * 3600)
		printf("%lldh", seconds / 3600);
	else if (seconds >= 120)
		printf("%lldm", seconds / 60);
	else
		printf("%llds", seconds > 0 ? seconds : 0);
}

static void print_list(const json_t *all)
{
	json_t *o;
	size_t i;

	json_array_foreach(all, i, o)
	{
		long long until = json_number_at(o, "until");

		printf("%s  %s  %s  ", json_text_at(o, "id"), json_text_at(o, "rule"),
		       json_text_at(o, "source"));
		print_left(until - (long long)time(NULL));
		printf(" left  by %lld: %s%s\n", json_number_at(o, "uid"), json_text_at(o, "why"),
		       json_is_true(json_object_get(o, "known"))
			       ? ""
			       : " (the policy has no such rule)");
	}
}

int command_allow(const struct cli_args *args)
{
	const char *path = args->value[CONTROL_SOCKET];
	char request[CONTROL_REQUEST_MAX];
	const char *wrong = make_request(args, request);
	const json_t *list;
	json_t *o;
	int result;

	if (wrong != NULL)
		return usage(wrong);
	o = control_ask(path ? path : CLI_CONTROL_SOCKET, request);
	if (o == NULL)
		return EXIT_FOUND;
	result = strcmp(json_text_at(o, "result"), "in-force") == 0 ? EXIT_DONE : EXIT_FOUND;
	list = json_object_get(o, "exceptions");
	if (args->value[CONTROL_JSON] != NULL) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (list != NULL) {
		print_list(list);
	} else {
		fprintf(result == EXIT_DONE ? stdout : stderr, "%s%s\n",
			result == EXIT_DONE ? "" : "epitaph: ", json_text_at(o, "message"));
	}
	json_decref(o);
	return result;
}
