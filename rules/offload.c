/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/offload.h"

#include <stdio.h>
#include <string.h>

/* Copy the line that @at is in, without blanks in front. */
static void copy_line(const char *text, const char *at, char out[OFFLOAD_LINE])
{
	while (at > text && at[-1] != '\n')
		at--;
	at += strspn(at, " \t");
	snprintf(out, OFFLOAD_LINE, "%.*s", (int)strcspn(at, "\n"), at);
}

const char *offload_next(const char *ruleset, const char *after, struct offload *out)
{
	/* The statement of nftables, and the target that xtables has on some routers. */
	const char *from = after != NULL ? after + 1 : ruleset;
	const char *flow = strstr(from, "flow add @"), *target = strstr(from, "FLOWOFFLOAD");
	const char *at = flow != NULL && (target == NULL || flow < target) ? flow : target;

	if (at == NULL)
		return NULL;
	copy_line(ruleset, at, out->line);
	out->waits = strstr(out->line, "ct mark") != NULL || strstr(out->line, "connmark") != NULL;
	return at;
}

bool offload_is_hardware(const char *ruleset)
{
	return strstr(ruleset, "flowtable ") != NULL && strstr(ruleset, "flags offload") != NULL;
}
