/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of a log's events. */
#include "cli/report.h"

#include "cli/cli.h"
#include "cli/event_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCKS_DEFAULT = 20000, BLOCKS_MAX = 1000000 };

static bool read_events(struct report *r, const char *path)
{
	if (!event_log_each(path, report_take, r))
		return false;
	if (r->unreadable > 0)
		fprintf(stderr, "epitaph: %s: %llu lines are no events and were left out\n", path,
			(unsigned long long)r->unreadable);
	if (r->events > 0)
		return true;
	fprintf(stderr, "epitaph: %s: there are no events in it\n", path);
	return false;
}

static bool write_page(const struct report *r, const char *source, const char *path)
{
	FILE *out = path ? fopen(path, "we") : stdout;
	bool good = out != NULL && report_write(r, source, out);

	if (out != NULL && out != stdout)
		good = fclose(out) == 0 && good;
	if (!good)
		fprintf(stderr, "epitaph: cannot write %s: %s\n", path ? path : "the page",
			strerror(errno));
	return good;
}

int command_report(const struct cli_args *args)
{
	struct report r = { 0 };
	long most = BLOCKS_DEFAULT;
	bool good;

	if (!cli_number("report", "blocks", args->value[REPORT_BLOCKS], 0, BLOCKS_MAX, &most))
		return EXIT_USAGE;
	r.blocks_max = (size_t)most;
	good = report_init(&r);
	good = good && read_events(&r, args->operand);
	if (good) {
		report_trim(&r);
		good = write_page(&r, args->operand, args->value[REPORT_OUTPUT]);
	}
	report_free(&r);
	return good ? EXIT_DONE : EXIT_FOUND;
}
