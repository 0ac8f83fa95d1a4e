/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time zones against the C library, which reads the same files. */
#include "tests/unit/unit.h"

#include "policy/zone.h"

#include <errno.h>

static uint8_t file[65536];

static struct bytes read_zone(const char *name)
{
	char path[128];
	FILE *f;
	size_t len;

	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rb");
	if (f == NULL)
		return (struct bytes){ NULL, 0 };
	len = fread(file, 1, sizeof(file), f);
	fclose(f);
	return (struct bytes){ file, len };
}

/* DST north and south, none, half hours, rules that changed, a negative DST, one that is always on. */
static const char *const zones[] = { "Europe/Berlin",	 "America/New_York", "Australia/Sydney",
				     "Australia/Lord_Howe", "Asia/Kolkata",   "UTC",
				     "America/Sao_Paulo", "Africa/Casablanca", "Europe/Dublin",
				     "Pacific/Chatham",	 "America/Santiago", "Asia/Gaza",
				     "Antarctica/Troll", "Pacific/Kiritimati", "America/Caracas" };

static void as_the_library(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct bytes b = read_zone(zones[i]);
		struct zone z;

		if (b.len == 0) {
			print_message("no %s on this machine\n", zones[i]);
			continue;
		}
		assert_int_equal(zone_parse(b, &z), 0);
		setenv("TZ", zones[i], 1);
		tzset();
		for (int k = 0; k < 20000; k++) {
			/* 1970 to 2100, a few seconds around full hours as well */
			time_t t = (time_t)((uint64_t)random_next(&seed) % 4102444800ULL);
			struct tm tm;

			if (k % 2)
				t = t - t % 3600 + (time_t)(random_next(&seed) % 3) - 1;
			if (t < 0)
				t = 0;
			localtime_r(&t, &tm);
			if (zone_offset(&z, t) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", zones[i], (long long)t,
					 zone_offset(&z, t), tm.tm_gmtoff);
		}
		zone_free(&z);
	}
}

static void damaged(void **state)
{
	uint64_t seed = random_seed();
	struct bytes good = read_zone("Europe/Berlin");
	static uint8_t copy[65536];
	struct zone z;

	(void)state;
	assert_true(good.len > 100);
	assert_int_equal(zone_parse((struct bytes){ file, 0 }, &z), -EINVAL);
	for (size_t len = 0; len < good.len; len += 1 + len / 10)
		assert_int_equal(zone_parse((struct bytes){ file, len }, &z), -EINVAL);
	for (int i = 0; i < 20000; i++) {
		memcpy(copy, file, good.len);
		for (uint32_t k = 1 + random_next(&seed) % 4; k > 0; k--)
			copy[random_next(&seed) % (k > 2 ? 100 : good.len)] = (uint8_t)random_next(&seed);
		if (zone_parse((struct bytes){ copy, good.len }, &z) == 0) {
			zone_offset(&z, 0);
			zone_offset(&z, INT32_MAX * 2LL);
			zone_free(&z);
		}
	}
}

static void dates(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t days = (int64_t)(random_next(&seed) % 100000), year;
		time_t t = (time_t)days * 86400;
		struct tm tm;
		int month, day;

		gmtime_r(&t, &tm);
		date_of_days(days, &year, &month, &day);
		assert_int_equal(year, tm.tm_year + 1900);
		assert_int_equal(month, tm.tm_mon + 1);
		assert_int_equal(day, tm.tm_mday);
		assert_int_equal(date_to_days(year, month, day), days);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_library),
		cmocka_unit_test(damaged),
		cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
