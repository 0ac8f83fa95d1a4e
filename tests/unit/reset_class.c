/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What resets are taken for, by flows that the judge has seen. */
#include "tests/unit/judging.h"

enum { CLIENT = 1000, SERVER = 5000, SECOND = 1000000 };

static struct judgement *r = &j;

/* Feed a segment of the flow of @port; its TTL is @ttl. */
static void see(bool reply, uint32_t seq, uint32_t ack, uint8_t flags, const char *payload,
		uint8_t ttl)
{
	struct bytes b = segment_build((struct segment){ .reply = reply,
							 .sport = port,
							 .dport = 8080,
							 .seq = seq,
							 .ack = ack,
							 .flags = flags,
							 .payload = text_bytes(payload) });
	struct judge_input in = {
		.ip = b, .now_us = now, .wall_us = now, .iif = "", .oif = "", .sees_all = true
	};

	((uint8_t *)(uintptr_t)b.at)[8] = ttl; /* nobody looks at the header's checksum */
	now += SECOND / 100;
	judge_packet(judge, policy, &in, &j);
}

static bool has_sign(enum reset_sign s)
{
	return (r->reading.signs & 1u << s) != 0;
}

static void syn(void)
{
	port++;
	now += SECOND;
	see(false, CLIENT, 0, TCP_SYN, "", 60);
}

/* A connection over which "hello", and "220 mailgate ready" back, have gone. */
static void open_flow(void)
{
	syn();
	see(true, SERVER, CLIENT + 1, TCP_SYN | TCP_ACK, "", 50);
	see(false, CLIENT + 1, SERVER + 1, TCP_ACK, "", 60);
	see(false, CLIENT + 1, SERVER + 1, TCP_ACK | TCP_PSH, "hello", 60);
	see(true, SERVER + 1, CLIENT + 6, TCP_ACK | TCP_PSH, "220 mailgate ready", 50);
	see(false, CLIENT + 6, SERVER + 19, TCP_ACK, "", 60);
}

static void expect_kind(enum reset_kind kind, enum reset_stage stage, const char *pattern)
{
	assert_true(r->is_reset);
	assert_string_equal(reset_kind_name(r->reading.kind), reset_kind_name(kind));
	assert_string_equal(reset_stage_name(r->reading.stage), reset_stage_name(stage));
	assert_string_equal(r->reading.pattern, pattern);
}

static void of_ends(void **state)
{
	(void)state;
	syn();
	see(true, 0, CLIENT + 1, TCP_RST | TCP_ACK, "", 50);
	expect_kind(RESET_KIND_REFUSED, STAGE_SYN, "syn>rst+ack");
	open_flow();
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "", 50);
	expect_kind(RESET_KIND_ABORT, STAGE_ESTABLISHED, "psh>rst+ack");
	assert_int_equal(r->reading.signs, 0);
	open_flow(); /* with data in flight: by what the other end waits for, or by what comes next */
	see(true, SERVER + 19, CLIENT + 6, TCP_ACK, "more", 50);
	see(true, SERVER + 23, CLIENT + 6, TCP_RST | TCP_ACK, "", 50);
	assert_int_equal(r->reading.signs, 0);
	open_flow();
	see(false, CLIENT + 6, SERVER + 19, TCP_ACK, "still there?", 60);
	see(true, SERVER + 19, 0, TCP_RST, "", 50);
	expect_kind(RESET_KIND_HALF_OPEN, STAGE_ESTABLISHED, "data>rst");
	open_flow(); /* a port scan: SYN, SYN|ACK, and no such connection */
	syn();
	see(true, SERVER, CLIENT + 1, TCP_SYN | TCP_ACK, "", 50);
	see(false, CLIENT + 1, 0, TCP_RST, "", 60);
	expect_kind(RESET_KIND_HALF_OPEN, STAGE_HANDSHAKE, "syn>rst");
	open_flow(); /* closed, and data afterwards */
	see(true, SERVER + 19, CLIENT + 6, TCP_ACK | TCP_FIN, "", 50);
	see(false, CLIENT + 6, SERVER + 20, TCP_ACK, "more", 60);
	see(true, SERVER + 20, 0, TCP_RST, "", 50);
	expect_kind(RESET_KIND_ABORT, STAGE_CLOSING, "data>rst");
}

static void of_others(void **state)
{
	(void)state;
	open_flow();
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "", 61);
	expect_kind(RESET_KIND_FORGED, STAGE_ESTABLISHED, "psh>rst+ack");
	assert_int_equal(r->reading.signs, 1u << SIGN_TTL);
	open_flow();
	see(true, SERVER + 700, CLIENT + 6, TCP_RST | TCP_ACK, "", 50);
	expect_kind(RESET_KIND_FORGED, STAGE_ESTABLISHED, "psh>rst+ack");
	assert_true(has_sign(SIGN_SEQ));
	see(true, SERVER + 2160, CLIENT + 7, TCP_RST | TCP_ACK, "", 50);
	assert_string_equal(r->reading.pattern, "psh>rst+ack;rst+ack");
	assert_true(has_sign(SIGN_SEQ_CHANGE) && has_sign(SIGN_ACK_CHANGE));
	open_flow(); /* the data got there first */
	see(true, SERVER + 5, CLIENT + 6, TCP_RST | TCP_ACK, "", 50);
	assert_true(has_sign(SIGN_SEQ_BELOW));
	assert_false(has_sign(SIGN_SEQ));
	assert_false(r->went_on);
	see(true, SERVER + 19, CLIENT + 6, TCP_ACK, "I am still here", 50);
	assert_true(r->went_on);
	assert_int_equal(r->flow->side[r->side].reset.seq, SERVER + 5);
	see(true, SERVER + 34, CLIENT + 6, TCP_ACK, "and on", 50);
	assert_false(r->went_on); /* it is told once */
	open_flow();		  /* hops that vary anyway tell nothing */
	see(true, SERVER + 19, CLIENT + 6, TCP_ACK, "a", 51);
	see(true, SERVER + 20, CLIENT + 6, TCP_RST | TCP_ACK, "", 49);
	assert_false(has_sign(SIGN_TTL));
}

static void after_silence(void **state)
{
	(void)state;
	open_flow();
	now += 30 * SECOND;
	see(false, CLIENT + 6, SERVER + 19, TCP_ACK, "still there?", 60);
	see(true, SERVER + 19, 0, TCP_RST, "", 61);
	expect_kind(RESET_KIND_TIMEOUT, STAGE_ESTABLISHED, "data>rst");
	assert_true(r->reading.quiet_us >= 30 * SECOND);
	open_flow(); /* the end itself: it has lost the connection */
	now += 30 * SECOND;
	see(false, CLIENT + 6, SERVER + 19, TCP_ACK, "still there?", 60);
	see(true, SERVER + 19, 0, TCP_RST, "", 50);
	expect_kind(RESET_KIND_HALF_OPEN, STAGE_ESTABLISHED, "data>rst");
}

static void by_what_they_say(void **state)
{
	static const struct {
		const char *text;
		enum reset_kind kind;
		enum reset_format format;
	} said[] = {
		{ "R=social E=01234567 no", RESET_KIND_POLICY, RESET_FORMAT_PLAIN },
		{ "POLICY: blocked by rule 42", RESET_KIND_POLICY, RESET_FORMAT_PLAIN },
		{ "BIG-IP: [0x11c5672:3045] {peer} Flow expired (sweeper)", RESET_KIND_TIMEOUT,
		  RESET_FORMAT_F5 },
		{ "BIG-IP: [0x11c5672:3045] {peer} TCP RST from remote system", RESET_KIND_ABORT,
		  RESET_FORMAT_F5 },
		{ "tcp_close, unread data", RESET_KIND_ABORT, RESET_FORMAT_STREAMS },
		{ "Go away!", RESET_KIND_ABORT, RESET_FORMAT_PLAIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		open_flow();
		see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, said[i].text, 50);
		assert_int_equal(r->reading.kind, said[i].kind);
		assert_int_equal(r->reading.format, said[i].format);
		assert_string_equal(r->reading.text, said[i].text);
	}
}

/* The empty reset that follows one with a payload, and one that does not. */
static void companions(void **state)
{
	(void)state;
	open_flow();
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "POLICY: blocked", 64);
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "", 64);
	assert_int_equal(r->reading.kind, RESET_KIND_POLICY);
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "", 64);
	assert_int_equal(r->reading.kind, RESET_KIND_POLICY);
	see(true, SERVER + 20, CLIENT + 6, TCP_RST | TCP_ACK, "", 64);
	assert_int_equal(r->reading.kind, RESET_KIND_FORGED);
	syn();
	see(true, 0, CLIENT + 1, TCP_RST | TCP_ACK, "R=web", 64);
	see(true, 0, CLIENT + 1, TCP_RST | TCP_ACK, "", 64);
	assert_int_equal(r->reading.kind, RESET_KIND_POLICY);
}

static void echoes(void **state)
{
	(void)state;
	open_flow();
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "220 mailgat", 50);
	assert_int_equal(r->reading.class, RESET_CLASS_ECHO);
	assert_int_equal(r->reading.format, RESET_FORMAT_DATA);
	assert_string_equal(r->reading.text, "220 mailgat");
	open_flow();
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "hell", 50);
	assert_int_equal(r->reading.class, RESET_CLASS_ECHO);
	open_flow();
	see(true, SERVER + 19, CLIENT + 6, TCP_RST | TCP_ACK, "220 no mail here", 50);
	assert_int_equal(r->reading.class, RESET_CLASS_TEXT);
}

static void quoted_packets(void **state)
{
	static const char *const quotes[] = {
		/* IP and TCP headers of what P1 answers, and the TCP header alone */
		"450000280000400040064e7ec000020ac63364149c4001bb1000000020000000501000000000000000000000",
		"9c4001bb10000000200000005010000000000000",
	};
	struct packet p;
	struct reset_reading reading;

	(void)state;
	assert_int_equal(packet_parse(unhex(P6), &p), PACKET_OK);
	for (size_t i = 0; i < 2; i++) {
		p.payload = unhex(quotes[i]);
		p.payload_len = (uint32_t)p.payload.len;
		reset_read(&p, &reading);
		assert_int_equal(reading.class, RESET_CLASS_ECHO);
		assert_int_equal(reading.format, RESET_FORMAT_PACKET);
	}
	p.tuple.dport++;
	reset_read(&p, &reading);
	assert_int_equal(reading.class, RESET_CLASS_BINARY);
}

/* Resets of ours that come by again, and one of somebody else in the same flow. */
static void our_own(void **state)
{
	struct reset_numbers n;

	(void)state;
	finish();
	begin("reason no { code not-authorized; text \"R=$rule E=$event\" }\n"
	      "policy forward { p: tcp dport 8080 payload contains \"hello\" reset reason no }\n");
	open_flow();
	assert_true(j.has_cut);
	n = j.cut.receiver;
	see(true, n.seq, n.ack, TCP_RST | TCP_ACK, "", 64);
	assert_false(r->reading.ours); /* it is not in this end's name */
	see(false, n.seq, n.ack, TCP_RST | TCP_ACK, "", 64);
	assert_true(r->reading.ours);
	expect_kind(RESET_KIND_POLICY, STAGE_ESTABLISHED, "psh>rst+ack");
	assert_int_equal(r->reading.signs, 0);
	see(false, n.seq + 4711, n.ack, TCP_RST | TCP_ACK, "", 64);
	assert_false(r->reading.ours);
	assert_int_equal(r->reading.kind, RESET_KIND_FORGED);
	assert_int_equal(judge_counters(judge)->resets_ours, 1);
}

static int set_up(void **state)
{
	(void)state;
	begin("policy forward { default accept }\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	finish();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_ends),	  TEST(of_others), TEST(after_silence),	 TEST(by_what_they_say),
		TEST(companions), TEST(echoes),	   TEST(quoted_packets), TEST(our_own),
	};

	return cmocka_run_group_tests_name("reset_class", tests, NULL, NULL);
}
