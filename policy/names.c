/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/names.h"

#include "tcp/hash.h"

#include <stdlib.h>
#include <string.h>

static struct names_entry *find(const struct names *n, const char *name)
{
	size_t i = (size_t)hash_name(name) & n->mask;

	while (n->slot[i].name[0] != '\0' && strcmp(n->slot[i].name, name) != 0)
		i = (i + 1) & n->mask;
	return &n->slot[i];
}

int64_t names_find(const struct names *n, const char *name)
{
	const struct names_entry *e = n->slot ? find(n, name) : NULL;

	return e != NULL && e->name[0] != '\0' ? (int64_t)e->id : -1;
}

static bool grow(struct names *n)
{
	struct names old = *n;
	size_t slots = old.slot ? (old.mask + 1) * 2 : 16;

	if (old.slot != NULL && old.count * 2 < old.mask + 1)
		return true;
	n->slot = calloc(slots, sizeof(*n->slot));
	if (n->slot == NULL) {
		*n = old;
		return false;
	}
	n->mask = slots - 1;
	for (size_t i = 0; old.slot != NULL && i <= old.mask; i++) {
		if (old.slot[i].name[0] != '\0')
			*find(n, old.slot[i].name) = old.slot[i];
	}
	free(old.slot);
	return true;
}

bool names_add(struct names *n, const char *name, uint32_t id)
{
	size_t len = strlen(name);
	struct names_entry *e;

	if (len >= NAMES_LEN || !grow(n))
		return false;
	e = find(n, name);
	memcpy(e->name, name, len + 1);
	e->id = id;
	n->count++;
	return true;
}

void names_free(struct names *n)
{
	free(n->slot);
	*n = (struct names){ NULL, 0, 0 };
}
