/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/diff.h"

#include "policy/names.h"
#include "policy/print.h"
#include "rules/stream.h"

#include <stdlib.h>

size_t policy_entries(const struct policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->sets; i++)
		n += p->set[i]->name != NULL ? set_count(p->set[i]) : 0;
	return n;
}

/* The rule in its canonical form, to be freed. */
static char *rule_text(const struct policy *p, const struct rule *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	rule_print(p, r, out);
	return stream_close(out, &text) ? text : NULL;
}

static bool same_rule(const struct policy *p, const struct rule *a, const struct policy *q,
		      const struct rule *b)
{
	char *first = rule_text(p, a), *second = rule_text(q, b);
	bool same = first != NULL && second != NULL && strcmp(first, second) == 0;

	free(first);
	free(second);
	return same;
}

static size_t count_of(const struct policy *p)
{
	return p->rules + p->reset_rules;
}

static const struct rule *rule_at(const struct policy *p, size_t i)
{
	return i < p->rules ? &p->rule[i] : &p->reset_rule[i - p->rules];
}

static void index_rules(const struct policy *p, struct names *n)
{
	for (size_t i = 0; i < count_of(p); i++)
		names_add(n, rule_at(p, i)->name, (uint32_t)i);
}

static void append(json_t *list, const char *name)
{
	json_array_append_new(list, json_string(name));
}

static void diff_rules(const struct policy *before, const struct policy *after, json_t *out)
{
	struct names old = { NULL, 0, 0 }, new = { NULL, 0, 0 };
	json_t *added = json_array(), *removed = json_array(), *changed = json_array();

	index_rules(before, &old);
	index_rules(after, &new);
	for (size_t i = 0; i < count_of(after); i++) {
		const struct rule *r = rule_at(after, i);
		int64_t was = names_find(&old, r->name);

		if (was < 0)
			append(added, r->name);
		else if (!same_rule(before, rule_at(before, (size_t)was), after, r))
			append(changed, r->name);
	}
	for (size_t i = 0; i < count_of(before); i++) {
		if (names_find(&new, rule_at(before, i)->name) < 0)
			append(removed, rule_at(before, i)->name);
	}
	json_object_set_new(out, "added", added);
	json_object_set_new(out, "removed", removed);
	json_object_set_new(out, "changed", changed);
	names_free(&old);
	names_free(&new);
}

static void diff_sets(const struct policy *before, const struct policy *after, json_t *out)
{
	struct names old = { NULL, 0, 0 };
	json_t *changed = json_array();

	for (size_t i = 0; i < before->sets; i++) {
		if (before->set[i]->name != NULL)
			names_add(&old, before->set[i]->name, (uint32_t)i);
	}
	for (size_t i = 0; i < after->sets; i++) {
		const struct set *s = after->set[i];
		int64_t was = s->name ? names_find(&old, s->name) : -1;

		if (s->name != NULL && (was < 0 || set_digest(before->set[was]) != set_digest(s)))
			append(changed, s->name);
	}
	json_object_set_new(out, "sets_changed", changed);
	names_free(&old);
}

json_t *policy_diff(const struct policy *before, const struct policy *after)
{
	json_t *out = json_object();

	diff_rules(before, after, out);
	diff_sets(before, after, out);
	return out;
}
