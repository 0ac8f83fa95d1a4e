/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seeded random numbers. */
#ifndef EPITAPH_TESTS_RANDOM_H
#define EPITAPH_TESTS_RANDOM_H

#include <stdint.h>

/* xorshift64*; a test prints its seed when it fails, and EPITAPH_SEED repeats it. */
static inline uint32_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545f4914f6cdd1dULL) >> 32);
}

#endif
