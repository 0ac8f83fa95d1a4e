/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The diversion plan: what it lets pass is what the engine lets go in silence, and it queues no more than it
 * must. */
#include "tests/unit/unit.h"

#include "tests/unit/random_policy.h"

#include "policy/decide.h"
#include "rules/plan.h"

static struct policy *parse(const char *text)
{
	struct source s = { .name = "test.conf", .text = text_bytes(text) };
	struct diags d = { .errors = 0 };
	struct policy *p = policy_parse(&s, NULL, &d);

	if (p == NULL) {
		diags_print(&d, stderr);
		fputs(text, stderr);
	}
	assert_non_null(p);
	diags_clear(&d);
	return p;
}

static bool is_silent_accept(const struct rule *r)
{
	return r->action == ACTION_ACCEPT && !r->log && !r->shadow;
}

/* What the plan ought to say, from the rules alone: true to queue. */
static bool ought_to_queue(const struct policy *p, const struct facts *f)
{
	for (size_t i = 0; i < p->rules; i++) {
		const struct rule *r = &p->rule[i];
		bool holds = true, exact = true, limit = false, l7 = false;

		for (size_t k = 0; k < r->matches; k++) {
			const struct match *m = &r->match[k];

			limit |= m->kind->operand == OPERAND_LIMIT;
			l7 |= match_is_l7(m);
			if (m->kind->fact <= FACT_OIF) {
				holds &= match_ask(m, f) == TRI_YES;
				continue;
			}
			exact = false;
			holds &= (m->kind->proto == 0 || m->kind->proto == f->tuple->proto) &&
				 (m->kind->family == 0 || m->kind->family == f->tuple->family);
		}
		if (!holds)
			continue;
		if (!is_silent_accept(r) || limit || (l7 && !is_silent_accept(&p->on_undecided)))
			return true;
		if (exact)
			return false;
	}
	return !is_silent_accept(&p->on_default);
}

static void assert_silent(const struct policy *p, const struct decision *d)
{
	assert_int_equal(d->logs, 0);
	assert_int_equal(d->would_block, 0);
	if (d->decided)
		assert_true(is_silent_accept(policy_rule(p, d->rule)));
	else
		assert_true(is_silent_accept(&p->on_undecided));
}

/* The engine lets this flow go in silence, whatever its ends say and whenever. */
static void assert_let_go(const struct policy *p, struct facts *f, uint64_t *state)
{
	static const char *const names[] = { "a.example", "x.b.example", "other.example" };
	static const char payload[] = "abcdefx";
	struct l7 l7;
	struct decision d;

	for (int i = 0; i < 4; i++) {
		const char *name = names[pick(state, 3)];

		l7_init(&l7, i == 0 && f->tuple->proto == PROTO_TCP ? L7_PENDING : L7_ABSENT);
		if (i > 1) {
			l7_set(&l7.sni, (const uint8_t *)name, strlen(name), true);
			l7_set(&l7.host, (const uint8_t *)name, strlen(name), true);
		}
		f->l7 = &l7;
		f->more[0] = i == 0;
		f->payload[0] = (struct bytes){ (const uint8_t *)payload, pick(state, 8) };
		f->schedules = pick(state, 2);
		f->mark = pick(state, 2) * 7;
		f->ct_state = (enum ct_state)pick(state, CT_STATES);
		decide(p, f, 0, &d);
		assert_silent(p, &d);
	}
}

static bool queues(const struct plan *plan, const struct ip_tuple *t, const char *iif, const char *oif)
{
	const struct plan_term *term = plan_find(plan, t, iif, oif);

	return term != NULL ? !term->pass : plan->default_queue;
}

static void check_flow(const struct policy *p, const struct plan *plan, struct limiter *limiter,
		       uint64_t *state)
{
	struct ip_tuple t;
	struct l7 l7;
	struct facts f = { .tuple = &t, .l7 = &l7, .limiter = limiter, .now_us = 1000000 };
	bool queue;

	random_flow(state, &t, &f.iif, &f.oif);
	l7_init(&l7, L7_PENDING);
	queue = queues(plan, &t, f.iif, f.oif);
	assert_int_equal(queue, ought_to_queue(p, &f));
	if (!queue)
		assert_let_go(p, &f, state);
}

static void test_random(void **unused)
{
	uint64_t state = random_seed();
	struct limiter *limiter = limiter_new(LIMITER_BUCKETS, 1);

	(void)unused;
	for (int i = 0; i < 1500; i++) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);
		struct policy *p;
		struct plan *plan;

		random_policy(&state, "", 24, stream);
		assert_int_equal(fclose(stream), 0);
		p = parse(text);
		plan = plan_new(p, NULL, BACKEND_NFT);
		assert_non_null(plan);
		for (int k = 0; k < 200; k++)
			check_flow(p, plan, limiter, &state);
		plan_free(plan);
		policy_free(p);
		free(text);
	}
	limiter_free(limiter);
}

/* A plan of two policies queues what either of theirs does. */
static void test_beside(void **unused)
{
	uint64_t state = random_seed();

	(void)unused;
	for (int i = 0; i < 300; i++) {
		struct policy *p[2];
		struct plan *plan[2], *both;

		for (int n = 0; n < 2; n++) {
			char *text = NULL;
			size_t size;
			FILE *stream = open_memstream(&text, &size);

			random_policy(&state, "", 24, stream);
			assert_int_equal(fclose(stream), 0);
			p[n] = parse(text);
			plan[n] = plan_new(p[n], NULL, BACKEND_NFT);
			free(text);
		}
		both = plan_new(p[0], p[1], BACKEND_NFT);
		assert_non_null(both);
		assert_true(both->resets >= plan[0]->resets && both->resets >= plan[1]->resets);
		for (int k = 0; k < 200; k++) {
			struct ip_tuple t;
			const char *iif, *oif;

			random_flow(&state, &t, &iif, &oif);
			if (queues(plan[0], &t, iif, oif) || queues(plan[1], &t, iif, oif))
				assert_true(queues(both, &t, iif, oif));
		}
		plan_free(both);
		for (int n = 0; n < 2; n++) {
			plan_free(plan[n]);
			policy_free(p[n]);
		}
	}
}

/* Taken apart, a set holds what it held, and nothing twice. */
static void test_part(void **unused)
{
	static const enum plan_column columns[] = { PLAN_ADDR4, PLAN_PORT, PLAN_PORT };
	uint64_t state = random_seed();

	(void)unused;
	for (int round = 0; round < 300; round++) {
		unsigned width = 1 + pick(&state, 3);
		struct plan_set *s = plan_set_new(width, columns),
				*whole = plan_set_new(width, columns);

		for (unsigned i = pick(&state, 12); i > 0; i--) {
			struct plan_range box[3];

			for (unsigned c = 0; c < width; c++) {
				box[c].low = pick(&state, 8);
				box[c].high = box[c].low + pick(&state, 4);
			}
			assert_true(plan_set_add(s, box) && plan_set_add(whole, box));
		}
		assert_true(plan_set_part(s, 100000));
		for (addr_number v = 0; v < 12 * 12 * 12; v++) {
			addr_number value[PLAN_COLUMNS] = { v % 12, v / 12 % 12, v / 144 };
			size_t times = 0;

			for (size_t i = 0; i < s->count; i++) {
				struct plan_set one = *s;

				one.range += i * width;
				one.count = 1;
				times += plan_set_has(&one, value);
			}
			assert_int_equal(times, plan_set_has(whole, value));
		}
		plan_set_free(s);
		plan_set_free(whole);
	}
}

/* The highest address and port have no successor. */
static void test_part_ends(void **unused)
{
	static const enum plan_column column = PLAN_ADDR6;
	addr_number top = ~(addr_number)0;
	struct plan_set *s = plan_set_new(1, &column);

	(void)unused;
	assert_true(plan_set_add(s, &(struct plan_range){ top - 5, top }));
	assert_true(plan_set_add(s, &(struct plan_range){ top - 9, top - 2 }));
	assert_true(plan_set_add(s, &(struct plan_range){ 0, 3 }));
	assert_true(plan_set_part(s, 10));
	assert_int_equal(s->count, 2);
	assert_true(s->range[1].low == top - 9 && s->range[1].high == top);
	assert_true(s->range[0].low == 0 && s->range[0].high == 3);
	plan_set_free(s);
}

/* Ten thousand rules become a few terms. */
static void test_many(void **unused)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct policy *p;
	struct plan *plan;
	char names[64];

	(void)unused;
	fprintf(stream, "policy forward {\n");
	for (int i = 0; i < 10000; i++)
		fprintf(stream, "\tr%d: daddr 192.%d.%d.%d/31 tcp dport %d reset\n", i,
			i / 256 % 256, i % 256, i % 128 * 2, 20 + i % 50);
	fprintf(stream, "}\n");
	fclose(stream);
	p = parse(text);
	plan = plan_new(p, NULL, BACKEND_NFT);
	assert_int_equal(plan->terms, 1);
	assert_int_equal(plan->term[0].asks, 2);
	assert_int_equal(plan->term[0].ask[0].field[0], PLAN_DPORT);
	assert_int_equal(plan->term[0].ask[0].set->count, 1);
	assert_int_equal(plan->term[0].ask[1].set->columns, 2);
	assert_int_equal(plan->term[0].ask[1].set->count, 10000);
	plan_term_names(&plan->term[0], names, sizeof(names));
	assert_string_equal(names, "r0, r1, r2 and 9997 more");
	plan_free(plan);
	policy_free(p);
	free(text);
}

static void test_marks(void **unused)
{
	struct plan_marks m = plan_marks_of(0xf0000000), odd = plan_marks_of(0x80010202);

	(void)unused;
	assert_int_equal(m.decided, 0x10000000);
	assert_int_equal(m.own, 0x20000000);
	assert_int_equal(m.untracked, 0x40000000);
	assert_int_equal(m.pending, 0x80000000);
	assert_int_equal(odd.decided, 2);
	assert_int_equal(odd.own, 0x200);
	assert_int_equal(odd.untracked, 0x10000);
	assert_int_equal(odd.pending, 0x80000000);
}

static void expect_resets(const char *text, enum plan_resets resets, bool bypass)
{
	struct policy *p = parse(text);
	struct plan *plan = plan_new(p, NULL, BACKEND_NFT);

	assert_int_equal(plan->resets, resets);
	assert_int_equal(plan->resets_bypass, bypass);
	plan_free(plan);
	policy_free(p);
}

static void test_resets(void **unused)
{
	(void)unused;
	expect_resets("policy forward { default accept; }", PLAN_RESETS_ALL, true);
	expect_resets("log { resets text }\npolicy forward { default accept; }",
		      PLAN_RESETS_PAYLOAD, true);
	expect_resets("log { resets none }\npolicy forward { default accept; }", PLAN_RESETS_NONE,
		      true);
	expect_resets("log { resets none }\npolicy forward { default accept; }\n"
		      "resets forward { a: payload log; b: diag code 9 drop; }",
		      PLAN_RESETS_PAYLOAD, true);
	expect_resets("log { resets none }\ndaemon { on daemon-loss closed }\n"
		      "policy forward { default accept; }\nresets forward { a: stage syn drop; }",
		      PLAN_RESETS_ALL, false);
}

/* Where a rule for resets asks the stage, connections are to be seen from their beginning. */
static void test_stage(void **unused)
{
	struct policy *p = parse(
		"policy forward { a: tcp dport 80 accept; b: udp dport 53 drop; }\n"
		"resets forward { c: stage syn annotate \"x\"; }");
	struct plan *plan = plan_new(p, NULL, BACKEND_NFT);

	(void)unused;
	assert_int_equal(plan->terms, 3);
	assert_false(plan->term[0].pass);
	assert_int_equal(plan->term[0].proto, PROTO_TCP);
	assert_int_equal(plan->term[0].asks, 0);
	assert_string_equal(plan->term[0].name[0], "c");
	plan_free(plan);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_beside),	  cmocka_unit_test(test_part),
		cmocka_unit_test(test_part_ends), cmocka_unit_test(test_many),
		cmocka_unit_test(test_marks),	  cmocka_unit_test(test_resets),
		cmocka_unit_test(test_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
