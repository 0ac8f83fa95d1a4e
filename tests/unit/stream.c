/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tcp/stream.h"

static struct stream s;

static void in_order_and_not(void **state)
{
	(void)state;
	stream_reset(&s);
	stream_add(&s, 3, text_bytes("def"));
	assert_int_equal(stream_contiguous(&s).len, 0);
	stream_add(&s, 0, text_bytes("abc"));
	assert_int_equal(stream_contiguous(&s).len, 6);
	assert_memory_equal(stream_contiguous(&s).at, "abcdef", 6);
}

static void first_copy_wins(void **state)
{
	(void)state;
	stream_reset(&s);
	stream_add(&s, 2, text_bytes("CD"));
	stream_add(&s, 0, text_bytes("abcdef"));
	assert_int_equal(stream_contiguous(&s).len, 6);
	assert_memory_equal(stream_contiguous(&s).at, "abCDef", 6);
}

static void capacity(void **state)
{
	static uint8_t big[STREAM_CAPACITY + 10];

	(void)state;
	stream_reset(&s);
	stream_add(&s, 0, (struct bytes){ big, sizeof(big) });
	assert_int_equal(stream_contiguous(&s).len, STREAM_CAPACITY);
	assert_true(s.lost || stream_contiguous(&s).len == STREAM_CAPACITY);
	stream_add(&s, STREAM_CAPACITY, text_bytes("x"));
	stream_add(&s, UINT32_MAX, text_bytes("x"));
	assert_int_equal(stream_contiguous(&s).len, STREAM_CAPACITY);
}

static void too_many_holes(void **state)
{
	(void)state;
	stream_reset(&s);
	for (uint32_t i = 0; i <= STREAM_HOLES; i++)
		stream_add(&s, 10 + 4 * i, text_bytes("x"));
	assert_false(s.lost);
	stream_add(&s, 11, text_bytes("yz")); /* grows a range: no new hole */
	assert_false(s.lost);
	stream_add(&s, 5000, text_bytes("x"));
	assert_true(s.lost || stream_contiguous(&s).len == STREAM_CAPACITY);
}

/* Segments of a known text in random order, sizes and overlaps, against a map of what came. */
static void random_segments(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint8_t text[600], came[600] = { 0 };
		size_t whole = 0;

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (uint8_t)random_next(&seed);
		stream_reset(&s);
		for (int i = 0; i < 40 && !s.lost; i++) {
			uint32_t at = random_next(&seed) % sizeof(text);
			uint32_t len = random_next(&seed) % 60;

			if (len > sizeof(text) - at)
				len = (uint32_t)sizeof(text) - at;
			stream_add(&s, at, (struct bytes){ text + at, len });
			if (!s.lost)
				memset(came + at, 1, len);
		}
		while (whole < sizeof(came) && came[whole])
			whole++;
		assert_int_equal(stream_contiguous(&s).len, whole);
		assert_memory_equal(stream_contiguous(&s).at, text, whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_not), cmocka_unit_test(first_copy_wins),
		cmocka_unit_test(capacity),	    cmocka_unit_test(too_many_holes),
		cmocka_unit_test(random_segments),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
