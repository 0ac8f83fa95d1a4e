/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/hits.h"

#include "policy/names.h"

#include <stdlib.h>

enum { LISTED = 200, ENDS = 2 /* of a policy, which decide as well */ };

/* A rule, and how many flows it has decided. */
struct decided {
	const struct rule *rule;
	uint64_t flows;
};

static uint16_t index_at(const struct policy *p, size_t i)
{
	if (i < p->rules)
		return (uint16_t)i;
	return i == p->rules ? RULE_DEFAULT : RULE_UNDECIDED;
}

static int by_flows(const void *a, const void *b)
{
	const struct decided *x = a, *y = b;

	return (x->flows < y->flows) - (x->flows > y->flows);
}

json_t *hits_list(const struct policy *p)
{
	struct decided *all = calloc(p->rules + ENDS, sizeof(*all));
	json_t *list = json_array();
	size_t n = 0;

	for (size_t i = 0; all != NULL && i < p->rules + ENDS; i++) {
		uint16_t index = index_at(p, i);

		all[n].rule = policy_rule(p, index);
		all[n].flows = atomic_load(policy_hits(p, index));
		n += all[n].flows > 0;
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), by_flows);
	for (size_t i = 0; i < n && i < LISTED; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", all[i].rule->name,
						      "action", action_name(all[i].rule->action),
						      "flows", (json_int_t)all[i].flows));
	free(all);
	return list;
}

void hits_clear(const struct policy *p)
{
	for (size_t i = 0; i < p->rules + ENDS; i++)
		atomic_store(policy_hits(p, index_at(p, i)), 0);
}

void hits_carry(const struct policy *from, const struct policy *to)
{
	struct names names = { NULL, 0, 0 };

	for (size_t i = 0; i < from->rules + ENDS; i++)
		names_add(&names, policy_rule(from, index_at(from, i))->name, (uint32_t)i);
	for (size_t i = 0; i < to->rules + ENDS; i++) {
		uint16_t index = index_at(to, i);
		int64_t before = names_find(&names, policy_rule(to, index)->name);

		if (before >= 0)
			atomic_fetch_add(
				policy_hits(to, index),
				atomic_load(policy_hits(from, index_at(from, (size_t)before))));
	}
	names_free(&names);
}
