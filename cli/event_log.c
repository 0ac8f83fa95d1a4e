/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_log.h"

#include "cli/gz.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <time.h>

bool event_log_each(const char *path, void (*take)(void *arg, const char *line), void *arg)
{
	FILE *in = gz_open(path);
	char *line = NULL;
	size_t room = 0;
	bool good;

	if (in == NULL) {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, strerror(errno));
		return false;
	}
	while (getline(&line, &room, in) > 0)
		take(arg, line);
	good = !ferror(in);
	if (!good)
		fprintf(stderr, "epitaph: %s is damaged, what comes before was read\n", path);
	free(line);
	fclose(in);
	return good;
}

int64_t event_time_us(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest == NULL || *rest != '.')
		return -1;
	return (int64_t)timegm(&tm) * 1000000 + strtol(rest + 1, NULL, 10);
}
