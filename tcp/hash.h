/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mixing numbers and names into a hash, for tables. */
#ifndef EPITAPH_TCP_HASH_H
#define EPITAPH_TCP_HASH_H

#include <stdint.h>

/* One step: every bit of both changes half of the result. */
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ULL) *
			      (b ^ 0xd6e8feb86659fd93ULL);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t hash_name(const char *name)
{
	uint64_t h = 0;

	for (; *name != '\0'; name++)
		h = hash_mix(h, (uint8_t)*name);
	return h;
}

#endif
