/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "policy/text.h"

static struct diags diags;

static bool compile(const char *source, struct text *out)
{
	struct source s = { .name = "test", .text = text_bytes(source) };
	struct place at = { &s, 0, 1, 1, 1 };
	bool good;

	diags_clear(&diags);
	good = text_compile(source, &at, &diags, out);
	assert_int_equal(good, diags.errors == 0);
	return good;
}

static void expands(void **state)
{
	struct ip_tuple tuple = { .sport = 40000, .dport = 443, .family = 4 };
	struct text_values v = { .rule = "social", .set = "list", .entry = ".example", .event = "abcdefgh",
				 .date = "2026-11-24", .host = "www.example", .tuple = &tuple };
	char out[TEXT_MAX + 1];
	struct text t;

	(void)state;
	tuple.src = addr_from_v4((const uint8_t[]){ 10, 8, 0, 2 });
	tuple.dst = addr_from_v4((const uint8_t[]){ 198, 51, 100, 2 });
	assert_true(compile("R=$rule S=$set:$entry E=$event $date $dport $host $5", &t));
	text_expand(&t, &v, out);
	assert_string_equal(out, "R=social S=list:.example E=abcdefgh 2026-11-24 443 www.example $5");
	v = (struct text_values){ .rule = "social" };
	text_expand(&t, &v, out);
	assert_string_equal(out, "R=social S=: E=    $5");
	assert_true(t.uses_host);
	assert_true(compile("", &t));
	assert_int_equal(text_expand(&t, &v, out), 0);
}

static void clips_the_host(void **state)
{
	char host[256], out[TEXT_MAX + 1];
	struct text_values v = { .host = host };
	struct text t;

	(void)state;
	memset(host, 'h', 255);
	host[255] = '\0';
	assert_true(compile("$host!", &t));
	assert_int_equal(text_expand(&t, &v, out), TEXT_HOST_MAX + 1);
}

static void refuses(void **state)
{
	struct text t;
	char long_text[300];

	(void)state;
	assert_false(compile("$rul is near", &t));
	assert_non_null(strstr(diags.list[0].message, "did you mean '$rule'?"));
	assert_false(compile("tab\there", &t));
	assert_false(compile("b\xc3\xbc", &t));
	assert_false(compile("$host $host $host $host", &t)); /* 4 * 64 + 3 > 255 */
	memset(long_text, 'x', 256);
	long_text[256] = '\0';
	assert_false(compile(long_text, &t));
	long_text[255] = '\0';
	assert_true(compile(long_text, &t));
	diags_clear(&diags);
}

static void shows_the_rule(void **state)
{
	struct text t;

	(void)state;
	assert_true(compile("R=$rule more", &t));
	assert_true(text_shows_rule(&t, "social"));
	assert_true(compile("This explains at length what $rule means", &t));
	assert_false(text_shows_rule(&t, "social"));
	assert_true(compile("no social media", &t));
	assert_true(text_shows_rule(&t, "social"));
	assert_true(compile("$set $rule", &t));
	assert_false(text_shows_rule(&t, "social"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands), cmocka_unit_test(clips_the_host),
		cmocka_unit_test(refuses), cmocka_unit_test(shows_the_rule),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
