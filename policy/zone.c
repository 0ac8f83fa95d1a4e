/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation. A TZif file lists the moments at which a zone's offset changed, and ends with
 * a rule in the form of POSIX's TZ variable for all moments behind the last one. The 32-bit part of
 * the file is stepped over, the 64-bit part is read. Every count is checked against the file's
 * length before anything is taken.
 */
#include "policy/zone.h"

#include <errno.h>
#include <stdlib.h>

enum {
	HEADER = 44,
	DAY = 86400,
	TRANSITIONS_MAX = 10000,
	EPOCH_WEEKDAY = 4, /* 1970-01-01 was a Thursday; Sunday is 0, as POSIX counts */
};

int64_t date_to_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400,
		of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097,
		of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static bool read_counts(struct bytes file, size_t at, struct counts *c)
{
	const uint8_t *magic = bytes_at(file, at, HEADER);

	return magic != NULL && memcmp(magic, "TZif", 4) == 0 && magic[4] >= '2' &&
	       bytes_get32(file, at + 20, &c->isut) && bytes_get32(file, at + 24, &c->isstd) &&
	       bytes_get32(file, at + 28, &c->leap) && bytes_get32(file, at + 32, &c->time) &&
	       bytes_get32(file, at + 36, &c->type) && bytes_get32(file, at + 40, &c->chars) &&
	       c->time <= TRANSITIONS_MAX && c->type > 0 && c->type <= 256 && c->chars <= 4096 &&
	       c->leap <= 4096 && c->isstd <= 256 && c->isut <= 256;
}

/* Octets of a data block whose moments take @width octets. */
static size_t block_size(const struct counts *c, size_t width)
{
	return c->time * width + c->time + c->type * 6u + c->chars + c->leap * (width + 4) +
	       c->isstd + c->isut;
}

/* A bounded reader of the footer; NUL at its end. */
struct footer {
	const char *at;
};

static bool take_char(struct footer *f, char c)
{
	if (*f->at != c)
		return false;
	f->at++;
	return true;
}

static bool take_int(struct footer *f, int max, int *out)
{
	int n = 0;

	if (*f->at < '0' || *f->at > '9')
		return false;
	while (*f->at >= '0' && *f->at <= '9') {
		n = n * 10 + (*f->at++ - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct footer *f, int32_t *out)
{
	bool minus = take_char(f, '-');
	int h, m = 0, s = 0;

	if (!minus)
		take_char(f, '+');
	if (!take_int(f, 167, &h))
		return false;
	if (take_char(f, ':') &&
	    (!take_int(f, 59, &m) || (take_char(f, ':') && !take_int(f, 59, &s))))
		return false;
	*out = h * 3600 + m * 60 + s;
	if (minus)
		*out = -*out;
	return true;
}

/* The abbreviation is of no use here. */
static bool skip_abbreviation(struct footer *f)
{
	const char *from = f->at;

	if (take_char(f, '<')) {
		while (*f->at != '\0' && *f->at != '>')
			f->at++;
		return take_char(f, '>');
	}
	while ((*f->at >= 'a' && *f->at <= 'z') || (*f->at >= 'A' && *f->at <= 'Z'))
		f->at++;
	return f->at > from;
}

static bool take_rule(struct footer *f, struct zone_rule *r)
{
	*r = (struct zone_rule){ .form = ZONE_DAY, .second = 2 * 3600 };
	if (!take_char(f, ','))
		return false;
	if (take_char(f, 'M')) {
		r->form = ZONE_MONTH_WEEK_DAY;
		if (!take_int(f, 12, &r->month) || r->month < 1 || !take_char(f, '.') ||
		    !take_int(f, 5, &r->week) || r->week < 1 || !take_char(f, '.') ||
		    !take_int(f, 6, &r->day))
			return false;
	} else {
		if (take_char(f, 'J'))
			r->form = ZONE_JULIAN;
		if (!take_int(f, 365, &r->day) || (r->form == ZONE_JULIAN && r->day < 1))
			return false;
	}
	return !take_char(f, '/') || take_time(f, &r->second);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3" */
static bool parse_footer(const char *text, struct zone *z)
{
	struct footer f = { text };

	if (!skip_abbreviation(&f) || !take_time(&f, &z->standard))
		return false;
	z->standard = -z->standard; /* POSIX counts west of Greenwich */
	z->has_rule = true;
	if (*f.at == '\0')
		return true;
	if (!skip_abbreviation(&f))
		return false;
	z->daylight = z->standard + 3600;
	if (*f.at != ',') {
		if (!take_time(&f, &z->daylight))
			return false;
		z->daylight = -z->daylight;
	}
	z->has_dst = true;
	return take_rule(&f, &z->begin) && take_rule(&f, &z->end) && *f.at == '\0';
}

/* The text between two newlines at the end of the file, as a footer. */
static bool read_footer(struct bytes file, size_t at, struct zone *z)
{
	struct bytes rest = bytes_cut(file, at, 256);
	char text[256];

	if (rest.len < 2 || rest.at[0] != '\n')
		return false;
	for (size_t i = 1; i < rest.len; i++) {
		text[i - 1] = (char)rest.at[i];
		if (rest.at[i] == '\n') {
			text[i - 1] = '\0';
			return i == 1 || parse_footer(text, z);
		}
	}
	return false;
}

static int32_t offset_of_type(struct bytes types, size_t i)
{
	uint32_t raw = 0;

	bytes_get32(types, i * 6, &raw);
	return (int32_t)raw;
}

static bool read_transitions(struct bytes file, size_t at, const struct counts *c, struct zone *z)
{
	struct bytes kinds = bytes_cut(file, at + c->time * 8u, c->time);
	struct bytes types = bytes_cut(file, at + c->time * 9u, c->type * 6u);

	for (size_t i = 0; i < c->time; i++) {
		uint32_t high = 0, low = 0;

		bytes_get32(file, at + i * 8, &high);
		bytes_get32(file, at + i * 8 + 4, &low);
		if (kinds.at[i] >= c->type)
			return false;
		z->at[i] = (int64_t)((uint64_t)high << 32 | low);
		z->offset[i] = offset_of_type(types, kinds.at[i]);
		if (z->offset[i] < -DAY || z->offset[i] > DAY ||
		    (i > 0 && z->at[i] <= z->at[i - 1]))
			return false;
	}
	z->first = offset_of_type(types, 0);
	z->transitions = c->time;
	return z->first >= -DAY && z->first <= DAY;
}

int zone_parse(struct bytes file, struct zone *out)
{
	struct zone z = { .transitions = 0 };
	struct counts c;
	size_t at;

	if (!read_counts(file, 0, &c))
		return -EINVAL;
	at = HEADER + block_size(&c, 4);
	if (!read_counts(file, at, &c))
		return -EINVAL;
	at += HEADER;
	if (bytes_at(file, at, block_size(&c, 8)) == NULL)
		return -EINVAL;
	z.at = calloc(c.time + 1u, sizeof(*z.at));
	z.offset = calloc(c.time + 1u, sizeof(*z.offset));
	if (z.at == NULL || z.offset == NULL) {
		zone_free(&z);
		return -ENOMEM;
	}
	if (!read_transitions(file, at, &c, &z) || !read_footer(file, at + block_size(&c, 8), &z)) {
		zone_free(&z);
		return -EINVAL;
	}
	*out = z;
	return 0;
}

void zone_free(struct zone *z)
{
	free(z->at);
	free(z->offset);
	*z = (struct zone){ .at = NULL };
}

/* Seconds since the epoch, as if the zone's clock showed UTC, at which @r falls in @year. */
static int64_t rule_moment(const struct zone_rule *r, int64_t year)
{
	int64_t days = date_to_days(year, 1, 1);
	bool leap = date_to_days(year + 1, 1, 1) - days == 366;

	if (r->form == ZONE_MONTH_WEEK_DAY) {
		int64_t first = date_to_days(year, r->month, 1);
		int64_t next = r->month == 12 ? date_to_days(year + 1, 1, 1)
					      : date_to_days(year, r->month + 1, 1);
		int weekday = (int)((first % 7 + 7 + EPOCH_WEEKDAY) % 7);

		days = first + (r->day - weekday + 7) % 7 + (r->week - 1) * 7;
		while (days >= next)
			days -= 7;
	} else if (r->form == ZONE_JULIAN) { /* 1 to 365: February 29 is never counted */
		days += r->day - 1 + (leap && r->day >= 60);
	} else {
		days += r->day;
	}
	return days * DAY + r->second;
}

static int32_t rule_offset(const struct zone *z, int64_t utc)
{
	int64_t local = utc + z->standard, year, begin, end;
	int month, day;
	bool dst;

	if (!z->has_dst)
		return z->standard;
	date_of_days((local - (local % DAY + DAY) % DAY) / DAY, &year, &month, &day);
	begin = rule_moment(&z->begin, year) - z->standard;
	end = rule_moment(&z->end, year) - z->daylight;
	dst = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
	return dst ? z->daylight : z->standard;
}

int32_t zone_offset(const struct zone *z, int64_t utc)
{
	size_t low = 0, high = z->transitions;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (z->at[mid] <= utc)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->transitions && z->has_rule)
		return rule_offset(z, utc);
	return low > 0 ? z->offset[low - 1] : z->first;
}
