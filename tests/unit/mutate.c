/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A million mutated packets through the whole engine: each is parsed or refused, judged, and what it
 * gets cut with is built and parses again. EPITAPH_MUTATIONS sets another number.
 */
#include "tests/unit/mutants.h"

#include "policy/judge.h"

enum { MUTATIONS = 1000000 };

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
