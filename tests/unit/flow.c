/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tcp/flow.h"

static const struct flow_limits small = {
	.flows = 4,
	.streams = 2,
	.key = 42,
	.timeout_us = { [FLOW_ACCEPTED] = 100, [FLOW_UNDECIDED] = 200, [FLOW_BLOCKED] = 300 },
};

static struct ip_tuple tuple(uint16_t sport)
{
	struct ip_tuple t = { .sport = sport, .dport = 443, .proto = PROTO_TCP, .family = 4 };

	t.src = addr_from_v4((const uint8_t[]){ 10, 8, 0, 2 });
	t.dst = addr_from_v4((const uint8_t[]){ 198, 51, 100, 2 });
	return t;
}

static void both_directions(void **state)
{
	struct flow_table *t = flow_table_new(&small);
	struct ip_tuple there = tuple(1), back = tuple_reverse(&there), other = tuple(2);
	enum flow_side_name side;
	struct flow *f = flow_add(t, &there, 1);

	(void)state;
	assert_ptr_equal(flow_find(t, &there, &side), f);
	assert_int_equal(side, SIDE_INITIATOR);
	assert_ptr_equal(flow_find(t, &back, &side), f);
	assert_int_equal(side, SIDE_RESPONDER);
	assert_null(flow_find(t, &other, &side));
	assert_true(f->id < 1ULL << 53);
	flow_table_free(t);
}

/* An accepted flow makes room before an undecided one, that before a blocked one. */
static void eviction(void **state)
{
	struct flow_table *t = flow_table_new(&small);
	enum flow_side_name side;
	struct ip_tuple key[7];

	(void)state;
	for (uint16_t i = 0; i < 7; i++)
		key[i] = tuple((uint16_t)(i + 1));
	flow_set(t, flow_add(t, &key[0], 1), FLOW_BLOCKED, 1);
	flow_add(t, &key[1], 2);
	flow_set(t, flow_add(t, &key[2], 3), FLOW_ACCEPTED, 3);
	flow_add(t, &key[3], 4);
	flow_add(t, &key[4], 5);
	assert_null(flow_find(t, &key[2], &side));
	flow_add(t, &key[5], 6);
	assert_null(flow_find(t, &key[1], &side));
	assert_non_null(flow_find(t, &key[0], &side));
	assert_int_equal(flow_evicted(t), 2);
	flow_table_free(t);
}

static void expiry(void **state)
{
	struct flow_table *t = flow_table_new(&small);
	struct ip_tuple a = tuple(1), b = tuple(2), c = tuple(3);
	enum flow_side_name side;

	(void)state;
	flow_set(t, flow_add(t, &a, 0), FLOW_ACCEPTED, 0);
	flow_add(t, &b, 0);
	flow_set(t, flow_add(t, &c, 0), FLOW_BLOCKED, 0);
	assert_int_equal(flow_expire(t, 99, 10), 0);
	assert_int_equal(flow_expire(t, 100, 10), 1);
	assert_null(flow_find(t, &a, &side));
	assert_int_equal(flow_expire(t, 300, 1), 1);
	assert_int_equal(flow_expire(t, 300, 10), 1);
	assert_int_equal(flow_count(t, FLOW_BLOCKED), 0);
	flow_table_free(t);
}

static void streams(void **state)
{
	struct flow_table *t = flow_table_new(&small);
	struct ip_tuple key[3] = { tuple(1), tuple(2), tuple(3) };
	struct flow *f[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		f[i] = flow_add(t, &key[i], 1);
	assert_non_null(flow_stream(t, f[0], SIDE_INITIATOR));
	assert_non_null(flow_stream(t, f[1], SIDE_INITIATOR));
	assert_null(flow_stream(t, f[2], SIDE_RESPONDER));
	flow_set(t, f[0], FLOW_ACCEPTED, 2);
	assert_null(f[0]->stream[0]);
	assert_non_null(flow_stream(t, f[2], SIDE_RESPONDER));
	flow_restart(t, f[1], &key[1], 3);
	assert_null(f[1]->stream[0]);
	flow_table_free(t);
}

/* Random adds, finds, changes and expiries, against a plain array. */
static void random_operations(void **state)
{
	struct flow_limits limits = small;
	struct flow_table *t;
	uint64_t seed = random_seed();
	bool there[300] = { false };

	(void)state;
	limits.flows = 512;
	limits.timeout_us[FLOW_UNDECIDED] = INT64_MAX;
	limits.timeout_us[FLOW_BLOCKED] = INT64_MAX;
	limits.timeout_us[FLOW_ACCEPTED] = 0;
	t = flow_table_new(&limits);
	for (int i = 0; i < 100000; i++) {
		uint16_t port = (uint16_t)(random_next(&seed) % 300);
		struct ip_tuple key = tuple(port);
		enum flow_side_name side;
		struct flow *f;

		if (random_next(&seed) & 1)
			key = tuple_reverse(&key);
		f = flow_find(t, &key, &side);
		assert_int_equal(f != NULL, there[port]);
		if (f == NULL) {
			flow_add(t, &key, i);
			there[port] = true;
		} else if (random_next(&seed) % 4 == 0) {
			flow_set(t, f, FLOW_ACCEPTED, i);
			assert_int_equal(flow_expire(t, i, 10), 1);
			there[port] = false;
		} else {
			flow_set(t, f, FLOW_BLOCKED, i);
		}
	}
	flow_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions), cmocka_unit_test(eviction),
		cmocka_unit_test(expiry),	   cmocka_unit_test(streams),
		cmocka_unit_test(random_operations),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
