/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The index decides as the list does: random policies, random flows. */
#include "tests/unit/unit.h"

#include "policy/decide.h"
#include "policy/index.h"
#include "policy/print.h"

static struct diags diags;
static struct pattern_scratch *scratch;

/* A growing text. */
struct writer {
	char *text;
	size_t size;
	FILE *out;
};

static const char *const nets[] = { "10.0.0.0/8",   "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3",
				    "192.0.2.0/24", "0.0.0.0/0",   "fd00::/8",	  "fd00:1::/32",
				    "fd00:1::5",    "::/0",	   "10.1.2.250-10.1.3.5" };
static const char *const names[] = { ".a.example", "a.example", "b.a.example", ".b.a.example", ".example",
				     "c.example",  ".d.c.example", "x.test",	 ".test" };
static const char *const ifaces[] = { "lan0", "lan1", "lan*", "wan0", "w*", "eth7" };

#define PICK(list) list[random_next(seed) % (sizeof(list) / sizeof((list)[0]))]

static void write_list(FILE *out, uint64_t *seed, char kind)
{
	uint32_t n = 1 + random_next(seed) % 3;

	fprintf(out, "{ ");
	for (uint32_t i = 0; i < n; i++) {
		uint32_t port = random_next(seed) % 8;

		fprintf(out, "%s", i > 0 ? ", " : "");
		if (kind == 'p')
			fprintf(out, "%u-%u", port, port + random_next(seed) % 3);
		else
			fprintf(out, "\"%s\"", kind == 'a' ? PICK(nets) : kind == 'n' ? PICK(names) : PICK(ifaces));
	}
	fprintf(out, " }");
}

static void write_match(FILE *out, uint64_t *seed, bool tcp)
{
	static const char *const hosts[] = { "tls sni", "http host" };
	const char *not = random_next(seed) % 6 == 0 ? "!= " : "";

	switch (random_next(seed) % 9) {
	case 0:
	case 1:
		fprintf(out, " %s %s", random_next(seed) % 2 ? "saddr" : "daddr", not);
		if (random_next(seed) % 4 == 0)
			fprintf(out, "@nets%u", random_next(seed) % 3);
		else
			write_list(out, seed, 'a');
		break;
	case 2:
	case 3:
		fprintf(out, " %s %s %s", tcp ? "tcp" : "udp", random_next(seed) % 2 ? "sport" : "dport", not);
		write_list(out, seed, 'p');
		break;
	case 4:
		fprintf(out, " %s %s", random_next(seed) % 2 ? "iifname" : "oifname", not);
		write_list(out, seed, 'i');
		break;
	case 5:
		fprintf(out, " meta mark %u", random_next(seed) % 3);
		break;
	case 6:
		if (tcp)
			fprintf(out, " payload contains \"%c\" within 4", 'a' + (char)(random_next(seed) % 3));
		break;
	default:
		if (!tcp)
			break;
		fprintf(out, " %s %s", hosts[random_next(seed) % 2], not);
		if (random_next(seed) % 3 == 0)
			fprintf(out, "@names%u", random_next(seed) % 2);
		else
			write_list(out, seed, 'n');
	}
}

/* A policy of random rules. Its named sets of thousands of entries are too large to be copied. */
static void write_policy(FILE *out, uint64_t *seed)
{
	static const char *const actions[] = { "accept", "drop", "reset", "log", "shadow reset" };
	uint32_t rules = random_next(seed) % 4 == 0 ? 1 + random_next(seed) % 400 : 1 + random_next(seed) % 30;

	for (int i = 0; i < 3; i++) {
		fprintf(out, "set nets%d { type addr; elements ", i);
		write_list(out, seed, 'a');
		fprintf(out, "; elements { ");
		for (int k = 0; i == 2 && k < 5000; k++)
			fprintf(out, "%s10.2.%d.%d", k > 0 ? ", " : "", k / 100, k % 100 * 2);
		fprintf(out, " } }\n");
	}
	for (int i = 0; i < 2; i++) {
		fprintf(out, "set names%d { type domain; elements ", i);
		write_list(out, seed, 'n');
		fprintf(out, "; elements { ");
		for (int k = 0; i == 1 && k < 5000; k++)
			fprintf(out, "%s.n%d.example", k > 0 ? ", " : "", k);
		fprintf(out, " } }\n");
	}
	fprintf(out, "policy forward {\n");
	for (uint32_t i = 0; i < rules; i++) {
		bool tcp = random_next(seed) % 3 != 0;

		fprintf(out, "r%u:", i);
		for (uint32_t m = random_next(seed) % 4; m > 0; m--)
			write_match(out, seed, tcp);
		fprintf(out, " %s\n", PICK(actions));
	}
	fprintf(out, "}\n");
}

static void random_end(uint64_t *seed, bool v6, struct ip_addr *out)
{
	static const char *const v4_ends[] = { "10.1.2.3", "10.1.2.4", "10.1.9.9", "10.9.9.9", "192.0.2.9",
					       "8.8.8.8",  "10.1.3.1", "10.2.7.8", "10.2.7.9" };
	static const char *const v6_ends[] = { "fd00:1::5", "fd00:1::6", "fd00:2::1", "2001:db8::1" };

	assert_true(addr_parse(v6 ? PICK(v6_ends) : PICK(v4_ends), out) != 0);
}

static void random_field(uint64_t *seed, struct l7_field *f)
{
	static const char *const hosts[] = { "a.example", "b.a.example", "z.b.a.example", "example", "c.example",
					     "q.c.example", "e.d.c.example", "x.test",	"other", "www.n77.example" };
	const char *name = PICK(hosts);

	if (random_next(seed) % 3 == 0)
		f->state = random_next(seed) % 2 ? L7_PENDING : L7_ABSENT;
	else
		l7_set(f, (const uint8_t *)name, strlen(name), true);
}

static void compare(const struct policy *p, uint64_t *seed)
{
	static const uint8_t *const payloads[] = { (const uint8_t *)"a", (const uint8_t *)"zb",
						   (const uint8_t *)"zzzzc" };
	bool v6 = random_next(seed) % 3 == 0;
	struct ip_tuple t = { .family = v6 ? 6 : 4, .proto = random_next(seed) % 4 ? PROTO_TCP : PROTO_UDP };
	const char *payload = (const char *)PICK(payloads);
	struct l7 l7;
	struct facts f = { .tuple = &t, .iif = PICK(ifaces), .oif = PICK(ifaces), .l7 = &l7,
			   .mark = random_next(seed) % 3, .scratch = scratch };
	struct decision by_index, by_list;
	uint16_t passed = 0;

	random_end(seed, v6, &t.src);
	random_end(seed, v6, &t.dst);
	t.sport = (uint16_t)(random_next(seed) % 10);
	t.dport = (uint16_t)(random_next(seed) % 10);
	l7_init(&l7, L7_ABSENT);
	if (t.proto == PROTO_TCP) {
		random_field(seed, &l7.sni);
		random_field(seed, &l7.host);
		f.payload[0] = (struct bytes){ (const uint8_t *)payload, strlen(payload) };
		f.more[0] = random_next(seed) % 2;
	}
	if (random_next(seed) % 5 == 0)
		passed = (uint16_t)(random_next(seed) % (p->rules + 1));
	decide(p, &f, passed, &by_index);
	decide_by_list(p, &f, passed, &by_list);
	assert_int_equal(by_index.decided, by_list.decided);
	assert_int_equal(by_index.passed, by_list.passed);
	assert_int_equal(by_index.logs, by_list.logs);
	assert_memory_equal(by_index.log, by_list.log, by_list.logs * sizeof(by_list.log[0]));
	if (by_list.decided)
		assert_int_equal(by_index.rule, by_list.rule);
}

static struct policy *parse(const char *text, size_t size)
{
	struct source s = { .name = "random.conf", .text = { (const uint8_t *)text, size } };
	struct policy *p;

	diags_clear(&diags);
	p = policy_parse(&s, NULL, &diags);
	if (p == NULL)
		diags_print(&diags, stderr);
	assert_non_null(p);
	diags_clear(&diags);
	return p;
}

static void random_policies(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	scratch = pattern_scratch_new();
	for (int round = 0; round < 250; round++) {
		struct writer w = { NULL, 0, NULL };
		struct policy *p;

		w.out = open_memstream(&w.text, &w.size);
		write_policy(w.out, &seed);
		assert_int_equal(fclose(w.out), 0);
		p = parse(w.text, w.size);
		for (int i = 0; i < 4000; i++)
			compare(p, &seed);
		policy_free(p);
		free(w.text);
	}
	pattern_scratch_free(scratch);
}

static struct writer print(const struct policy *p)
{
	struct writer w = { NULL, 0, NULL };

	w.out = open_memstream(&w.text, &w.size);
	policy_print(p, w.out);
	assert_int_equal(fclose(w.out), 0);
	return w;
}

/* The canonical form parses, and has itself as its canonical form; both decide alike. */
static void canonical_form(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	scratch = pattern_scratch_new();
	for (int round = 0; round < 40; round++) {
		struct writer w = { NULL, 0, NULL }, first, second;
		struct policy *p, *again;

		w.out = open_memstream(&w.text, &w.size);
		write_policy(w.out, &seed);
		assert_int_equal(fclose(w.out), 0);
		p = parse(w.text, w.size);
		first = print(p);
		again = parse(first.text, first.size);
		second = print(again);
		assert_string_equal(first.text, second.text);
		assert_int_equal(p->rules, again->rules);
		free(w.text);
		free(first.text);
		free(second.text);
		policy_free(p);
		policy_free(again);
	}
	pattern_scratch_free(scratch);
}

/* More kinds of rules than there are groups: what is left over is not filtered, and still right. */
static void many_signatures(void **state)
{
	static const char *const matches[] = { "saddr 10.0.0.0/8", "daddr 10.0.0.0/8", "tcp sport 1-5",
					       "tcp dport 1-5",	   "iifname lan*",     "oifname w*",
					       "tls sni .example", "http host .test" };
	uint64_t seed = random_seed();
	struct writer w = { NULL, 0, NULL };
	struct policy *p;

	(void)state;
	scratch = pattern_scratch_new();
	w.out = open_memstream(&w.text, &w.size);
	fprintf(w.out, "policy forward {\n");
	for (unsigned i = 1; i < 256; i++) {
		fprintf(w.out, "r%u:", i);
		for (unsigned k = 0; k < 8; k++)
			fprintf(w.out, " %s", i >> k & 1 ? matches[k] : "");
		fprintf(w.out, " meta mark %u reset\n", i % 3);
	}
	fprintf(w.out, "}\n");
	assert_int_equal(fclose(w.out), 0);
	p = parse(w.text, w.size);
	for (int i = 0; i < 20000; i++)
		compare(p, &seed);
	assert_true(policy_index_size(p->index) > 0);
	policy_free(p);
	free(w.text);
	pattern_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_policies),
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(many_signatures),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
