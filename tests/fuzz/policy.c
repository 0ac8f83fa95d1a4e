/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a policy: findings or a policy, whose canonical form is a policy with the same one; and any
 * flow is decided by its index as by its list. */
#include "policy/decide.h"
#include "policy/print.h"

#include <stdlib.h>

static struct diags diags;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *parse(const char *text, size_t size, char **printed, size_t *printed_size)
{
	struct source s = { .name = "fuzz", .text = { (const uint8_t *)text, size } };
	struct policy *p = policy_parse(&s, NULL, &diags);
	static FILE *null;
	FILE *out;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	if ((p == NULL) != (diags.errors > 0))
		abort();
	diags_print(&diags, null);
	diags_clear(&diags);
	if (p == NULL)
		return NULL;
	out = open_memstream(printed, printed_size);
	policy_print(p, out);
	fclose(out);
	return p;
}

static void decide_some(const struct policy *p)
{
	static const char *const names[] = { "", "a.example", "www.social.example", "x" };
	struct pattern_scratch *scratch = pattern_scratch_new();

	for (unsigned i = 0; i < 16; i++) {
		uint8_t v4[4] = { 10, (uint8_t)(i & 3), 0, 1 };
		struct ip_tuple t = { .src = addr_from_v4(v4), .dst = addr_from_v4(v4), .sport = 5000,
				      .dport = (uint16_t)(i & 8 ? 25 : 443), .proto = i & 4 ? PROTO_TCP : PROTO_UDP, .family = 4 };
		struct l7 l7;
		struct facts f = { .tuple = &t, .iif = "lan0", .oif = "wan0", .l7 = &l7, .scratch = scratch,
				   .payload = { { (const uint8_t *)"GET / HTTP", 10 }, { (const uint8_t *)"", 0 } } };
		struct decision a, b;

		l7_init(&l7, i & 1 ? L7_ABSENT : L7_PENDING);
		if (i & 2)
			l7_set(&l7.sni, (const uint8_t *)names[i & 3], strlen(names[i & 3]), true);
		decide(p, &f, 0, &a);
		decide_by_list(p, &f, 0, &b);
		if (a.decided != b.decided || a.passed != b.passed || (a.decided && a.rule != b.rule))
			abort();
	}
	pattern_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *first = NULL, *second = NULL;
	size_t first_size = 0, second_size = 0;
	struct policy *p = parse((const char *)data, size, &first, &first_size), *again;

	if (p == NULL)
		return 0;
	decide_some(p);
	again = parse(first, first_size, &second, &second_size);
	if (again == NULL || first_size != second_size || memcmp(first, second, first_size) != 0)
		abort();
	policy_free(p);
	policy_free(again);
	free(first);
	free(second);
	return 0;
}
