/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/ifnames.h"

#include <net/if.h>
#include <stdlib.h>

enum {
	SLOTS = 256,
	FRESH_US = 2000000, /* a renamed interface is noticed after this time */
};

struct slot {
	uint32_t index;
	int64_t read_us;
	char name[IF_NAMESIZE];
};

struct ifnames {
	struct slot slot[SLOTS];
};

struct ifnames *ifnames_new(void)
{
	return calloc(1, sizeof(struct ifnames));
}

void ifnames_free(struct ifnames *n)
{
	free(n);
}

const char *ifnames_get(struct ifnames *n, uint32_t index, int64_t now_us)
{
	struct slot *s = &n->slot[index % SLOTS];

	if (index == 0)
		return "";
	if (s->index != index || now_us - s->read_us > FRESH_US) {
		s->index = index;
		s->read_us = now_us;
		if (if_indextoname(index, s->name) == NULL)
			s->name[0] = '\0';
	}
	return s->name;
}
