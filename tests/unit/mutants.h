/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of all kinds, and mutants of them. */
#ifndef EPITAPH_TESTS_MUTANTS_H
#define EPITAPH_TESTS_MUTANTS_H

#include "tests/unit/hello.h"
#include "tests/unit/segment.h"

enum { BASES = 14, BASE_MAX = 2048 };

static struct { uint8_t at[BASE_MAX]; size_t len; } base[BASES];
static unsigned bases;

static inline void add(struct bytes b)
{
	assert_true(bases < BASES && b.len <= BASE_MAX);
	memcpy(base[bases].at, b.at, b.len);
	base[bases++].len = b.len;
}

static inline void add_bases(void)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct segment s = { .v6 = v6, .sport = 40000, .dport = 443, .seq = 1000, .flags = TCP_SYN };

		add(segment_build(s));
		s.seq = 1001;
		s.flags = TCP_ACK | TCP_PSH;
		s.payload = hello_build("www.social.example", 1216, 600);
		add(segment_build(s));
		s.payload = text_bytes("GET / HTTP/1.1\r\nHost: news.example\r\nX: y\r\n\r\n");
		add(segment_build(s));
		s.reply = true;
		s.flags = TCP_RST | TCP_ACK;
		s.payload = unhex("193039a2011904d202197ed9");
		add(segment_build(s));
		s.payload = text_bytes("No way");
		add(datagram_build(s));
	}
	add(unhex("60000000001a0040" "20010db8000000000000000000000001" "20010db8000000000000000000000002"
		  "3c00010400000000" "1100010400000000" "14e90035000a0000abcd"));
	add(unhex("4500001c000040004001000a0a080002c63364020301000000000000"));
	add(unhex("46000030000040004006000a0a080002c633640201010100"
		  "9c40005000000001000000006002fffff00d0000020405b4"));
}

/* A mutant of one of them into @out, which has BASE_MAX octets; returns its length. */
static inline size_t mutate(uint64_t *seed, uint8_t *out)
{
	unsigned pick = random_next(seed) % bases;
	size_t len = base[pick].len;

	memcpy(out, base[pick].at, len);
	for (uint32_t n = random_next(seed) % 6; n > 0 && len > 0; n--) {
		size_t at = random_next(seed) % (random_next(seed) & 1 ? len : len < 80 ? len : 80);

		switch (random_next(seed) % 4) {
		case 0:
			out[at] = (uint8_t)random_next(seed);
			break;
		case 1:
			out[at] ^= (uint8_t)(1u << random_next(seed) % 8);
			break;
		case 2:
			out[at] = random_next(seed) & 1 ? 0xff : 0;
			break;
		default:
			len = random_next(seed) % 8 == 0 ? at : len;
		}
	}
	return len;
}

#endif
