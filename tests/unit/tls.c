/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/hello.h"

#include "tcp/inspect.h"

static struct l7 l7;

static bool inspect(struct bytes b)
{
	l7_init(&l7, L7_PENDING);
	return tls_inspect(b, &l7);
}

static void whole(void **state)
{
	(void)state;
	assert_true(inspect(hello_build("WWW.Social.Example.", 32, 16384)));
	assert_int_equal(l7.sni.state, L7_KNOWN);
	assert_string_equal(l7.sni.text, "www.social.example");
	assert_string_equal(l7.alpn.text, "h2,http/1.1");
}

static void without_a_name(void **state)
{
	(void)state;
	assert_true(inspect(hello_build(NULL, 32, 16384)));
	assert_int_equal(l7.sni.state, L7_ABSENT);
	assert_int_equal(l7.alpn.state, L7_KNOWN);
}

/* Every cut of a hello is pending or already knows the name; post-quantum sizes, any record size. */
static void every_cut(void **state)
{
	static const size_t records[] = { 1, 2, 7, 100, 16384 };

	(void)state;
	for (size_t r = 0; r < sizeof(records) / sizeof(records[0]); r++) {
		struct bytes b = hello_build("a.example", 1216, records[r]);
		bool known = false;

		for (size_t n = 1; n <= b.len; n++) {
			uint8_t *copy = malloc(n);

			memcpy(copy, b.at, n);
			assert_true(inspect((struct bytes){ copy, n }));
			free(copy);
			assert_true(l7.sni.state == L7_KNOWN || (!known && l7.sni.state == L7_PENDING));
			known = l7.sni.state == L7_KNOWN;
		}
		assert_true(known);
		assert_string_equal(l7.sni.text, "a.example");
	}
}

static void sixteen_kilobytes(void **state)
{
	struct bytes b = hello_build("big.example", 16384 - 150, 16384);

	(void)state;
	assert_true(inspect(b));
	assert_string_equal(l7.sni.text, "big.example");
}

static void not_tls(void **state)
{
	(void)state;
	assert_false(inspect(text_bytes("GET / HTTP/1.1\r\n")));
	assert_false(inspect(unhex("17030300051234")));	      /* application data */
	assert_false(inspect(unhex("160301000002")));	      /* an empty record */
	assert_false(inspect(unhex("1603010004020000000000"))); /* a ServerHello */
	assert_false(inspect(unhex("1602010004")));	      /* major version 2 */
	assert_true(inspect(unhex("16")));		      /* may become one */
}

/* Lengths that contradict each other end the reading; nothing is known then. */
static void contradictions(void **state)
{
	uint8_t message[2000], framed[3000];
	size_t len = hello_message("a.example", 0, message), n;
	struct bytes m = { message, len };

	(void)state;
	message[3] = (uint8_t)(message[3] - 1); /* message shorter than its extensions */
	n = hello_frame(m, 16384, framed);
	assert_false(inspect((struct bytes){ framed, n }));
	hello_message("a.example", 0, message);
	message[4 + 34] = 255; /* session id beyond the message */
	n = hello_frame(m, 16384, framed);
	assert_false(inspect((struct bytes){ framed, n }));
}

static void odd_names(void **state)
{
	(void)state;
	assert_true(inspect(hello_build("a\"b\x01\x1b[1m.example", 0, 16384)));
	assert_string_equal(l7.sni.text, "a\"b??[1m.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),	  cmocka_unit_test(without_a_name),
		cmocka_unit_test(every_cut),	  cmocka_unit_test(sixteen_kilobytes),
		cmocka_unit_test(not_tls),	  cmocka_unit_test(contradictions),
		cmocka_unit_test(odd_names),
	};

	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
