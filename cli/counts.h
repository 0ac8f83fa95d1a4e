/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often each of many words was seen. */
#ifndef EPITAPH_CLI_COUNTS_H
#define EPITAPH_CLI_COUNTS_H

#include <stddef.h>
#include <stdint.h>

struct counts;

struct counts_row {
	const char *key;
	uint64_t count;
};

/* NULL without memory. The caller owns it. */
struct counts *counts_new(void);
void counts_free(struct counts *c);

/* Count @key @n times more. So many keys are told apart; what comes beyond is counted together. */
void counts_add(struct counts *c, const char *key, uint64_t n);

/*
 * The @most rows that were seen most often, those first; *others is what the rest has together. To be freed; the
 * keys are @c's. NULL without memory.
 */
struct counts_row *counts_top(const struct counts *c, size_t most, size_t *rows, uint64_t *others);

#endif
