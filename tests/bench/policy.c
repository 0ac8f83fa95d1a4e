/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a policy decides, by how many rules it has; how fast its sets answer, and what they take:
 * bench_policy rules|names|prefixes [LIST]. One thread, in memory, no packets.
 */
#include "policy/decide.h"
#include "policy/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLOWS = 4096, MEASURE_MS = 1000, LOOKUPS = 1 << 16 };

static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static uint32_t next(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)(seed * 0x2545f4914f6cdd1dULL >> 32);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A rule of an office's policy: who may reach which port, which networks and names nobody may. */
static void write_rule(FILE *out, unsigned i)
{
	unsigned a = i * 7919u % 65536u, kind = i % 10;

	if (kind < 4)
		fprintf(out, "r%u: saddr 10.%u.%u.0/24 tcp dport %u reset\n", i, a >> 8, a & 255, 1000 + i % 5000);
	else if (kind < 6)
		fprintf(out, "r%u: daddr 198.%u.%u.0/24 reset\n", i, a >> 8, a & 255);
	else if (kind < 8)
		fprintf(out, "r%u: saddr 10.0.0.0/8 tls sni \".name%u.example\" reset\n", i, i);
	else if (kind < 9)
		fprintf(out, "r%u: saddr 10.%u.0.0/16 udp dport %u reject\n", i, a >> 8, 1000 + i % 5000);
	else
		fprintf(out, "r%u: iifname lan0 http host \"host%u.example\" reset\n", i, i);
}

static struct policy *parse(const char *text, size_t size, const struct policy_loader *loader)
{
	struct source s = { .name = "bench.conf", .text = { (const uint8_t *)text, size } };
	static struct diags d;
	struct policy *p = policy_parse(&s, loader, &d);

	if (p == NULL)
		diags_print(&d, stderr);
	if (p == NULL)
		exit(1);
	return p;
}

static struct policy *make_policy(unsigned rules, double *seconds)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct policy *p;
	double from;

	fprintf(out, "policy forward {\n");
	for (unsigned i = 0; i < rules; i++)
		write_rule(out, i);
	fprintf(out, "}\n");
	fclose(out);
	from = now();
	p = parse(text, size, NULL);
	*seconds = now() - from;
	free(text);
	return p;
}

struct sample {
	struct ip_tuple tuple;
	struct l7 l7;
};

/* Half of the flows hit some rule's address, port or name; the others none. */
static void make_flow(struct sample *s, unsigned rules, bool hello)
{
	unsigned i = next() % rules, a = i * 7919u % 65536u;
	uint8_t src[4] = { 10, (uint8_t)(a >> 8), (uint8_t)a, (uint8_t)next() };
	uint8_t dst[4] = { (uint8_t)(next() % 2 ? 198 : 203), (uint8_t)next(), (uint8_t)next(), 1 };
	char name[64];
	int len = snprintf(name, sizeof(name), "www.name%u.example", next() % 2 ? i : rules + i);

	s->tuple = (struct ip_tuple){ .src = addr_from_v4(src), .dst = addr_from_v4(dst), .sport = 40000,
				      .dport = (uint16_t)(next() % 2 ? 443 : 1000 + i % 5000),
				      .proto = PROTO_TCP, .family = 4 };
	l7_init(&s->l7, hello ? L7_ABSENT : L7_PENDING);
	if (hello)
		l7_set(&s->l7.sni, (uint8_t *)name, (size_t)len, true);
}

typedef void decide_fn(const struct policy *p, const struct facts *f, uint16_t passed, struct decision *out);

/* Nanoseconds per decision. */
static double measure(const struct policy *p, const struct sample *flow, decide_fn *decide_by)
{
	double from = now(), spent;
	unsigned long n = 0;
	struct decision d;

	do {
		for (unsigned i = 0; i < 256; i++, n++) {
			const struct sample *s = &flow[n % FLOWS];
			struct facts f = { .tuple = &s->tuple, .iif = "lan0", .oif = "wan0", .l7 = &s->l7,
					   .more = { true, true } };

			decide_by(p, &f, 0, &d);
		}
		spent = now() - from;
	} while (spent * 1000 < MEASURE_MS);
	return spent * 1e9 / (double)n;
}

static void bench_rules(void)
{
	static const unsigned sizes[] = { 10, 1000, 10000 };
	static struct sample syn[FLOWS], hello[FLOWS];
	double first[2] = { 0, 0 };

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		double seconds, at_syn, at_hello;
		struct policy *p = make_policy(sizes[k], &seconds);

		for (unsigned i = 0; i < FLOWS; i++) {
			make_flow(&syn[i], sizes[k], false);
			make_flow(&hello[i], sizes[k], true);
		}
		at_syn = measure(p, syn, decide);
		at_hello = measure(p, hello, decide);
		if (k == 0) {
			first[0] = at_syn;
			first[1] = at_hello;
		}
		printf("   %5u rules: first packet %4.0f ns (%.2f million/s), with a server name %4.0f ns (%.2f million/s)\n",
		       sizes[k], at_syn, 1e3 / at_syn, at_hello, 1e3 / at_hello);
		printf("      against 10 rules: %.2f and %.2f; by list: %.0f and %.0f ns; compiled in %.3f s, index %.1f MiB\n",
		       at_syn / first[0], at_hello / first[1], measure(p, syn, decide_by_list),
		       measure(p, hello, decide_by_list), seconds,
		       (double)policy_index_size(p->index) / 1048576);
		policy_free(p);
	}
}

/* --- lists --- */

struct file {
	const char *path;
	uint8_t *text;
};

static int load(void *context, const char *name, struct bytes *out)
{
	struct file *f = context;
	FILE *in = fopen(name, "rb");
	long size;

	if (in == NULL)
		return -2;
	fseek(in, 0, SEEK_END);
	size = ftell(in);
	rewind(in);
	f->text = malloc((size_t)size);
	*out = (struct bytes){ f->text, fread(f->text, 1, (size_t)size, in) };
	fclose(in);
	return 0;
}

static struct policy *load_list(const char *type, const char *match, const char *path, double *seconds)
{
	struct file f = { path, NULL };
	struct policy_loader loader = { &f, load, NULL };
	char text[512];
	int size = snprintf(text, sizeof(text),
			    "set s { type %s; file \"%s\" }\npolicy forward { r: %s @s reset; }\n", type, path,
			    match);
	double from = now();
	struct policy *p = parse(text, (size_t)size, &loader);

	*seconds = now() - from;
	free(f.text);
	return p;
}

/* Lines of the list, to be asked for. */
static char (*read_lines(const char *path, size_t *count))[64]
{
	FILE *in = fopen(path, "r");
	size_t room = 1 << 20, n = 0;
	char(*lines)[64] = malloc(room * 64), line[256];

	while (in != NULL && n < room && fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		snprintf(lines[n++], 64, "%.63s", line[0] == '.' ? line + 1 : line);
	}
	if (in != NULL)
		fclose(in);
	*count = n;
	return lines;
}

/* Names of which @share of a hundred are in the list, in random order. */
static void ask_names(const struct domain_set *s, char (*lines)[64], size_t count, unsigned share)
{
	static char asked[LOOKUPS][80];
	static size_t len[LOOKUPS];
	unsigned long n = 0, found = 0;
	double from, spent;

	for (unsigned i = 0; i < LOOKUPS; i++)
		len[i] = (size_t)snprintf(asked[i], sizeof(asked[i]), "%s%s", lines[next() % count],
					  next() % 100 < share ? "" : ".org");
	from = now();
	do {
		for (unsigned i = 0; i < 1024; i++, n++)
			found += domain_set_find(s, asked[n % LOOKUPS], len[n % LOOKUPS]) != NULL;
		spent = now() - from;
	} while (spent * 1000 < MEASURE_MS);
	printf("      %.1f million look-ups/s, %.0f %% of them found (target at least 5)\n", (double)n / spent / 1e6,
	       100.0 * (double)found / (double)n);
}

static void bench_names(const char *path)
{
	double seconds;
	struct policy *p = load_list("domain", "tls sni", path, &seconds);
	const struct domain_set *s = &p->set[0]->domain;
	unsigned long found = 0;
	size_t count;
	char(*lines)[64] = read_lines(path, &count);

	for (size_t i = 0; i < count; i++)
		found += domain_set_find(s, lines[i], strlen(lines[i])) != NULL;
	printf("   %zu names: read, checked and hashed in %.2f s (target at most 1.0), %.1f octets a name (target at most 64)\n",
	       s->count, seconds, (double)domain_set_size(s) / (double)s->count);
	printf("      every entry asked again: %lu of %zu match\n", found, count);
	for (unsigned share = 0; share <= 100; share += 50)
		ask_names(s, lines, count, share);
	free(lines);
	policy_free(p);
}

static void bench_prefixes(const char *path)
{
	static struct ip_addr asked[LOOKUPS];
	double seconds, from, spent;
	struct policy *p = load_list("addr", "saddr", path, &seconds);
	const struct prefix_set *s = &p->set[0]->addr;
	unsigned long n = 0, found = 0;

	for (unsigned i = 0; i < LOOKUPS; i++) {
		const struct range4 *r = &s->v4[next() % s->v4_count];
		uint32_t a = next() % 2 ? r->low + next() % (r->high - r->low + 1) : next();

		asked[i] = addr_from_v4((uint8_t[]){ (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8),
						     (uint8_t)a });
		if (i % 4 == 0 && s->v6_count > 0) {
			addr_number low = s->v6[next() % s->v6_count].low;

			for (int k = 15; k >= 0; k--, low >>= 8)
				asked[i].b[k] = (uint8_t)low;
		}
	}
	from = now();
	do {
		for (unsigned i = 0; i < 1024; i++, n++)
			found += prefix_set_has(s, &asked[n % LOOKUPS]);
		spent = now() - from;
	} while (spent * 1000 < MEASURE_MS);
	printf("   %zu IPv4 and %zu IPv6 intervals, read in %.2f s: %.1f million look-ups/s, %.0f %% of them found\n",
	       s->v4_count, s->v6_count, seconds, (double)n / spent / 1e6, 100.0 * (double)found / (double)n);
	policy_free(p);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "rules") == 0)
		bench_rules();
	else if (argc == 3 && strcmp(argv[1], "names") == 0)
		bench_names(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "prefixes") == 0)
		bench_prefixes(argv[2]);
	else
		return 2;
	return 0;
}
