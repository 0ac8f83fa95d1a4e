/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/number.h"

#include "cli/cli.h"

#include <stdio.h>

bool cli_number(const char *command, const char *option, const char *text, long min, long max,
		long *out)
{
	long n;

	if (text == NULL)
		return true;
	n = number_parse(text, max);
	if (n < min) {
		fprintf(stderr, "epitaph %s: --%s takes a number from %ld to %ld, not '%s'\n",
			command, option, min, max, text);
		return false;
	}
	*out = n;
	return true;
}
