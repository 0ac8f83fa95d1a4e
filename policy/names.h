/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that a policy gives, each with a number: found at once among ten thousand. */
#ifndef EPITAPH_POLICY_NAMES_H
#define EPITAPH_POLICY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_LEN = 32 };

struct names_entry {
	char name[NAMES_LEN]; /* "": an empty slot */
	uint32_t id;
};

struct names {
	struct names_entry *slot;
	size_t mask, count;
};

/* The number of @name, or -1. */
int64_t names_find(const struct names *n, const char *name);

/* Add a name that is not there yet, at most NAMES_LEN - 1 octets. False without memory. */
bool names_add(struct names *n, const char *name, uint32_t id);
void names_free(struct names *n);

#endif
