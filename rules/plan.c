/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/plan.h"

#include "policy/room.h"

#include <stdlib.h>

struct plan_marks plan_marks_of(uint32_t mask)
{
	uint32_t bit[4];

	for (int i = 0; i < 4; i++) {
		bit[i] = mask & -mask;
		mask &= mask - 1;
	}
	return (struct plan_marks){ bit[0], bit[1], bit[2], bit[3] };
}

bool plan_own_set(struct plan *plan, struct plan_set *s)
{
	if (s == NULL)
		return false;
	if (!room_for((void **)&plan->set, plan->sets + 1, &plan->sets_room, sizeof(*plan->set))) {
		plan_set_free(s);
		return false;
	}
	plan->set[plan->sets++] = s;
	return true;
}

/* The plan's set for one of the policy's; those with a name are shared. NULL without memory. */
static struct plan_set *set_for(struct plan *plan, const struct set *source, uint8_t family)
{
	enum plan_column column = family == 0 ? PLAN_PORT : family == 4 ? PLAN_ADDR4 : PLAN_ADDR6;
	struct plan_set *s;

	for (size_t i = 0; source->name != NULL && i < plan->sets; i++) {
		if (plan->set[i]->source == source && plan->set[i]->column[0] == column)
			return plan->set[i];
	}
	s = plan_set_of(source, family);
	if (!plan_own_set(plan, s))
		return NULL;
	plan_set_call(s, source->name != NULL ? source->name : "list");
	return s;
}

/* True when @r does nothing to a flow but let it go, and nobody hears of it. */
static bool is_silent(const struct rule *r)
{
	return r->action == ACTION_ACCEPT && !r->log && !r->shadow;
}

static bool is_asked_by_kernel(const struct match *m)
{
	return m->kind->fact <= FACT_OIF;
}

static bool is_addr(const struct match *m)
{
	return m->kind->fact == FACT_SADDR || m->kind->fact == FACT_DADDR;
}

/* What of one match goes into a term. */
enum added { ADDED, NEVER_HOLDS, NO_ROOM, NO_MEMORY };

static enum added add_iface(const struct match *m, struct plan_term *t)
{
	/* Every name; nft(8) has no word for it. */
	if (set_has_text(m->set, "", 0))
		return m->negate ? NEVER_HOLDS : ADDED;
	if (t->ifaces == PLAN_IFACES)
		return NO_ROOM;
	t->iface[t->ifaces++] = (struct plan_iface){ m->kind->fact == FACT_OIF, m->negate, m->set };
	return ADDED;
}

static enum added add_ask(struct plan *plan, const struct match *m, struct plan_term *t)
{
	static const enum plan_field fields[] = { [FACT_SADDR] = PLAN_SADDR,
						  [FACT_DADDR] = PLAN_DADDR,
						  [FACT_SPORT] = PLAN_SPORT,
						  [FACT_DPORT] = PLAN_DPORT };
	struct plan_set *s;

	if (m->kind->fact == FACT_IIF || m->kind->fact == FACT_OIF)
		return add_iface(m, t);
	if (t->asks == PLAN_ASKS)
		return NO_ROOM;
	s = set_for(plan, m->set, is_addr(m) ? t->family : 0);
	if (s == NULL)
		return NO_MEMORY;
	if (s->count == 0)
		return m->negate ? ADDED : NEVER_HOLDS;
	t->ask[t->asks++] = (struct plan_ask){ m->negate, { fields[m->kind->fact] }, s };
	return ADDED;
}

static bool add_term(struct plan *plan, const struct plan_term *t)
{
	if (!room_for((void **)&plan->term, plan->terms + 1, &plan->terms_room,
		      sizeof(*plan->term)))
		return false;
	plan->term[plan->terms++] = *t;
	return true;
}

/* Add the term of @r for flows of @family, 0 for both. False without memory. */
static bool add_for_family(struct plan *plan, const struct rule *r, uint8_t family, bool pass)
{
	struct plan_term t = { .pass = pass, .family = family, .name = { r->name }, .rules = 1 };

	for (size_t i = 0; i < r->matches; i++) {
		const struct match *m = &r->match[i];
		enum added added;

		if (m->kind->proto != 0) {
			if (t.proto != 0 && t.proto != m->kind->proto)
				return true;
			t.proto = m->kind->proto;
		}
		if ((m->kind->family != 0 && m->kind->family != family))
			return true;
		if (!is_asked_by_kernel(m))
			continue;
		added = add_ask(plan, m, &t);
		if (added == NO_MEMORY)
			return false;
		if (added == NEVER_HOLDS || (added == NO_ROOM && pass))
			return true;
	}
	return add_term(plan, &t);
}

/* What the rule becomes in the kernel: true when it becomes a term, *pass then says which. */
static bool becomes_term(const struct policy *p, const struct rule *r, bool *pass)
{
	bool exact = true, l7 = false, limit = false;

	for (size_t i = 0; i < r->matches; i++) {
		exact &= is_asked_by_kernel(&r->match[i]);
		l7 |= match_is_l7(&r->match[i]);
		limit |= r->match[i].kind->operand == OPERAND_LIMIT;
	}
	*pass = is_silent(r) && exact;
	/* A rate counts flows that are let go, too; a flow that ends undecided may be cut. */
	return *pass || !is_silent(r) || limit || (l7 && !is_silent(&p->on_undecided));
}

static bool add_rule(struct plan *plan, const struct policy *p, const struct rule *r)
{
	bool pass, by_family = false;

	if (!becomes_term(p, r, &pass) || (pass && plan->of_two))
		return true;
	for (size_t i = 0; i < r->matches; i++)
		by_family |= is_addr(&r->match[i]);
	if (!by_family)
		return add_for_family(plan, r, 0, pass);
	return add_for_family(plan, r, 4, pass) && add_for_family(plan, r, 6, pass);
}

/* The widest question that covers what @t asks. */
static void add_to_family(const struct plan_term *t, struct plan_family *f)
{
	f->all |= t->proto == 0;
	f->tcp |= t->proto == PROTO_TCP;
	f->udp |= t->proto == PROTO_UDP;
}

static void sum_up(struct plan *plan)
{
	plan->v4.all = plan->v6.all = plan->default_queue;
	for (size_t i = 0; i < plan->terms; i++) {
		const struct plan_term *t = &plan->term[i];

		plan->asks_ifaces |= t->ifaces > 0;
		if (!t->pass && t->family != 6)
			add_to_family(t, &plan->v4);
		if (!t->pass && t->family != 4)
			add_to_family(t, &plan->v6);
	}
}

/* Whether a rule for resets asks only for such as carry a payload. */
static bool asks_payload(const struct rule *r)
{
	for (size_t i = 0; i < r->matches; i++) {
		enum fact fact = r->match[i].kind->fact;

		if (!r->match[i].negate && (fact == FACT_RESET_PAYLOAD || fact == FACT_RESET_CODE))
			return true;
	}
	return false;
}

/* Which resets @p has to be shown, besides those that are queued already. */
static void plan_resets(const struct policy *p, struct plan *plan)
{
	enum plan_resets wanted = p->log.resets == RESETS_ALL	 ? PLAN_RESETS_ALL
				  : p->log.resets == RESETS_TEXT ? PLAN_RESETS_PAYLOAD
								 : PLAN_RESETS_NONE;
	bool drops = false;

	for (size_t i = 0; i < p->reset_rules; i++) {
		const struct rule *r = &p->reset_rule[i];

		drops |= r->action == ACTION_DROP;
		if (!asks_payload(r))
			wanted = PLAN_RESETS_ALL;
		else if (wanted == PLAN_RESETS_NONE)
			wanted = PLAN_RESETS_PAYLOAD;
	}
	if (wanted > plan->resets)
		plan->resets = wanted;
	plan->resets_bypass &= p->daemon.loss_open || !drops;
}

/* A rule for resets that asks how far the connection had got needs to have seen it begin. */
static bool add_stage(struct plan *plan, const struct policy *p)
{
	struct plan_term t = { .proto = PROTO_TCP };

	for (size_t i = 0; i < p->reset_rules; i++) {
		const struct rule *r = &p->reset_rule[i];

		for (size_t k = 0; k < r->matches && t.rules == 0; k++) {
			if (r->match[k].kind->fact != FACT_RESET_STAGE)
				continue;
			t.name[0] = r->name;
			t.rules = 1;
		}
	}
	return t.rules == 0 || add_term(plan, &t);
}

/* Add what @p has to be shown. False without memory. */
static bool add_policy(struct plan *plan, const struct policy *p)
{
	bool good = add_stage(plan, p);

	for (size_t i = 0; good && i < p->rules; i++)
		good = add_rule(plan, p, &p->rule[i]);
	plan->default_queue |= !is_silent(&p->on_default);
	plan_resets(p, plan);
	return good;
}

struct plan *plan_new(const struct policy *p, const struct policy *beside, enum backend backend)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (plan == NULL)
		return NULL;
	plan->of_two = beside != NULL;
	plan->resets_bypass = true;
	if (!add_policy(plan, p) || (beside != NULL && !add_policy(plan, beside))) {
		plan_free(plan);
		return NULL;
	}
	plan->marks = plan_marks_of(p->daemon.mark_mask);
	plan->by_iptables = backend == BACKEND_IPTABLES;
	plan->bypass = p->daemon.loss_open;
	plan->guard = !p->daemon.loss_open && !p->daemon.overload_open;
	plan->queue_first = p->daemon.queue_first;
	plan->queue_last = p->daemon.queue_last;
	sum_up(plan);
	if (!plan_merge(plan)) {
		plan_free(plan);
		return NULL;
	}
	return plan;
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->sets; i++)
		plan_set_free(plan->set[i]);
	free(plan->set);
	free(plan->term);
	free(plan);
}

static addr_number value_of(const struct ip_tuple *t, enum plan_field field)
{
	const struct ip_addr *a = field == PLAN_SADDR ? &t->src : &t->dst;

	switch (field) {
	case PLAN_SPORT:
		return t->sport;
	case PLAN_DPORT:
		return t->dport;
	default:
		return t->family == 4 ? addr_to_v4(a) : addr_to_number(a);
	}
}

static bool term_holds(const struct plan_term *term, const struct ip_tuple *t, const char *iif,
		       const char *oif)
{
	addr_number value[PLAN_COLUMNS];

	if ((term->family != 0 && term->family != t->family) ||
	    (term->proto != 0 && term->proto != t->proto))
		return false;
	for (unsigned i = 0; i < term->ifaces; i++) {
		const char *name = term->iface[i].out ? oif : iif;

		if (set_has_text(term->iface[i].set, name, strlen(name)) == term->iface[i].negate)
			return false;
	}
	for (unsigned i = 0; i < term->asks; i++) {
		const struct plan_ask *a = &term->ask[i];

		for (unsigned c = 0; c < a->set->columns; c++)
			value[c] = value_of(t, a->field[c]);
		if (plan_set_has(a->set, value) == a->negate)
			return false;
	}
	return true;
}

const struct plan_term *plan_find(const struct plan *plan, const struct ip_tuple *t,
				  const char *iif, const char *oif)
{
	for (size_t i = 0; i < plan->terms; i++) {
		if (term_holds(&plan->term[i], t, iif, oif))
			return &plan->term[i];
	}
	return NULL;
}

void plan_term_names(const struct plan_term *term, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < term->rules && i < PLAN_NAMES && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "",
					 term->name[i]);
	if (term->rules > PLAN_NAMES && used < size)
		snprintf(out + used, size - used, " and %zu more", term->rules - PLAN_NAMES);
}
