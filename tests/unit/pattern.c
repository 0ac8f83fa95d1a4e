/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "policy/pattern.h"

static struct pattern_scratch *scratch;

static enum tri ask(struct pattern *p, const char *text, bool more)
{
	return pattern_ask(p, text_bytes(text), more, scratch);
}

static struct pattern *make(bool regex, const char *source, uint32_t within)
{
	char error[PATTERN_ERROR];
	struct pattern *p = regex ? pattern_regex(source, error) : pattern_octets(source, error);

	assert_non_null(p);
	p->within = within;
	return p;
}

static void octets(void **state)
{
	struct pattern *p = make(false, "ab\\x00\\n\\\\", 8);
	char error[PATTERN_ERROR];

	(void)state;
	assert_int_equal(p->len, 5);
	assert_int_equal(pattern_ask(p, (struct bytes){ (const uint8_t *)"zab\0\n\\", 6 }, true, scratch), TRI_YES);
	assert_int_equal(ask(p, "zab", true), TRI_MAYBE);
	assert_int_equal(pattern_ask(p, (struct bytes){ NULL, 0 }, false, scratch), TRI_NO);
	assert_int_equal(ask(p, "zab", false), TRI_NO);
	assert_int_equal(ask(p, "12345678ab", true), TRI_NO); /* past what is looked at */
	/* Half of it behind the limit does not count. */
	assert_int_equal(pattern_ask(p, (struct bytes){ (const uint8_t *)"12345ab\0\n\\", 10 }, true, scratch),
			 TRI_NO);
	pattern_free(p);
	assert_null(pattern_octets("", error));
	assert_null(pattern_octets("\\q", error));
	assert_null(pattern_octets("\\x4", error));
	assert_null(pattern_octets("end\\", error));
}

static void expressions(void **state)
{
	struct pattern *p = make(true, "^SSH-1\\.[0-9]+", 64), *q = make(true, "end$", 64);
	char error[PATTERN_ERROR];

	(void)state;
	assert_int_equal(ask(p, "SSH-1.5-x", true), TRI_YES);
	assert_int_equal(ask(p, "SSH-", true), TRI_MAYBE);
	assert_int_equal(ask(p, "", true), TRI_MAYBE);
	assert_int_equal(ask(p, "SSH-2.0-x", true), TRI_NO); /* bound to the start: no more is needed */
	assert_int_equal(ask(p, "SSH-2.0-x", false), TRI_NO);
	assert_int_equal(ask(q, "the end", true), TRI_MAYBE); /* more may follow */
	assert_int_equal(ask(q, "the end", false), TRI_YES);
	pattern_free(p);
	pattern_free(q);
	assert_null(pattern_regex("(", error));
	assert_non_null(strstr(error, "at octet 2"));
	assert_null(pattern_regex("\\C", error));
}

/* An expression that would take years is given up, and counted. */
static void limits(void **state)
{
	struct pattern *p = make(true, "(a+)+$", 4096);
	char text[3000];
	uint64_t before = pattern_scratch_limited(scratch);

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 2] = 'b';
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ask(p, text, false), TRI_NO);
	assert_int_equal(pattern_scratch_limited(scratch), before + 1);
	pattern_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(octets),
		cmocka_unit_test(expressions),
		cmocka_unit_test(limits),
	};
	int failed;

	scratch = pattern_scratch_new();
	failed = cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
	pattern_scratch_free(scratch);
	return failed;
}
