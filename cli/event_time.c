/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_time.h"

#include <stdlib.h>
#include <time.h>

int64_t event_time_us(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (rest == NULL || *rest != '.')
		return -1;
	return (int64_t)timegm(&tm) * 1000000 + strtol(rest + 1, NULL, 10);
}
