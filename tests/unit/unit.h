/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unit tests share: cmocka's headers, packets as hex, a seeded random number. */
#ifndef EPITAPH_TESTS_UNIT_H
#define EPITAPH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/random.h"

#include "tcp/bytes.h"

/* The octets that @hex spells, in one of a few static buffers. */
static inline struct bytes unhex(const char *hex)
{
	static uint8_t buffer[4][4096];
	static unsigned turn;
	uint8_t *out = buffer[turn++ % 4];
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return (struct bytes){ out, n };
}

static inline struct bytes text_bytes(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static inline uint64_t random_seed(void)
{
	const char *given = getenv("EPITAPH_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u + 1;

	fprintf(stderr, "# EPITAPH_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* Whole packets of the reset formats: client 192.0.2.10:40000, server 198.51.100.20:443. */
#define P1 "450000300000400040064e76c6336414c000020a01bb9c40200000001000006450140000c163000033aa000900000000"
#define P2 "450000420000400040064e64c000020ac63364149c4001bb100000002000000050140000a8560000504f4c4943593a20626c6f636b65642062792072756c65203432"
#define P3 "450000300000400040064e76c6336414c000020a01bb9c40000000001000000150140000e1c4000033aa000b00000000"
#define P5 "60000000002e064020010db800000000000000000000002020010db800000000000000000000001001bb9c4020000000100000645014000038a30000504f4c4943593a20626c6f636b65642062792072756c65203432"
#define P6 "450000280000400040064e7ec6336414c000020a01bb9c40200000001000006450140000f51e0000"

#endif
