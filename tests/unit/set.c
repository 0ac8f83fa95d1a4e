/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "policy/set.h"

static bool has_addr(const struct set *s, const char *text)
{
	struct ip_addr a;

	assert_true(addr_parse(text, &a));
	return set_has_addr(s, &a);
}

static bool has_domain(const struct set *s, const char *name)
{
	return set_has_domain(s, name, strlen(name));
}

static void addresses(void **state)
{
	struct set s = { .type = SET_ADDR };

	(void)state;
	assert_null(set_add(&s, "10.0.0.0/8", 0));
	assert_null(set_add(&s, "10.1.0.0/16", 0)); /* overlaps */
	assert_null(set_add(&s, "192.0.2.5-192.0.2.9", 0));
	assert_null(set_add(&s, "11.0.0.0", 0)); /* adjacent: merged */
	assert_null(set_add(&s, "2001:db8::/32", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_int_equal(s.count, 3);
	assert_true(has_addr(&s, "10.255.255.255"));
	assert_true(has_addr(&s, "11.0.0.0"));
	assert_false(has_addr(&s, "11.0.0.1"));
	assert_false(has_addr(&s, "192.0.2.4"));
	assert_true(has_addr(&s, "192.0.2.9"));
	assert_true(has_addr(&s, "2001:db8:ffff::1"));
	assert_false(has_addr(&s, "2001:db9::1"));
	set_free(&s);
}

/* Everything of one family is nothing of the other. */
static void families(void **state)
{
	struct set s = { .type = SET_ADDR };

	(void)state;
	assert_null(set_add(&s, "::/0", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_true(has_addr(&s, "2001:db8::1"));
	assert_true(has_addr(&s, "::1"));
	assert_false(has_addr(&s, "10.0.0.1"));
	set_free(&s);
	assert_null(set_add(&s, "0.0.0.0/0", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_true(has_addr(&s, "255.255.255.255"));
	assert_false(has_addr(&s, "::1"));
	set_free(&s);
	assert_non_null(set_add(&s, "10.0.0.1", 6));
	assert_non_null(set_add(&s, "::1", 4));
	assert_non_null(set_add(&s, "::ffff:10.0.0.1", 0));
}

static void bad_elements(void **state)
{
	static const struct {
		enum set_type type;
		const char *text;
	} bad[] = {
		{ SET_ADDR, "10.0.0" },	   { SET_ADDR, "10.0.0.0/33" },	   { SET_ADDR, "10.0.0.9-10.0.0.1" },
		{ SET_ADDR, "10.0.0.1-::1" }, { SET_ADDR, "10.0.0.0/" },   { SET_ADDR, "example.org" },
		{ SET_PORT, "65536" },	   { SET_PORT, "http" },	   { SET_PORT, "90-80" },
		{ SET_PORT, "" },	   { SET_DOMAIN, "*.example" },	   { SET_DOMAIN, "a..example" },
		{ SET_DOMAIN, "." },	   { SET_DOMAIN, "b\xc3\xbc.example" }, { SET_DOMAIN, "a b" },
		{ SET_IFNAME, "" },	   { SET_IFNAME, "sixteen-letters-" }, { SET_IFNAME, "a/b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct set s = { .type = bad[i].type };

		if (set_add(&s, bad[i].text, 0) == NULL)
			fail_msg("'%s' was taken", bad[i].text);
		set_free(&s);
	}
}

static void ports(void **state)
{
	struct set s = { .type = SET_PORT };

	(void)state;
	assert_null(set_add(&s, "25", 0));
	assert_null(set_add(&s, "1000-2000", 0));
	assert_null(set_add(&s, "65535", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_true(set_has_port(&s, 25));
	assert_true(set_has_port(&s, 1500));
	assert_true(set_has_port(&s, 65535));
	assert_false(set_has_port(&s, 26));
	assert_false(set_has_port(&s, 0));
	set_free(&s);
}

static void domains(void **state)
{
	struct set s = { .type = SET_DOMAIN };

	(void)state;
	assert_null(set_add(&s, ".Social.Example", 0));
	assert_null(set_add(&s, "exact.example.", 0));
	assert_null(set_add(&s, "both.example", 0));
	assert_null(set_add(&s, ".both.example", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_int_equal(s.count, 3);
	assert_true(has_domain(&s, "social.example"));
	assert_true(has_domain(&s, "www.social.example"));
	assert_true(has_domain(&s, "a.b.social.example"));
	assert_false(has_domain(&s, "antisocial.example"));
	assert_true(has_domain(&s, "exact.example"));
	assert_false(has_domain(&s, "www.exact.example"));
	assert_true(has_domain(&s, "x.both.example"));
	assert_false(has_domain(&s, "example"));
	assert_false(has_domain(&s, ""));
	set_free(&s);
}

static void interfaces(void **state)
{
	struct set s = { .type = SET_IFNAME };

	(void)state;
	assert_null(set_add(&s, "eth0", 0));
	assert_null(set_add(&s, "wg*", 0));
	assert_true(set_has_ifname(&s, "eth0"));
	assert_false(set_has_ifname(&s, "eth01"));
	assert_true(set_has_ifname(&s, "wg7"));
	assert_false(set_has_ifname(&s, ""));
	set_free(&s);
	assert_int_equal(set_type_by_name("domain"), SET_DOMAIN);
	assert_int_equal(set_type_by_name("nonsense"), -1);
}

/* Random ranges of ports against an array of flags. */
static void random_ranges(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	for (int round = 0; round < 200; round++) {
		static bool naive[65536];
		struct set s = { .type = SET_PORT };

		memset(naive, 0, sizeof(naive));
		for (uint32_t i = random_next(&seed) % 30; i > 0; i--) {
			uint32_t low = random_next(&seed) % 65536, high = low + random_next(&seed) % 99;
			char text[32];

			if (high > 65535)
				high = 65535;
			snprintf(text, sizeof(text), "%u-%u", low, high);
			assert_null(set_add(&s, text, 0));
			memset(naive + low, 1, high - low + 1);
		}
		assert_int_equal(set_seal(&s), 0);
		for (uint32_t port = 0; port < 65536; port++)
			assert_int_equal(set_has_port(&s, (uint16_t)port), naive[port]);
		set_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(families), cmocka_unit_test(bad_elements),
		cmocka_unit_test(ports),     cmocka_unit_test(domains),	 cmocka_unit_test(interfaces),
		cmocka_unit_test(random_ranges),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
