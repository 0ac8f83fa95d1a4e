/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tcp/inspect.h"

static struct l7 l7;

static bool inspect(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	bool is;

	memcpy(copy, text, len);
	l7_init(&l7, L7_PENDING);
	is = http_inspect((struct bytes){ (uint8_t *)copy, len }, &l7);
	free(copy);
	return is;
}

static void host_is(const char *request, const char *host)
{
	assert_true(inspect(request));
	assert_int_equal(l7.host.state, L7_KNOWN);
	assert_string_equal(l7.host.text, host);
}

static void hosts(void **state)
{
	(void)state;
	host_is("GET / HTTP/1.1\r\nHost: News.Example\r\n\r\n", "news.example");
	host_is("GET / HTTP/1.1\r\nAccept: */*\r\nhOST:\tnews.example:8080 \r\n", "news.example");
	host_is("GET / HTTP/1.1\nHost: news.example.\n", "news.example");
	host_is("\r\nPOST /x HTTP/1.0\r\nHost: [2001:db8::1]:80\r\n", "2001:db8::1");
	host_is("GET http://user@Proxy.Example:80/x?y HTTP/1.1\r\nHost: other\r\n", "proxy.example");
	host_is("GET https://a.example?q HTTP/1.1\r\n", "a.example");
	host_is("CONNECT a.example:443 HTTP/1.1\r\n", "a.example");
	assert_string_equal(l7.method.text, "CONNECT");
}

static void pending(void **state)
{
	static const char request[] = "GET /index.html HTTP/1.1\r\nHost: a.example\r\n";
	char part[sizeof(request)];

	(void)state;
	for (size_t n = 0; n + 1 < sizeof(request) - 1; n++) {
		memcpy(part, request, n);
		part[n] = '\0';
		assert_true(inspect(part));
		assert_int_equal(l7.host.state, L7_PENDING);
	}
}

static void absent(void **state)
{
	(void)state;
	assert_true(inspect("GET / HTTP/1.0\r\n\r\n"));
	assert_int_equal(l7.host.state, L7_ABSENT);
	assert_true(inspect("GET / HTTP/1.1\r\nHost: \r\n\r\n"));
	assert_int_equal(l7.host.state, L7_ABSENT);
}

static void not_http(void **state)
{
	(void)state;
	assert_false(inspect("EHLO mail.example\r\n"));
	assert_false(inspect("SSH-2.0-OpenSSH_9.2\r\n"));
	assert_false(inspect("GET / SPDY/3\r\n"));
	assert_false(inspect("get / HTTP/1.1\r\n"));
	assert_false(inspect("\x16\x03\x01"));
	assert_false(inspect("ABCDEFGHIJKLMNOPQRSTUVWXYZABC /"));
}

/* Both readers together: what is neither has no field at all. */
static void together(void **state)
{
	(void)state;
	inspect_initiator(text_bytes("GET / HTTP/1.1\r\nHost: a.example\r\n"), &l7);
	assert_int_equal(l7.sni.state, L7_ABSENT);
	assert_string_equal(l7.host.text, "a.example");
	inspect_initiator(text_bytes("SSH-2.0-x\r\n"), &l7);
	assert_int_equal(l7.sni.state, L7_ABSENT);
	assert_int_equal(l7.host.state, L7_ABSENT);
	inspect_initiator(text_bytes(""), &l7);
	assert_int_equal(l7.host.state, L7_PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts),    cmocka_unit_test(pending), cmocka_unit_test(absent),
		cmocka_unit_test(not_http), cmocka_unit_test(together),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
