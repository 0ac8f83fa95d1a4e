/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/exceptions.h"

#include "policy/prefix_set.h"
#include "policy/room.h"

#include <stdlib.h>

struct left_out {
	size_t rule;
	struct prefix_set sources;
};

struct exceptions {
	struct left_out *rule;
	size_t count, room;
};

struct exceptions *exceptions_new(void)
{
	return calloc(1, sizeof(struct exceptions));
}

void exceptions_free(struct exceptions *x)
{
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->count; i++)
		prefix_set_free(&x->rule[i].sources);
	free(x->rule);
	free(x);
}

static struct left_out *find(const struct exceptions *x, size_t index)
{
	for (size_t i = 0; i < x->count; i++) {
		if (x->rule[i].rule == index)
			return &x->rule[i];
	}
	return NULL;
}

const char *exceptions_add(struct exceptions *x, size_t index, char *text)
{
	struct left_out *o = find(x, index);

	if (o == NULL) {
		if (!room_for((void **)&x->rule, x->count + 1, &x->room, sizeof(*x->rule)))
			return "not enough memory";
		o = &x->rule[x->count++];
		*o = (struct left_out){ .rule = index };
	}
	return prefix_set_add(&o->sources, text, 0);
}

int exceptions_seal(struct exceptions *x)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < x->count; i++)
		result = prefix_set_seal(&x->rule[i].sources);
	return result;
}

bool exceptions_hold(const struct exceptions *x, size_t index, const struct ip_addr *source)
{
	const struct left_out *o = find(x, index);

	return o != NULL && prefix_set_has(&o->sources, source);
}
