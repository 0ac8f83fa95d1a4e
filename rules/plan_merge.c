/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terms that ask alike become one, with one set for what they list. */
#include "rules/plan.h"

#include <stdlib.h>

enum {
	SEGMENTS_MAX = 64, /* with more, "pass" is left to the engine */
	MERGE_FROM = 8,	   /* terms; fewer stay as the policy has them, for who reads the plan */
	MERGE_SHORT = 32,  /* elements: short lists of one column are always put together */
	ELEMENTS_MAX = 4000000, /* of one column */
	PRODUCTS_MAX = 65536,	/* of more columns */
};

/* Number the segments, and drop "pass" at the end where the default passes as well. */
static void number_segments(struct plan *plan)
{
	while (plan->terms > 0 && !plan->default_queue && plan->term[plan->terms - 1].pass)
		plan->terms--;
	for (size_t i = 1; i < plan->terms; i++)
		plan->term[i].segment = plan->term[i - 1].segment +
					(plan->term[i].pass != plan->term[i - 1].pass);
}

static void drop_passes(struct plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->terms; i++) {
		if (plan->term[i].pass)
			continue;
		plan->term[kept] = plan->term[i];
		plan->term[kept++].segment = 0;
	}
	plan->terms = kept;
}

static int compare_ints(long a, long b)
{
	return (a > b) - (a < b);
}

static int compare_ifaces(const struct plan_iface *a, const struct plan_iface *b)
{
	int c = compare_ints(a->out * 2 + a->negate, b->out * 2 + b->negate);

	if (c == 0)
		c = compare_ints((long)a->set->count, (long)b->set->count);
	for (size_t i = 0; c == 0 && i < a->set->count; i++)
		c = strcmp(a->set->text[i], b->set->text[i]);
	return c;
}

/* Order by what is asked, not by the sets that it is compared with. */
static int compare_questions(const struct plan_term *a, const struct plan_term *b)
{
	int c = compare_ints(a->segment, b->segment);

	if (c == 0)
		c = compare_ints(a->family, b->family);
	if (c == 0)
		c = compare_ints(a->proto, b->proto);
	if (c == 0)
		c = compare_ints(a->ifaces, b->ifaces);
	if (c == 0)
		c = compare_ints(a->asks, b->asks);
	for (unsigned i = 0; c == 0 && i < a->asks; i++)
		c = compare_ints(a->ask[i].field[0] * 2 + a->ask[i].negate,
				 b->ask[i].field[0] * 2 + b->ask[i].negate);
	for (unsigned i = 0; c == 0 && i < a->ifaces; i++)
		c = compare_ifaces(&a->iface[i], &b->iface[i]);
	return c;
}

/* Terms with the same question stay in the order of the policy. */
static int compare_terms(const void *a, const void *b)
{
	const struct plan_term *const *x = a, *const *y = b;
	int c = compare_questions(*x, *y);

	return c != 0 ? c : (*x > *y) - (*x < *y);
}

/* The fields of asks in their order, so that the same question is asked in the same words. */
static void sort_asks(struct plan_term *t)
{
	for (unsigned i = 1; i < t->asks; i++) {
		for (unsigned k = i; k > 0 && t->ask[k - 1].field[0] > t->ask[k].field[0]; k--) {
			struct plan_ask swap = t->ask[k];

			t->ask[k] = t->ask[k - 1];
			t->ask[k - 1] = swap;
		}
	}
}

/* True when what @t asks is one box for each choice of elements: no "!=", no field twice. */
static bool is_product(const struct plan_term *t)
{
	if (t->asks > PLAN_COLUMNS)
		return false;
	for (unsigned i = 0; i < t->asks; i++) {
		if (t->ask[i].negate || (i > 0 && t->ask[i].field[0] == t->ask[i - 1].field[0]))
			return false;
	}
	return true;
}

static size_t product_of(const struct plan_term *t)
{
	size_t n = 1;

	for (unsigned i = 0; i < t->asks && n <= ELEMENTS_MAX; i++)
		n *= t->ask[i].set->count;
	return n;
}

/* Add all boxes of @t, columns @first up to @end. */
static bool add_product(struct plan_set *to, const struct plan_term *t, unsigned first,
			unsigned end)
{
	struct plan_range box[PLAN_COLUMNS];
	size_t at[PLAN_COLUMNS] = { 0 };
	unsigned i;

	for (;;) {
		for (i = first; i < end; i++)
			box[i - first] = t->ask[i].set->range[at[i]];
		if (!plan_set_add(to, box))
			return false;
		for (i = first; i < end && ++at[i] == t->ask[i].set->count; i++)
			at[i] = 0;
		if (i == end)
			return true;
	}
}

static const char *const field_names[] = { "saddr", "daddr", "sport", "dport" };

/* One ask over the columns @first up to @end of a group, for what all its terms list there. */
static bool ask_together(struct plan *plan, const struct plan_term *const *group, size_t count,
			 unsigned first, unsigned end, size_t max, struct plan_ask *out)
{
	enum plan_column column[PLAN_COLUMNS];
	struct plan_set *s;
	char label[32] = "";
	bool good = true;

	*out = (struct plan_ask){ .negate = false };
	for (unsigned i = first; i < end; i++) {
		const struct plan_ask *a = &group[0]->ask[i];

		column[i - first] = a->set->column[0];
		out->field[i - first] = a->field[0];
		snprintf(label + strlen(label), sizeof(label) - strlen(label), "%s%s",
			 i > first ? "-" : "", field_names[a->field[0]]);
	}
	s = plan_set_new(end - first, column);
	for (size_t i = 0; s != NULL && good && i < count; i++)
		good = add_product(s, group[i], first, end);
	if (s == NULL || !good || !plan_set_part(s, max)) {
		plan_set_free(s);
		return false;
	}
	plan_set_call(s, label);
	out->set = s;
	return plan_own_set(plan, s);
}

/* One ask over the column in which the group lists least: most flows are through with it by that, before
 * the set of products is asked, which takes the kernel longer the more it holds (nft_set_pipapo.c). */
static bool ask_shortest(struct plan *plan, const struct plan_term *const *group, size_t count,
			 struct plan_ask *out)
{
	bool good = true;

	out->set = NULL;
	for (unsigned i = 0; good && i < group[0]->asks; i++) {
		struct plan_ask a;

		good = ask_together(plan, group, count, i, i + 1, ELEMENTS_MAX, &a);
		if (good && (out->set == NULL || a.set->count < out->set->count))
			*out = a;
	}
	return good;
}

/* Where a term goes that is done. */
struct merged {
	struct plan_term *term;
	size_t terms;
};

static bool merge_group(struct plan *plan, const struct plan_term *const *group, size_t count,
			struct merged *out)
{
	struct plan_term t = *group[0];
	size_t boxes = 0;
	bool good = true;

	for (size_t i = 0; i < count && boxes <= ELEMENTS_MAX; i++)
		boxes += product_of(group[i]);
	t.rules = count;
	for (size_t i = 0; i < count && i < PLAN_NAMES; i++)
		t.name[i] = group[i]->name[0];
	if (t.asks > 1 && boxes <= PRODUCTS_MAX &&
	    ask_together(plan, group, count, 0, t.asks, PRODUCTS_MAX, &t.ask[1])) {
		good = ask_shortest(plan, group, count, &t.ask[0]);
		t.asks = 2;
	} else if (t.asks > 1 && t.pass) {
		return true; /* more than the kernel is asked to hold: left to the engine */
	} else {
		for (unsigned i = 0; good && i < t.asks; i++)
			good = ask_together(plan, group, count, i, i + 1, ELEMENTS_MAX, &t.ask[i]);
	}
	out->term[out->terms++] = t;
	return good;
}

static bool is_worth_merging(const struct plan_term *const *group, size_t count)
{
	size_t elements = 0;

	if (count == 1 || !is_product(group[0]))
		return false;
	for (size_t i = 0; i < count && group[0]->asks == 1; i++)
		elements += group[i]->ask[0].set->count;
	return count >= MERGE_FROM || (group[0]->asks <= 1 && elements <= MERGE_SHORT);
}

/* True when every flow for which @b holds is queued by @a as well. */
static bool covers(const struct plan_term *a, const struct plan_term *b)
{
	return a != b && !a->pass && a->segment == b->segment && a->asks == 0 && a->ifaces == 0 &&
	       (a->family == 0 || a->family == b->family) &&
	       (a->proto == 0 || a->proto == b->proto);
}

/* Terms that ask nothing but family and protocol make others of their segment needless. */
static void drop_covered(struct plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->terms; i++) {
		bool covered = false;

		for (size_t k = 0; k < plan->terms && !covered; k++)
			covered = covers(&plan->term[k], &plan->term[i]);
		plan->term[i].covered = covered;
	}
	for (size_t i = 0; i < plan->terms; i++) {
		if (!plan->term[i].covered)
			plan->term[kept++] = plan->term[i];
	}
	plan->terms = kept;
}

/* Tell which sets the kernel is to have, each once. */
static void find_used(struct plan *plan)
{
	for (size_t i = 0; i < plan->terms; i++) {
		for (unsigned k = 0; k < plan->term[i].asks; k++)
			plan->term[i].ask[k].set->used = plan->term[i].ask[k].set->name[0] != '\0';
	}
	for (size_t i = 0; i < plan->sets; i++) {
		for (size_t k = 0; k < i && plan->set[i]->used; k++)
			plan->set[i]->used = !plan->set[k]->used ||
					     strcmp(plan->set[k]->name, plan->set[i]->name) != 0;
	}
}

bool plan_merge(struct plan *plan)
{
	const struct plan_term **order;
	struct merged out = { .terms = 0 };
	bool good = true;

	number_segments(plan);
	if (plan->terms > 0 && plan->term[plan->terms - 1].segment >= SEGMENTS_MAX)
		drop_passes(plan);
	order = malloc((plan->terms + 1) * sizeof(*order));
	out.term = malloc((plan->terms + 1) * sizeof(*out.term));
	if (order == NULL || out.term == NULL) {
		free(order);
		free(out.term);
		return false;
	}
	for (size_t i = 0; i < plan->terms; i++) {
		sort_asks(&plan->term[i]);
		order[i] = &plan->term[i];
	}
	qsort(order, plan->terms, sizeof(*order), compare_terms);
	for (size_t i = 0, n; good && i < plan->terms; i += n) {
		for (n = 1; i + n < plan->terms && compare_questions(order[i], order[i + n]) == 0;)
			n++;
		if (is_worth_merging(&order[i], n))
			good = merge_group(plan, &order[i], n, &out);
		else
			for (size_t k = 0; k < n; k++)
				out.term[out.terms++] = *order[i + k];
	}
	free(order);
	free(plan->term);
	plan->term = out.term;
	plan->terms = out.terms;
	drop_covered(plan);
	find_used(plan);
	return good;
}
