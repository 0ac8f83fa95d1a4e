/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "events/aggregate.h"

static struct event last;
static unsigned emitted, counted;

static void take(void *arg, const struct event *e)
{
	(void)arg;
	last = *e;
	emitted++;
	counted += e->block.count;
}

static struct event block(const char *rule, uint8_t host, int64_t time_us)
{
	struct event e = { .type = EVENT_BLOCK, .time_us = time_us };

	snprintf(e.block.rule, sizeof(e.block.rule), "%s", rule);
	e.tuple.src.b[15] = host;
	e.block.count = 1;
	e.block.first_us = e.block.last_us = time_us;
	return e;
}

static bool add(struct aggregate *a, struct event e)
{
	return aggregate_add(a, &e);
}

static void one_window(void **state)
{
	struct aggregate *a = aggregate_new(10);

	(void)state;
	emitted = counted = 0;
	assert_true(add(a, block("a", 1, 100)));
	assert_true(add(a, block("a", 1, 103)));
	assert_true(add(a, block("a", 2, 104)));
	assert_true(add(a, block("b", 1, 105)));
	assert_true(add(a, block("a", 1, 106)));
	assert_false(add(a, (struct event){ .type = EVENT_RESET }));
	aggregate_expire(a, 109, take, NULL);
	assert_int_equal(emitted, 0);
	aggregate_expire(a, 110, take, NULL);
	assert_int_equal(emitted, 1);
	assert_int_equal(last.block.count, 3);
	assert_int_equal(last.block.first_us, 100);
	assert_int_equal(last.block.last_us, 106);
	assert_true(add(a, block("a", 1, 111))); /* a window of its own */
	aggregate_expire(a, INT64_MAX, take, NULL);
	assert_int_equal(emitted, 4);
	assert_int_equal(counted, 6);
	assert_false(aggregate_pending(a));
	aggregate_free(a);
}

/* Full or not, in any order: what goes in comes out, and nothing of one kind is in two windows. */
static void nothing_is_lost(void **state)
{
	uint64_t seed = random_seed();
	struct aggregate *a = aggregate_new(50);
	unsigned added = 0, direct = 0;

	(void)state;
	emitted = counted = 0;
	for (int64_t t = 0; t < 200000; t++) {
		struct event e = block("r", (uint8_t)random_next(&seed), t / 100);

		e.tuple.dport = (uint16_t)(random_next(&seed) % 64);
		added++;
		direct += !add(a, e);
		if (t % 1000 == 0)
			aggregate_expire(a, t / 100, take, NULL);
	}
	aggregate_expire(a, INT64_MAX, take, NULL);
	assert_int_equal(counted + direct, added);
	assert_true(direct > 0 && emitted > 4096);
	aggregate_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_window),
		cmocka_unit_test(nothing_is_lost),
	};

	return cmocka_run_group_tests_name("aggregate", tests, NULL, NULL);
}
