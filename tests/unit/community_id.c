/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "events/community_id.h"

static void expect(const char *src, uint16_t sport, const char *dst, uint16_t dport, uint8_t proto,
		   const char *want)
{
	struct ip_tuple t = { .sport = sport, .dport = dport, .proto = proto }, back;
	char id[COMMUNITY_ID_LEN + 1];

	t.family = (uint8_t)addr_parse(src, &t.src);
	addr_parse(dst, &t.dst);
	back = tuple_reverse(&t);
	assert_string_equal(community_id(&t, id), want);
	assert_string_equal(community_id(&back, id), want);
}

/* The baseline values that the specification's own implementation comes with. */
static void baseline(void **state)
{
	(void)state;
	expect("128.232.110.120", 34855, "66.35.250.204", 80, PROTO_TCP, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	expect("192.168.1.52", 54585, "8.8.8.8", 53, PROTO_UDP, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(baseline) };

	return cmocka_run_group_tests_name("community_id", tests, NULL, NULL);
}
