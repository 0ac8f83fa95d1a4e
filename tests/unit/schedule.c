/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "policy/schedule.h"

static bool holds(const struct schedule *s, const char *when)
{
	struct moment m;

	assert_true(moment_parse(when, &m));
	return schedule_holds_at(s, &m);
}

static void within_a_day(void **state)
{
	struct schedule s = { .days = 0x1f, .from = 8 * 60, .to = 17 * 60 };

	(void)state;
	assert_false(holds(&s, "2026-11-23 07:59")); /* a Monday */
	assert_true(holds(&s, "2026-11-23 08:00"));
	assert_true(holds(&s, "2026-11-27 16:59"));
	assert_false(holds(&s, "2026-11-27 17:00"));
	assert_false(holds(&s, "2026-11-28 12:00")); /* a Saturday */
	assert_true(holds(&s, "2026-11-23 09:00Z")); /* no zone is UTC */
	assert_false(schedule_holds_at(&s, &(struct moment){ .given = false }));
}

/* A night belongs to the day on which it begins. */
static void over_midnight(void **state)
{
	struct schedule s = { .days = 1 << 4, .from = 22 * 60, .to = 6 * 60 };

	(void)state;
	assert_true(holds(&s, "2026-11-27 22:00")); /* a Friday */
	assert_true(holds(&s, "2026-11-28 05:59"));
	assert_false(holds(&s, "2026-11-28 06:00"));
	assert_false(holds(&s, "2026-11-27 03:00"));
	assert_false(holds(&s, "2026-11-28 22:00"));
	s = (struct schedule){ .days = 1 << 6, .from = 0, .to = DAY_MINUTES };
	assert_true(holds(&s, "2026-11-29 23:59"));
	assert_false(holds(&s, "2026-11-30 00:00"));
	s = (struct schedule){ .days = 1 << 6, .from = 12 * 60, .to = 12 * 60 }; /* a whole day */
	assert_true(holds(&s, "2026-11-29 12:00"));
	assert_true(holds(&s, "2026-11-30 11:59"));
	assert_false(holds(&s, "2026-11-30 12:00"));
}

static void texts(void **state)
{
	static const char *const bad[] = { "2026-02-30 00:00", "2026-13-01 00:00", "2026-01-01 24:00",
					   "2026-01-01",       "2026-01-01 1:00",  "2026-01-01 10:00 UTC",
					   "",		       "2026-00-10 10:00" };
	struct moment m;
	char text[24];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(moment_parse(bad[i], &m));
	assert_true(moment_parse("2028-02-29 23:59Z", &m));
	moment_format(&m, text);
	assert_string_equal(text, "2028-02-29 23:59Z");
	assert_int_equal(clock_parse("24:00"), DAY_MINUTES);
	assert_int_equal(clock_parse("24:01"), -1);
	assert_int_equal(clock_parse("8:00"), -1);
	assert_int_equal(clock_parse("08:60"), -1);
	assert_int_equal(weekday_by_name("sun", 3), 6);
	assert_int_equal(weekday_by_name("sunday", 6), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_a_day),
		cmocka_unit_test(over_midnight),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
