/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log's events, gathered for a page. */
#ifndef EPITAPH_CLI_REPORT_H
#define EPITAPH_CLI_REPORT_H

#include "cli/counts.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum report_series { SERIES_BLOCK, SERIES_WOULD, SERIES_RESET, REPORT_SERIES };

enum report_list {
	BY_RULE,
	BY_CLIENT,
	BY_HOST,
	BY_DESTINATION,
	BY_REASON,
	BY_WOULD, /* rules in shadow */
	BY_KIND,
	BY_SENDER,
	BY_TEXT,
	BY_SIGN,
	REPORT_LISTS,
};

struct report_point {
	int64_t time_s;
	uint32_t count;
	enum report_series series;
};

struct report {
	struct counts *list[REPORT_LISTS];
	uint64_t total[REPORT_SERIES];
	uint64_t events, unreadable, suppressed, ours;
	struct report_point *point;
	size_t points, room;
	json_t *blocks; /* rows of what can be searched, the oldest first */
	size_t blocks_max, blocks_left_out;
};

/* @r is zeros but for blocks_max. False without memory; report_free() is due in any case. */
bool report_init(struct report *r);
void report_free(struct report *r);

/* Take in a line of a log; @report is a struct report. */
void report_take(void *report, const char *line);

/* Leave no more than blocks_max blocks, the latest. */
void report_trim(struct report *r);

/* Write the page: one file that needs no other, and no network. False when it could not be written. */
bool report_write(const struct report *r, const char *source, FILE *out);

#endif
