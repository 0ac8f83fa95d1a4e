/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/judging.h"

#define SNI_POLICY "policy forward { social: tls sni \".social.example\" reset\n web: http host " \
		   "\"news.example\" reset source\n }"

static void blocked_by_name(void **state)
{
	struct bytes hello = hello_build("www.social.example", 32, 16384);

	(void)state;
	begin(SNI_POLICY);
	handshake();
	data(0, hello);
	assert_int_equal(j.verdict, VERDICT_DROP);
	assert_true(j.has_block && j.has_cut && j.cut.first);
	assert_string_equal(j.rule->name, "social");
	assert_string_equal(j.host, "www.social.example");
	assert_string_equal(j.cut.text, "R=social");
	assert_true(j.cut.to_sender && j.cut.to_receiver);
	assert_int_equal(j.cut.sender.seq, 5001);
	assert_int_equal(j.cut.sender.ack, 1001);
	assert_int_equal(j.cut.receiver.seq, 1001);
	assert_int_equal(j.cut.receiver.ack, 5001);
	assert_int_equal(j.cut.payloads, 2);
	assert_int_equal(j.cut.payload[0].len, 8);
	assert_int_equal(j.cut.payload[1].len, 0);
	/* Later packets of the flow are cut from their own numbers, without another event. */
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK });
	assert_true(j.has_cut && !j.cut.first && !j.has_block);
	assert_int_equal(j.cut.sender.seq, 1001);
	assert_int_equal(j.cut.receiver.seq, 5001);
	/* A reset of either end passes. */
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_RST | TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_PASS);
	assert_true(j.is_reset);
	/* The same tuple opened anew is judged afresh. */
	feed((struct segment){ .seq = 77000, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_PASS);
	finish();
}

static void accepted_by_name(void **state)
{
	(void)state;
	begin(SNI_POLICY);
	handshake();
	data(0, hello_build("ok.example", 32, 16384));
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	assert_false(j.has_block);
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1500, .flags = TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	finish();
}

static void reset_source_only(void **state)
{
	(void)state;
	begin(SNI_POLICY);
	handshake();
	data(0, text_bytes("GET / HTTP/1.1\r\nHost: news.example\r\n\r\n"));
	assert_true(j.cut.to_sender);
	assert_false(j.cut.to_receiver);
	/* From the other side, the source is the receiver. */
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK });
	assert_false(j.cut.to_sender);
	assert_true(j.cut.to_receiver);
	finish();
}

/* A post-quantum hello in random segments, in random order, in records of random size. */
static void split_anyhow(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	begin(SNI_POLICY);
	for (int round = 0; round < 300; round++) {
		size_t record = 1 + random_next(&seed) % 3000, pad = random_next(&seed) % 6000, parts = 0;
		struct bytes hello = hello_build("www.social.example", pad, record);
		uint32_t isn = random_next(&seed);
		bool blocked = false;
		struct { uint32_t from, to; } part[12];

		if (hello.len > STREAM_CAPACITY)
			continue;
		feed((struct segment){ .seq = isn, .flags = TCP_SYN });
		for (uint32_t at = 0; at < hello.len; parts++) {
			uint32_t n = parts == 11 ? UINT32_MAX : 1 + random_next(&seed) % 3000;

			part[parts].from = at;
			at = hello.len - at < n ? (uint32_t)hello.len : at + n;
			part[parts].to = at;
		}
		for (size_t left = parts; left > 0; left--) {
			size_t pick = random_next(&seed) % left;
			struct bytes piece = bytes_cut(hello, part[pick].from, part[pick].to - part[pick].from);

			feed((struct segment){ .seq = isn + 1 + part[pick].from, .ack = 5001,
					       .flags = TCP_ACK, .payload = piece });
			part[pick] = part[left - 1];
			if (j.has_block)
				assert_string_equal(j.host, "www.social.example");
			blocked |= j.has_block;
		}
		assert_true(blocked);
	}
	finish();
}

static void sequence_wraps(void **state)
{
	struct bytes hello = hello_build("www.social.example", 600, 16384);

	(void)state;
	begin(SNI_POLICY);
	feed((struct segment){ .seq = 0xffffff00, .flags = TCP_SYN });
	feed((struct segment){ .seq = 0xffffff01 + 500, .ack = 1, .flags = TCP_ACK,
			       .payload = bytes_cut(hello, 500, hello.len) });
	assert_int_equal(j.verdict, VERDICT_PASS);
	feed((struct segment){ .seq = 0xffffff01, .ack = 1, .flags = TCP_ACK,
			       .payload = bytes_cut(hello, 0, 500) });
	assert_int_equal(j.verdict, VERDICT_DROP);
	finish();
}

/* "on undecided" decides at the end, past the limit, and when too many streams are open. */
static void undecided(void **state)
{
	static uint8_t much[STREAM_CAPACITY];

	(void)state;
	begin("policy forward { default accept\n on undecided drop\n a: tls sni \"x.example\" reset\n }");
	handshake();
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK | TCP_FIN });
	assert_int_equal(j.verdict, VERDICT_DROP);
	assert_string_equal(j.rule->name, "undecided");
	handshake();
	/* A hello of 65280 octets whose cipher suites alone take 61440, in full records. */
	memcpy(much, "\x16\x03\x01\x40\x00\x01\x00\xff\x00\x03\x03", 11);
	memcpy(much + 43, "\x00\xf0\x00", 3);
	memcpy(much + 6389, "\x16\x03\x01\x40\x00", 5);
	data(0, (struct bytes){ much, 10000 });
	assert_int_equal(j.verdict, VERDICT_PASS);
	data(10000, (struct bytes){ much, 10000 });
	assert_int_equal(j.verdict, VERDICT_DROP);
	handshake();
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK,
			       .payload = { much, STREAM_CAPACITY } });
	assert_int_equal(j.verdict, VERDICT_DROP); /* the responder alone talks: no hello will come */
	for (uint16_t i = 0; i < 5; i++) {
		feed((struct segment){ .sport = (uint16_t)(2000 + i), .seq = 1, .flags = TCP_SYN });
		feed((struct segment){ .sport = (uint16_t)(2000 + i), .seq = 2, .flags = TCP_ACK,
				       .payload = { much, 8 } });
		assert_int_equal(j.verdict, i < 4 ? VERDICT_PASS : VERDICT_DROP);
	}
	finish();
}

static void blocked_port(void **state)
{
	(void)state;
	begin("policy forward { smtp: tcp dport 25 reset\n }");
	feed((struct segment){ .dport = 25, .seq = 1000, .flags = TCP_SYN });
	assert_true(j.cut.to_sender && !j.cut.to_receiver);
	assert_int_equal(j.cut.sender.seq, 0);
	assert_int_equal(j.cut.sender.ack, 1001);
	/* The same SYN again is answered again, and logged once. */
	feed((struct segment){ .dport = 25, .seq = 1000, .flags = TCP_SYN });
	assert_true(j.cut.to_sender && !j.has_block);
	feed((struct segment){ .dport = 25, .seq = 2000, .flags = TCP_SYN });
	assert_true(j.cut.to_sender && j.has_block);
	finish();
}

static void rejects(void **state)
{
	(void)state;
	begin("policy forward { quic: udp dport 443 reject\n all: saddr 192.0.2.10 reset\n }");
	feed_raw(datagram_build((struct segment){ .sport = 5000, .dport = 443 }));
	assert_true(j.has_cut && j.cut.reject);
	feed_raw(datagram_build((struct segment){ .sport = 5000, .dport = 53 }));
	assert_true(j.cut.reject); /* "reset" of what is not TCP */
	assert_string_equal(j.rule->name, "all");
	feed_raw(datagram_build((struct segment){ .sport = 5000, .dport = 53, .v6 = true }));
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	finish();
}

/* What no end has sent gets no answer and changes no state. */
static void bad_checksum(void **state)
{
	struct bytes b;

	(void)state;
	begin("policy forward { smtp: tcp dport 25 reset\n }");
	b = segment_build((struct segment){ .sport = 40000, .dport = 25, .seq = 1, .flags = TCP_SYN });
	((uint8_t *)b.at)[36] ^= 0xff;
	feed_raw(b);
	assert_int_equal(j.verdict, VERDICT_DROP);
	assert_false(j.has_cut || j.has_block);
	feed((struct segment){ .dport = 25, .seq = 1, .flags = TCP_SYN });
	assert_true(j.has_block);
	finish();
}

static void joined_in_the_middle(void **state)
{
	(void)state;
	begin(SNI_POLICY);
	/* The server's packet comes first: the well-known port tells who opened the flow. */
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK,
			       .payload = text_bytes("x") });
	assert_int_equal(j.side, SIDE_RESPONDER);
	data(0, hello_build("www.social.example", 0, 16384));
	assert_int_equal(j.verdict, VERDICT_DROP);
	finish();
}

static void other_packets(void **state)
{
	(void)state;
	begin("policy forward { default drop\n }");
	feed_raw(unhex("4500001c000020104006000a0a080002c63364020102030405060708"));
	assert_int_equal(j.verdict, VERDICT_PASS); /* a later fragment */
	feed_raw(unhex("4500001c000040004001000a0a080002c63364020301000000000000"));
	assert_int_equal(j.verdict, VERDICT_PASS); /* an ICMP error */
	feed_raw(unhex("4500001c000040004001000a0a080002c63364020800000000000000"));
	assert_int_equal(j.verdict, VERDICT_DROP); /* an echo request */
	feed_raw(unhex("45"));
	assert_int_equal(j.verdict, VERDICT_DROP);
	assert_int_equal(judge_counters(judge)->malformed, 1);
	finish();
}

/* A new policy does not reopen what the old one cut, and has nothing to say in its name. */
static void after_a_reload(void **state)
{
	(void)state;
	begin(SNI_POLICY);
	handshake();
	data(0, hello_build("www.social.example", 0, 16384));
	policy->generation = 2;
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK });
	assert_true(j.has_cut && j.cut.to_sender);
	assert_null(j.rule);
	assert_int_equal(j.cut.payloads, 1);
	assert_int_equal(j.cut.payload[0].len, 0);
	finish();
}

static void payload_modes(void **state)
{
	(void)state;
	begin("reason r { code not-authorized; text \"R=$rule E=$event\" }\n"
	      "policy forward { a: tcp dport 1 reset reason r payload both\n"
	      "b: tcp dport 2 reset reason r payload diag\n c: tcp dport 3 reset payload none\n }");
	feed((struct segment){ .dport = 1, .seq = 1, .flags = TCP_SYN });
	assert_int_equal(j.cut.payloads, 3);
	assert_memory_equal(j.cut.payload[1].at, unhex("33aa000b00000000").at, 8);
	assert_int_equal(j.cut.payload[2].len, 0);
	assert_memory_equal(j.cut.text, "R=a E=", 6);
	assert_memory_equal(j.cut.text + 6, j.event_id, EVENT_ID_LEN);
	feed((struct segment){ .dport = 2, .seq = 1, .flags = TCP_SYN });
	assert_int_equal(j.cut.payloads, 2);
	assert_int_equal(j.cut.payload[0].len, 8);
	feed((struct segment){ .dport = 3, .seq = 1, .flags = TCP_SYN });
	assert_int_equal(j.cut.payloads, 1);
	assert_int_equal(j.cut.payload[0].len, 0);
	finish();
}

static void protected_flow(void **state)
{
	/* A SYN with TCP MD5 (RFC 2385): 20 octets of options. */
	static uint8_t out[60];
	struct bytes b;
	struct ip_tuple wire;

	(void)state;
	begin("policy forward { bgp: tcp dport 179 reset\n }");
	b = segment_build((struct segment){ .sport = 40000, .dport = 179, .seq = 1, .flags = TCP_SYN,
					    .payload = unhex("1312000102030405060708090a0b0c0d0e0f0100") });
	memcpy(out, b.at, 60);
	out[32] = 10 << 4;
	out[36] = out[37] = 0;
	wire = segment_tuple(&(struct segment){ .sport = 40000, .dport = 179 }, PROTO_TCP);
	bytes_put16(out + 36, checksum_fold(checksum_add(checksum_pseudo(&wire, PROTO_TCP, 40),
							 (struct bytes){ out + 20, 40 })));
	feed_raw((struct bytes){ out, 60 });
	assert_int_equal(j.verdict, VERDICT_DROP);
	assert_true(j.has_block);
	assert_false(j.cut.to_sender);
	assert_int_equal(j.cut.refusal, RESET_PROTECTED);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocked_by_name),   cmocka_unit_test(accepted_by_name),
		cmocka_unit_test(reset_source_only), cmocka_unit_test(split_anyhow),
		cmocka_unit_test(sequence_wraps),    cmocka_unit_test(undecided),
		cmocka_unit_test(blocked_port),	     cmocka_unit_test(rejects),
		cmocka_unit_test(bad_checksum),	     cmocka_unit_test(joined_in_the_middle),
		cmocka_unit_test(other_packets),     cmocka_unit_test(after_a_reload),
		cmocka_unit_test(payload_modes),     cmocka_unit_test(protected_flow),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
