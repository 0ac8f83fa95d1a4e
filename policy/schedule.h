/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hours of the week at which a rule holds, by the clock of a time zone. */
#ifndef EPITAPH_POLICY_SCHEDULE_H
#define EPITAPH_POLICY_SCHEDULE_H

#include "policy/diag.h"
#include "policy/zone.h"

enum { SCHEDULES_MAX = 64, WEEKDAYS = 7, DAY_MINUTES = 24 * 60, SCHEDULE_NAME = 32 };

struct schedule {
	char name[SCHEDULE_NAME];
	struct place place;
	bool used;
	uint8_t days;	   /* bit 0 is Monday */
	uint16_t from, to; /* minutes of the day; when to <= from it ends on the next day */
	char *zone_name;   /* NULL: that of the machine */
	struct zone zone;
};

/* A date and time as a test gives it. */
struct moment {
	bool given;
	bool utc;	 /* else by the clock of whichever schedule is asked */
	int64_t seconds; /* since 1970-01-01 00:00 by that clock */
};

/* Whether @s holds at @utc, seconds since the epoch. */
bool schedule_holds(const struct schedule *s, int64_t utc);

/* The same at the moment of a test; false when none is given. */
bool schedule_holds_at(const struct schedule *s, const struct moment *m);

/* "mon" to "sun"; -1 for anything else. */
int weekday_by_name(const char *name, size_t len);
const char *weekday_name(int weekday);

/* "YYYY-MM-DD HH:MM", with "Z" behind it for UTC. False when it is not. */
bool moment_parse(const char *text, struct moment *out);
void moment_format(const struct moment *m, char out[24]);

/* "HH:MM" up to 24:00, in minutes; -1 otherwise. */
int clock_parse(const char *text);

#endif
