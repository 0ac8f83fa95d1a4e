/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A time zone out of a TZif file (RFC 9636): what a clock on the wall shows at a moment. */
#ifndef EPITAPH_POLICY_ZONE_H
#define EPITAPH_POLICY_ZONE_H

#include "tcp/bytes.h"

/* The moment of a year at which daylight saving time begins or ends, in the POSIX form. */
struct zone_rule {
	enum { ZONE_JULIAN, ZONE_DAY, ZONE_MONTH_WEEK_DAY } form;
	int month, week, day; /* ZONE_JULIAN and ZONE_DAY use the day alone */
	int32_t second;	      /* after midnight of that day, local; may be negative */
};

struct zone {
	size_t transitions;
	int64_t *at;	 /* seconds since the epoch */
	int32_t *offset; /* east of UTC from that moment on, seconds */
	int32_t first;	 /* before the first one */
	bool has_rule, has_dst;
	int32_t standard, daylight;
	struct zone_rule begin, end;
};

/* Read a TZif file of version 2 or later. Returns 0, -EINVAL when it is none, or -ENOMEM; *out is
 * untouched then. */
int zone_parse(struct bytes file, struct zone *out);
void zone_free(struct zone *z);

/* Seconds east of UTC at @utc, seconds since the epoch. A zeroed zone is UTC. */
int32_t zone_offset(const struct zone *z, int64_t utc);

/* Days since the epoch of a date in the proleptic Gregorian calendar; and the reverse. */
int64_t date_to_days(int64_t year, int month, int day);
void date_of_days(int64_t days, int64_t *year, int *month, int *day);

#endif
