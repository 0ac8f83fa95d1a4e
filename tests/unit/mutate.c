/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million mutated packets through the whole engine: each is parsed or refused, judged, and what it
 * gets cut with is built and parses again. EPITAPH_MUTATIONS sets another number.
 */
#include "tests/unit/hello.h"
#include "tests/unit/segment.h"

#include "policy/judge.h"

enum { BASES = 14, BASE_MAX = 2048, MUTATIONS = 1000000 };

static struct { uint8_t at[BASE_MAX]; size_t len; } base[BASES];
static unsigned bases;

static void add(struct bytes b)
{
	assert_true(bases < BASES && b.len <= BASE_MAX);
	memcpy(base[bases].at, b.at, b.len);
	base[bases++].len = b.len;
}

static void add_bases(void)
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

static size_t mutate(uint64_t *seed, uint8_t *out)
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

static void check_cut(const struct judgement *j)
{
	struct ip_tuple wire = tuple_reverse(&j->packet.tuple);
	uint8_t out[ICMP_BUFFER];
	struct packet back;
	size_t len, l4;

	for (unsigned i = 0; (j->cut.to_sender || j->cut.to_receiver) && i < j->cut.payloads; i++) {
		len = reset_build(&wire, j->cut.sender, 64, j->cut.payload[i], out, sizeof(out));
		assert_true(len > 0);
		assert_int_equal(packet_parse((struct bytes){ out, len }, &back), PACKET_OK);
		assert_true(packet_checksum_ok(&back));
	}
	if (j->cut.reject) {
		len = icmp_build_unreachable(&j->packet, UNREACHABLE_ADMIN, &wire.src, out, sizeof(out), &l4);
		assert_true(len == 0 || packet_parse((struct bytes){ out, len }, &back) == PACKET_OK);
	}
}

static void million(void **state)
{
	static const char text[] = "reason r { code not-authorized; text \"R=$rule $host $event\" }\n"
				   "policy forward { default reject\n on undecided reset\n"
				   "a: tls sni \".social.example\" reset reason r payload both\n"
				   "b: http host \"news.example\" reset reason r\n"
				   "c: saddr 192.0.2.0/24 log\n d: udp dport 53 accept\n }";
	struct source source = { .name = "test.conf", .text = text_bytes(text) };
	static struct diags diags;
	struct policy *p = policy_parse(&source, NULL, &diags);
	struct flow_limits limits = judge_default_limits;
	struct judge *judge;
	uint64_t seed = random_seed();
	const char *given = getenv("EPITAPH_MUTATIONS");
	long rounds = given ? atol(given) : MUTATIONS;

	(void)state;
	assert_non_null(p);
	limits.flows = 512;
	limits.streams = 8;
	judge = judge_new(&limits, NULL);
	add_bases();
	for (long i = 0; i < rounds; i++) {
		uint8_t whole[BASE_MAX], *copy;
		size_t len = mutate(&seed, whole);
		struct judge_input in = { .now_us = i * 100, .iif = "a", .oif = "b" };
		struct judgement j;

		copy = malloc(len ? len : 1); /* exactly as long, for ASan */
		memcpy(copy, whole, len);
		in.ip = (struct bytes){ copy, len };
		in.checksum_ready = random_next(&seed) % 4 == 0;
		in.direction = (enum direction)(random_next(&seed) % 3);
		judge_packet(judge, p, &in, &j);
		if (j.error == PACKET_OK && j.has_cut)
			check_cut(&j);
		free(copy);
		if (i % 1000 == 0)
			judge_expire(judge, i * 100);
	}
	assert_true(judge_counters(judge)->packets == (uint64_t)rounds);
	judge_free(judge);
	policy_free(p);
	diags_clear(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(million) };

	return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}
