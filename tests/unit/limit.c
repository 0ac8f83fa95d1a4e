/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "policy/limit.h"

#include <pthread.h>

static struct ip_tuple from(const char *src)
{
	struct ip_tuple t = { .proto = 6 };

	t.family = (uint8_t)addr_parse(src, &t.src);
	t.dst = t.src;
	return t;
}

static unsigned taken(struct limiter *l, const struct limit *limit, const struct ip_tuple *t,
		      unsigned tries, int64_t now)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += limiter_take(l, limit, t, 1, now);
	return n;
}

static void bucket(void **state)
{
	struct limiter *l = limiter_new(64, 1);
	struct limit limit = { .rate = 10, .unit = UNIT_SECOND, .burst = 5, .per = LIMIT_SADDR, .id = 7 };
	struct ip_tuple a = from("10.0.0.1"), b = from("10.0.0.2");

	(void)state;
	assert_int_equal(taken(l, &limit, &a, 20, 1000000), 5);
	assert_int_equal(taken(l, &limit, &b, 20, 1000000), 5);
	assert_int_equal(taken(l, &limit, &a, 20, 1100000), 1);
	assert_int_equal(taken(l, &limit, &a, 20, 1350000), 2);
	assert_int_equal(taken(l, &limit, &a, 20, 9000000), 5);
	assert_false(limiter_take(l, &limit, &b, 6, 9000000));
	assert_true(limiter_take(l, &limit, &b, 5, 9000000));
	limit.per = LIMIT_RULE;
	assert_int_equal(taken(l, &limit, &a, 3, 9000000), 3);
	assert_int_equal(taken(l, &limit, &b, 20, 9000000), 2);
	limiter_free(l);
}

/* A host has a /64 full of addresses: they share one bucket. */
static void v6_network(void **state)
{
	struct limiter *l = limiter_new(64, 1);
	struct limit limit = { .rate = 1, .unit = UNIT_MINUTE, .burst = 2, .per = LIMIT_DADDR, .id = 7 };
	struct ip_tuple a = from("2001:db8::1"), b = from("2001:db8::2:1"), c = from("2001:db8:0:1::1");

	(void)state;
	assert_int_equal(taken(l, &limit, &a, 1, 0), 1);
	assert_int_equal(taken(l, &limit, &b, 9, 0), 1);
	assert_int_equal(taken(l, &limit, &c, 9, 0), 2);
	limiter_free(l);
}

/* Ten times more sources than there is room for: nobody is refused what is his; the memory stays. */
static void bounded(void **state)
{
	struct limiter *l = limiter_new(1024, 1);
	struct limit limit = { .rate = 1, .unit = UNIT_SECOND, .burst = 1, .per = LIMIT_SADDR, .id = 7 };
	struct ip_tuple t = from("10.0.0.0");

	(void)state;
	for (unsigned i = 0; i < 10240; i++) {
		t.src.b[14] = (uint8_t)(i >> 8);
		t.src.b[15] = (uint8_t)i;
		assert_true(limiter_take(l, &limit, &t, 1, 0));
	}
	limiter_free(l);
}

/* Whatever the times, no more is taken than burst and rate allow. */
static void never_more(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct limiter *l = limiter_new(64, seed);
		struct limit limit = { .rate = 1 + random_next(&seed) % 1000, .unit = UNIT_SECOND,
				       .burst = 1 + random_next(&seed) % 50, .per = LIMIT_SADDR };
		struct ip_tuple t = from("10.0.0.1");
		int64_t now = 0;
		uint64_t got = 0;

		for (int i = 0; i < 2000; i++) {
			now += random_next(&seed) % 2000;
			got += limiter_take(l, &limit, &t, 1, now);
			assert_true(got <= limit.burst + (uint64_t)now * limit.rate / 1000000 + 1);
		}
		limiter_free(l);
	}
}

struct taker {
	struct limiter *l;
	unsigned got;
};

static void *take_many(void *arg)
{
	struct taker *t = arg;
	struct limit limit = { .rate = 1, .unit = UNIT_DAY, .burst = 10000, .per = LIMIT_RULE };
	struct ip_tuple a = from("10.0.0.1");

	t->got = taken(t->l, &limit, &a, 10000, 0);
	return NULL;
}

static void many_threads(void **state)
{
	struct limiter *l = limiter_new(64, 1);
	struct taker taker[4];
	pthread_t thread[4];
	unsigned all = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		taker[i] = (struct taker){ l, 0 };
		assert_int_equal(pthread_create(&thread[i], NULL, take_many, &taker[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		all += taker[i].got;
	}
	assert_int_equal(all, 10000);
	limiter_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket),     cmocka_unit_test(v6_network),   cmocka_unit_test(bounded),
		cmocka_unit_test(never_more), cmocka_unit_test(many_threads),
	};

	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
