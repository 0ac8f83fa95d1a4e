/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/schedule.h"

#include <assert.h>

enum { DAY_SECONDS = 86400, EPOCH_WEEKDAY = 3 /* a Thursday; Monday is 0 */ };

static const char *const weekday_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static_assert(sizeof(weekday_names) / sizeof(weekday_names[0]) == WEEKDAYS, "a week");

int weekday_by_name(const char *name, size_t len)
{
	for (int i = 0; i < WEEKDAYS; i++) {
		if (len == 3 && strncmp(weekday_names[i], name, 3) == 0)
			return i;
	}
	return -1;
}

const char *weekday_name(int weekday)
{
	return weekday_names[weekday];
}

/* @local: seconds since the epoch by the schedule's own clock. */
static bool holds_by_clock(const struct schedule *s, int64_t local)
{
	int64_t second = (local % DAY_SECONDS + DAY_SECONDS) % DAY_SECONDS;
	int64_t day = (local - second) / DAY_SECONDS;
	int weekday = (int)((day % WEEKDAYS + WEEKDAYS + EPOCH_WEEKDAY) % WEEKDAYS);
	int before = (weekday + WEEKDAYS - 1) % WEEKDAYS, minute = (int)(second / 60);

	if (s->from < s->to)
		return (s->days >> weekday & 1) && minute >= s->from && minute < s->to;
	return ((s->days >> weekday & 1) && minute >= s->from) ||
	       ((s->days >> before & 1) && minute < s->to);
}

bool schedule_holds(const struct schedule *s, int64_t utc)
{
	return holds_by_clock(s, utc + zone_offset(&s->zone, utc));
}

bool schedule_holds_at(const struct schedule *s, const struct moment *m)
{
	if (!m->given)
		return false;
	return m->utc ? schedule_holds(s, m->seconds) : holds_by_clock(s, m->seconds);
}

/* @digits decimal digits at *at, which moves behind them. */
static bool take_digits(const char **at, int digits, int *out)
{
	int n = 0;

	for (int i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		n = n * 10 + (**at - '0');
	}
	*out = n;
	return true;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool take_clock(const char **at, int *minutes)
{
	int h, m;

	if (!take_digits(at, 2, &h) || !take_char(at, ':') || !take_digits(at, 2, &m))
		return false;
	*minutes = h * 60 + m;
	return m < 60 && *minutes <= DAY_MINUTES;
}

int clock_parse(const char *text)
{
	int minutes;

	return take_clock(&text, &minutes) && *text == '\0' ? minutes : -1;
}

bool moment_parse(const char *text, struct moment *out)
{
	int year, month, day, minutes, last_month, last_day;
	int64_t days, last_year;
	bool utc;

	if (!take_digits(&text, 4, &year) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &month) || !take_char(&text, '-') ||
	    !take_digits(&text, 2, &day) || !take_char(&text, ' ') ||
	    !take_clock(&text, &minutes) || minutes == DAY_MINUTES)
		return false;
	utc = take_char(&text, 'Z');
	if (*text != '\0' || month < 1 || month > 12 || day < 1)
		return false;
	days = date_to_days(year, month, day);
	date_of_days(days, &last_year, &last_month, &last_day);
	if (last_year != year || last_month != month || last_day != day)
		return false; /* February 30 */
	*out = (struct moment){ true, utc, days * DAY_SECONDS + minutes * 60 };
	return true;
}

void moment_format(const struct moment *m, char out[24])
{
	int64_t days = m->seconds / DAY_SECONDS, year;
	int month, day, minutes = (int)(m->seconds % DAY_SECONDS / 60);

	date_of_days(days, &year, &month, &day);
	snprintf(out, 24, "%04u-%02u-%02u %02u:%02u%s", (unsigned)year % 10000,
		 (unsigned)month % 100, (unsigned)day % 100, (unsigned)minutes / 60 % 100,
		 (unsigned)minutes % 60, m->utc ? "Z" : "");
}
