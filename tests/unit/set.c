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
	assert_int_equal(set_count(&s), 3);
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
		{ SET_DOMAIN, "." },	   { SET_DOMAIN, "\xff.example" }, { SET_DOMAIN, "a b" },
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
	assert_true(set_has_number(&s, 25));
	assert_true(set_has_number(&s, 1500));
	assert_true(set_has_number(&s, 65535));
	assert_false(set_has_number(&s, 26));
	assert_false(set_has_number(&s, 0));
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
	assert_int_equal(set_count(&s), 3);
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

static bool has_text(const struct set *s, const char *text)
{
	return set_has_text(s, text, strlen(text));
}

static void interfaces(void **state)
{
	struct set s = { .type = SET_IFNAME };

	(void)state;
	assert_null(set_add(&s, "eth0", 0));
	assert_null(set_add(&s, "wg*", 0));
	assert_true(has_text(&s, "eth0"));
	assert_false(has_text(&s, "eth01"));
	assert_true(has_text(&s, "wg7"));
	assert_true(has_text(&s, "wg"));
	assert_false(has_text(&s, "w"));
	assert_false(has_text(&s, ""));
	set_free(&s);
	assert_int_equal(set_type_by_name("domain"), SET_DOMAIN);
	assert_int_equal(set_type_by_name("ifname"), -1);
	assert_int_equal(set_type_by_name("nonsense"), -1);
}

static void other_types(void **state)
{
	struct set s = { .type = SET_MARK };

	(void)state;
	assert_null(set_add(&s, "0x10/0xf0", 0));
	assert_null(set_add(&s, "7", 0));
	assert_non_null(set_add(&s, "0x11/0xf0", 0));
	assert_non_null(set_add(&s, "4294967296", 0));
	assert_true(set_has_mark(&s, 0x1f));
	assert_true(set_has_mark(&s, 7));
	assert_false(set_has_mark(&s, 0x20));
	set_free(&s);
	s.type = SET_CT_STATE;
	assert_null(set_add(&s, "new", 0));
	assert_null(set_add(&s, "new", 0));
	assert_non_null(set_add(&s, "old", 0));
	assert_int_equal(set_count(&s), 1);
	assert_true(set_has_choice(&s, CT_NEW));
	assert_false(set_has_choice(&s, CT_ESTABLISHED));
	set_free(&s);
	s.type = SET_CODE;
	assert_null(set_add(&s, "not-authorized", 0));
	assert_null(set_add(&s, "100-200", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_true(set_has_number(&s, 11));
	assert_true(set_has_number(&s, 150));
	assert_false(set_has_number(&s, 12));
	set_free(&s);
}

/* IDNA: what people write is what a ClientHello carries. */
static void international(void **state)
{
	struct set s = { .type = SET_DOMAIN };
	const char *entry;

	(void)state;
	assert_null(set_add(&s, ".B\xc3\xbc\x63her.example", 0));
	assert_null(set_add(&s, "stra\xc3\x9f\x65.example", 0));
	assert_int_equal(set_seal(&s), 0);
	assert_true(has_domain(&s, "www.xn--bcher-kva.example"));
	assert_true(has_domain(&s, "xn--strae-oqa.example"));
	entry = domain_set_find(&s.domain, "www.xn--bcher-kva.example", 25);
	assert_string_equal(domain_entry_name(entry), "xn--bcher-kva.example");
	assert_true(domain_entry_below(entry));
	set_free(&s);
}

/* How an interval is named: the prefix that it is, or the range. */
static void entries(void **state)
{
	static const char *const as_they_are[] = { "10.0.0.0/8", "192.0.2.1", "192.0.2.4-192.0.2.6",
						   "0.0.0.0/0",	 "::1",	      "2001:db8::/32",
						   "fd00::1-fd00::5", "224.0.0.0/3" };
	char text[ENTRY_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(as_they_are) / sizeof(as_they_are[0]); i++) {
		struct set s = { .type = SET_ADDR };

		assert_null(set_add(&s, as_they_are[i], 0));
		assert_int_equal(set_seal(&s), 0);
		assert_true(prefix_set_entry(&s.addr, 0, text));
		assert_string_equal(text, as_they_are[i]);
		set_free(&s);
	}
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
			assert_int_equal(set_has_number(&s, (uint16_t)port), naive[port]);
		set_free(&s);
	}
}

struct naive_range {
	struct ip_addr low, high;
};

static struct ip_addr random_addr(uint64_t *seed, bool v4)
{
	struct ip_addr a = { { 0 } };

	for (int i = 0; i < 16; i++)
		a.b[i] = (uint8_t)random_next(seed);
	if (v4) {
		memset(a.b, 0, 10);
		a.b[10] = a.b[11] = 0xff;
	} else {
		a.b[0] = 0x20;
		a.b[1] &= 3;
	}
	return a;
}

/* A range around a random address: a prefix, or from it to an address somewhat behind. */
static struct naive_range random_range(uint64_t *seed, char text[2 * ADDR_STRLEN])
{
	bool v4 = random_next(seed) % 2;
	struct naive_range r = { .low = random_addr(seed, v4) };
	char first[ADDR_STRLEN], last[ADDR_STRLEN];
	unsigned width = v4 ? 32 : 128, bits = width - random_next(seed) % (v4 ? 13 : 100);

	r.high = r.low;
	if (random_next(seed) % 2) {
		for (unsigned i = 128 - width + bits; i < 128; i++) {
			r.low.b[i / 8] &= (uint8_t)~(0x80 >> i % 8);
			r.high.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
		}
		snprintf(text, 2 * ADDR_STRLEN, "%s/%u", addr_format(&r.low, first), bits);
		return r;
	}
	r.high.b[15] = (uint8_t)(r.low.b[15] | random_next(seed) % 256);
	r.high.b[14] = (uint8_t)(r.low.b[14] | random_next(seed) % 4);
	snprintf(text, 2 * ADDR_STRLEN, "%s-%s", addr_format(&r.low, first), addr_format(&r.high, last));
	return r;
}

static bool naive_has(const struct naive_range *r, size_t n, const struct ip_addr *a)
{
	for (size_t i = 0; i < n; i++) {
		if (memcmp(a, &r[i].low, 16) >= 0 && memcmp(a, &r[i].high, 16) <= 0)
			return true;
	}
	return false;
}

/* A million questions to sets of random prefixes and ranges, small ones and indexed ones, against a list:
 * random addresses, and those at and beside every edge. */
static void random_prefixes(void **state)
{
	static const size_t sizes[] = { 1, 7, 100, 6000 };
	static struct naive_range naive[6000];
	uint64_t seed = random_seed();

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct set s = { .type = SET_ADDR };
		char text[2 * ADDR_STRLEN];
		size_t n = sizes[k];

		for (size_t i = 0; i < n; i++) {
			naive[i] = random_range(&seed, text);
			assert_null(set_add(&s, text, 0));
		}
		assert_int_equal(set_seal(&s), 0);
		for (size_t i = 0; i < n; i++) {
			assert_true(set_has_addr(&s, &naive[i].low));
			assert_true(set_has_addr(&s, &naive[i].high));
		}
		assert_true(n < 6000 || (s.addr.v4_index != NULL && s.addr.v6_index != NULL));
		for (size_t i = 0; i < (n < 6000 ? 300000 : 100000); i++) {
			struct ip_addr a = random_addr(&seed, random_next(&seed) % 2);
			const struct naive_range *r = &naive[random_next(&seed) % n];

			if (random_next(&seed) % 3 != 0) {
				a = random_next(&seed) % 2 ? r->low : r->high;
				a.b[15] = (uint8_t)(a.b[15] + random_next(&seed) % 3 - 1);
			}
			assert_int_equal(set_has_addr(&s, &a), naive_has(naive, n, &a));
		}
		set_free(&s);
	}
}

/* A name of up to four short labels out of few letters, so that names are each other's parents. */
static size_t random_name(uint64_t *seed, char out[64])
{
	size_t len = 0;

	for (uint32_t labels = 1 + random_next(seed) % 4; labels > 0; labels--) {
		for (uint32_t i = 1 + random_next(seed) % 2; i > 0; i--)
			out[len++] = (char)('a' + random_next(seed) % 4);
		out[len++] = '.';
	}
	out[--len] = '\0';
	return len;
}

struct naive_name {
	char name[64];
	bool below;
};

static bool naive_has_name(const struct naive_name *list, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		size_t have = strlen(list[i].name);

		if (have == len && memcmp(list[i].name, name, len) == 0)
			return true;
		if (list[i].below && have < len && name[len - have - 1] == '.' &&
		    memcmp(name + len - have, list[i].name, have) == 0)
			return true;
	}
	return false;
}

static void random_names(void **state)
{
	static struct naive_name naive[400];
	uint64_t seed = random_seed();

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct set s = { .type = SET_DOMAIN };
		size_t n = 1 + random_next(&seed) % 400;
		char name[64], text[80];

		for (size_t i = 0; i < n; i++) {
			random_name(&seed, naive[i].name);
			naive[i].below = random_next(&seed) % 3 == 0;
			snprintf(text, sizeof(text), "%s%.63s%s", naive[i].below ? "." : "", naive[i].name,
				 random_next(&seed) % 2 ? "." : "");
			assert_null(set_add(&s, text, 0));
		}
		assert_int_equal(set_seal(&s), 0);
		for (int i = 0; i < 10000; i++) {
			size_t len = random_name(&seed, name);

			assert_int_equal(set_has_domain(&s, name, len),
					 naive_has_name(naive, n, name, len));
		}
		set_free(&s);
	}
}

/* A long list: every entry of it matches, and so does nothing that was left out. */
static void long_list(void **state)
{
	enum { NAMES = 1000000 };
	struct set s = { .type = SET_DOMAIN };
	char text[64];

	(void)state;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "%sName%u.zone%u.Example", i % 2 ? "." : "", i, i % 977);
		assert_null(set_add(&s, text, 0));
	}
	assert_int_equal(set_seal(&s), 0);
	assert_int_equal(set_count(&s), NAMES);
	for (unsigned i = 0; i < NAMES; i++) {
		int len = snprintf(text, sizeof(text), "name%u.zone%u.example", i, i % 977);

		assert_true(set_has_domain(&s, text, (size_t)len));
		len = snprintf(text, sizeof(text), "www.name%u.zone%u.example", i, i % 977);
		assert_int_equal(set_has_domain(&s, text, (size_t)len), i % 2);
		len = snprintf(text, sizeof(text), "name%u.zone%u.example", i, i % 977 + 1);
		assert_false(set_has_domain(&s, text, (size_t)len));
	}
	assert_true(domain_set_size(&s.domain) / NAMES <= 64);
	set_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),	 cmocka_unit_test(families),
		cmocka_unit_test(bad_elements),	 cmocka_unit_test(ports),
		cmocka_unit_test(domains),	 cmocka_unit_test(interfaces),
		cmocka_unit_test(other_types),	 cmocka_unit_test(international),
		cmocka_unit_test(entries),	 cmocka_unit_test(random_ranges),
		cmocka_unit_test(random_prefixes), cmocka_unit_test(random_names),
		cmocka_unit_test(long_list),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
