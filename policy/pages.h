/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for tables that are read at random: on large pages, when there is enough of it. */
#ifndef EPITAPH_POLICY_PAGES_H
#define EPITAPH_POLICY_PAGES_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGES_LARGE = 2 * 1024 * 1024 };

/*
 * @size zeroed octets, to be given to free(); NULL without memory. Of a table of a million names every
 * question otherwise misses the processor's cache of page addresses as well as that of the memory.
 */
static inline void *pages_alloc(size_t size)
{
	size_t whole = (size + PAGES_LARGE - 1) / PAGES_LARGE * PAGES_LARGE;
	void *at;

	if (size < PAGES_LARGE)
		return calloc(1, size);
	at = aligned_alloc(PAGES_LARGE, whole);
	if (at == NULL)
		return NULL;
	madvise(at, whole, MADV_HUGEPAGE); /* advice: the kernel may have none */
	memset(at, 0, size);
	return at;
}

#endif
