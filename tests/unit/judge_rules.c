/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules ask of a flow over its life, of resets, and of what an answer may be. */
#include "tests/unit/judging.h"

static void reply(uint32_t offset, struct bytes payload)
{
	feed((struct segment){ .reply = true, .seq = 5001 + offset, .ack = 1001, .flags = TCP_ACK | TCP_PSH,
			       .payload = payload });
}

/* What the responder says, before and behind what the initiator does; in one segment or in several. */
static void reply_payload(void **state)
{
	(void)state;
	begin("policy forward { old: reply payload regex \"^220 old\" reset\n x: tls sni \"x.example\" drop\n }");
	handshake();
	reply(0, text_bytes("220 old mail"));
	assert_int_equal(j.verdict, VERDICT_DROP);
	assert_string_equal(j.rule->name, "old");
	handshake();
	reply(4, text_bytes("old"));
	assert_int_equal(j.verdict, VERDICT_PASS);
	reply(0, text_bytes("220 "));
	assert_int_equal(j.verdict, VERDICT_DROP);
	handshake();
	data(0, hello_build("x.example", 0, 16384));
	assert_int_equal(j.verdict, VERDICT_PASS); /* "old" comes first, and waits */
	reply(0, text_bytes("SSH-2.0"));
	assert_string_equal(j.rule->name, "x");
	finish();
}

/* A rule with a rate takes one token of a flow, however often the flow is looked at. */
static void rates(void **state)
{
	unsigned blocked = 0;

	(void)state;
	begin("policy forward { l: tcp dport 443 limit over 1/hour burst 2 per saddr reset\n x: tls sni \"x.example\" reset\n }");
	for (int i = 0; i < 4; i++) {
		port++;
		feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
		blocked += j.has_block;
		feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK });
		feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK, .payload = text_bytes("\x16") });
	}
	assert_int_equal(blocked, 2);
	finish();
}

static void shadows(void **state)
{
	(void)state;
	begin("policy forward { s: tcp dport 443 shadow reset\n n: tcp dport 443 log sample 1/1000000\n"
	      "x: tls sni \"x.example\" reset\n }");
	port++;
	feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_PASS);
	assert_int_equal(j.decision.logs, 1);
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK, .payload = text_bytes("\x16") });
	assert_int_equal(j.decision.logs, 0); /* it has fired */
	assert_int_equal(judge_counters(judge)->would_block, 1);
	finish();
	/* What is not logged is counted all the same; what would pass blocks nothing. */
	begin("policy forward { s: tcp dport 443 shadow reset log sample 1/1000000\n"
	      "a: tcp dport 443 shadow accept\n x: tls sni \"x.example\" reset\n }");
	port++;
	feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
	assert_int_equal(j.decision.logs, 1);
	assert_int_equal(judge_counters(judge)->would_block, 1);
	finish();
}

/* A schedule holds from its minute on; flows decided before stay decided. */
static void schedules(void **state)
{
	(void)state;
	begin("schedule s { from 08:00; to 09:00 }\npolicy forward { x: tcp dport 25 during s reset\n }");
	wall = 7LL * 3600 * 1000000 + 59LL * 60 * 1000000 + 59999999;
	feed((struct segment){ .dport = 25, .seq = 1, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	wall++;
	feed((struct segment){ .dport = 25, .seq = 2, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_DROP);
	wall = 9LL * 3600 * 1000000;
	feed((struct segment){ .dport = 25, .seq = 3, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	finish();
}

static void reply_limit(void **state)
{
	(void)state;
	begin("daemon { reply limit { per saddr 4/hour; total 1000/second } }\n"
	      "policy forward { x: tcp dport 25 reset\n q: udp dport 53 reject\n }");
	for (uint32_t i = 0; i < 4; i++) { /* two packets each: text, and none */
		feed((struct segment){ .dport = 25, .seq = 1 + i, .flags = TCP_SYN });
		assert_true(j.has_block);
		assert_int_equal(j.cut.to_sender, i < 2);
		assert_int_equal(j.cut.suppressed, i >= 2);
		assert_string_equal(j.cut.text, "R=x");
	}
	feed_raw(datagram_build((struct segment){ .sport = 5000, .dport = 53 }));
	assert_true(j.cut.suppressed && !j.cut.reject);
	assert_int_equal(judge_counters(judge)->suppressed, 3);
	finish();
}

static void reset_rules(void **state)
{
	(void)state;
	begin("policy forward { a: tls sni \"x.example\" drop\n }\n"
	      "resets forward { t: text contains \"secret\" drop\n c: diag code not-authorized log\n"
	      "e: stage established !payload tcp dport 443 annotate \"R=$rule $dport\"\n }");
	handshake();
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_RST | TCP_ACK,
			       .payload = text_bytes("a secret") });
	assert_int_equal(j.verdict, VERDICT_DROP);
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_RST | TCP_ACK,
			       .payload = unhex("33aa000b00000000") });
	assert_int_equal(j.verdict, VERDICT_PASS);
	assert_true(j.reset_logged);
	assert_string_equal(j.rule->name, "c");
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_RST | TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_ANNOTATE);
	assert_string_equal(j.annotation, "R=e 443");
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_RST | TCP_ACK,
			       .payload = text_bytes("x") });
	assert_int_equal(j.verdict, VERDICT_PASS);
	finish();
}

/* The windows of both ends as the client's last ACK finds them, and what of the text they take. */
static void windows(uint8_t scale, uint16_t client, uint16_t server)
{
	port++;
	feed((struct segment){ .seq = 1000, .flags = TCP_SYN, .scale = scale });
	feed((struct segment){ .reply = true, .seq = 5000, .ack = 1001, .flags = TCP_SYN | TCP_ACK, .scale = scale });
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK, .has_window = true,
			       .window = server });
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK | TCP_PSH, .has_window = true,
			       .window = client, .payload = hello_build("www.social.example", 0, 16384) });
	assert_true(j.has_block);
}

/* Text that a window does not take is shortened, or left out; the empty reset always goes. */
static void text_fits_window(void **state)
{
	struct bytes b;

	(void)state;
	begin("reason r { code not-authorized; text \"R=$rule 0123456789\" }\n"
	      "policy forward { social: tls sni \".social.example\" reset reason r payload both\n }");
	windows(0, 64240, 64240);
	assert_int_equal(j.cut.payloads, 3);
	assert_true(cut_payload(&j.cut, 0, j.cut.sender_room, &b));
	assert_int_equal(b.len, 19);
	windows(0, 12, 0);
	assert_int_equal(j.cut.sender_room, 12);
	assert_int_equal(j.cut.receiver_room, 0);
	assert_true(cut_payload(&j.cut, 0, 12, &b)); /* the text, shortened */
	assert_int_equal(b.len, 12);
	assert_true(cut_payload(&j.cut, 1, 12, &b)); /* the record */
	assert_false(cut_payload(&j.cut, 0, 0, &b));
	assert_false(cut_payload(&j.cut, 1, 0, &b));
	assert_true(cut_payload(&j.cut, 2, 0, &b));
	assert_int_equal(b.len, 0);
	windows(7, 1, 0);
	assert_int_equal(j.cut.sender_room, 128); /* scaled by both */
	windows(0, 7, 5);
	assert_false(cut_payload(&j.cut, 0, j.cut.sender_room, &b)); /* not worth it */
	assert_false(cut_payload(&j.cut, 1, j.cut.receiver_room, &b)); /* a record is never cut */
	/* A SYN tells no window that counts. */
	finish();
	begin("policy forward { smtp: tcp dport 25 reset\n }");
	feed((struct segment){ .dport = 25, .seq = 1, .flags = TCP_SYN, .has_window = true });
	assert_true(cut_payload(&j.cut, 0, j.cut.sender_room, &b));
	assert_int_equal(b.len, 6);
	finish();
}

static void handshake_decided(void)
{
	port++;
	feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	feed((struct segment){ .reply = true, .seq = 5000, .ack = 1001, .flags = TCP_SYN | TCP_ACK });
}

static void blocked_syn(const char *text)
{
	begin(text);
	feed((struct segment){ .dport = 25, .seq = 1, .flags = TCP_SYN });
	assert_true(j.has_cut);
	finish(); /* what the cut holds is its own */
}

/* Accepted flows stay accepted after a reload, unless it says that they are judged again. A receiver that
 * was not seen since may have had the segment: two resets, before and behind it. */
static void judged_again(void **state)
{
	(void)state;
	begin("policy forward { default accept\n a: tcp dport 80 reset\n }");
	handshake_decided();
	policy_free(policy);
	put_policy("policy forward { a: tcp dport 443 reset\n }", 2);
	data(0, text_bytes("x"));
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	policy->rejudge_from = 3;
	policy->generation = 3;
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 7001, .flags = TCP_ACK | TCP_FIN });
	assert_true(j.has_cut && j.cut.first);
	assert_int_equal(j.cut.sender.seq, 7001);
	assert_int_equal(j.cut.receiver.seq, 5001);
	assert_true(j.cut.receiver_has_it);
	assert_int_equal(j.cut.receiver_behind.seq, 5002);
	feed((struct segment){ .seq = 7001, .ack = 5002, .flags = TCP_ACK });
	assert_false(j.cut.receiver_has_it);
	finish();
}

/* How codes are numbered, whose they are, and what goes along with them. */
static void diag_settings(void **state)
{
#define REASON "reason r { code not-authorized; text \"no\" }\n reason v { code 1234 }\n"
#define RULE "policy forward { a: tcp dport 25 reset reason "
	static const uint8_t code_03[] = { 0x33, 0xaa, 0, 11, 0, 0, 0, 0 }, code_02[] = { 0x33, 0xaa, 0, 9, 0, 0, 0, 0 };
	static const uint8_t vendor[] = { 0x33, 0xaa, 0x04, 0xd2, 0, 0, 0x7e, 0xd9 };
	struct bytes b;

	(void)state;
	blocked_syn(REASON RULE "r payload diag }");
	assert_memory_equal(j.cut.diag, code_03, 8);
	blocked_syn(REASON "daemon { diag codes ietf-02; diag pen 32473 }\n" RULE "r payload diag }");
	assert_memory_equal(j.cut.diag, code_02, 8); /* a name is IANA's */
	blocked_syn(REASON "daemon { diag codes ietf-02; diag pen 32473 }\n" RULE "v payload diag }");
	assert_memory_equal(j.cut.diag, vendor, 8);
	blocked_syn(REASON "daemon { payload off }\n" RULE "r payload both }");
	assert_int_equal(j.cut.payloads, 1);
	assert_int_equal(j.cut.payload[0].len, 0);
	/* Without a companion the empty one goes only where nothing else fits. */
	blocked_syn(REASON "daemon { companion off }\n" RULE "r payload both }");
	assert_int_equal(j.cut.payloads, 3);
	assert_true(cut_payload(&j.cut, 0, 100, &b));
	assert_true(cut_payload(&j.cut, 1, 100, &b));
	assert_false(cut_payload(&j.cut, 2, 100, &b));
	assert_true(cut_payload(&j.cut, 2, 0, &b));
#undef RULE
#undef REASON
}

/* A side that sent its FIN says no more; the other one may, and is still asked. */
static void half_closed(void **state)
{
	(void)state;
	begin("policy forward { default accept\n on undecided drop\n cut: reply payload contains \"CUT\" reset\n }");
	handshake();
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_FIN | TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_PASS);
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1002, .flags = TCP_ACK, .payload = text_bytes("CUT") });
	assert_string_equal(j.rule->name, "cut");
	assert_int_equal(j.cut.sender.seq, 1002);
	assert_int_equal(j.cut.receiver.seq, 5001);
	/* Its FIN comes before octets that are still missing: they are waited for. */
	handshake();
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_FIN | TCP_ACK });
	feed((struct segment){ .reply = true, .seq = 5002, .ack = 1002, .flags = TCP_FIN | TCP_ACK, .payload = text_bytes("UT") });
	assert_int_equal(j.verdict, VERDICT_PASS);
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1002, .flags = TCP_ACK, .payload = text_bytes("C") });
	assert_string_equal(j.rule->name, "cut");
	/* Both have ended, and nothing matched: that is a decision. */
	handshake();
	feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_FIN | TCP_ACK });
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1002, .flags = TCP_FIN | TCP_ACK });
	assert_int_equal(j.verdict, VERDICT_DECIDED);
	finish();
}

/* What comes from beyond what is inspected, while octets before it are missing, decides nothing. */
static void beyond_capacity(void **state)
{
	(void)state;
	begin("policy forward { default accept\n on undecided accept\n cut: payload contains \"CUT\" reset\n"
	      " down: reply payload contains \"CUT\" reset\n }");
	handshake();
	data(20000, text_bytes("later"));
	assert_int_equal(j.verdict, VERDICT_PASS);
	data(0, text_bytes("CUT"));
	assert_string_equal(j.rule->name, "cut");
	handshake();
	data(0, text_bytes("hello"));
	feed((struct segment){ .seq = 1006, .ack = 5001, .flags = TCP_FIN | TCP_ACK });
	feed((struct segment){ .reply = true, .seq = 25001, .ack = 1007, .flags = TCP_ACK, .payload = text_bytes("later") });
	assert_int_equal(j.verdict, VERDICT_PASS);
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1007, .flags = TCP_ACK, .payload = text_bytes("CUT") });
	assert_string_equal(j.rule->name, "down");
	finish();
}

/* What an old connection of the same ends sends meanwhile is no part of what they say: a challenge ACK before the SYN|ACK,
 * whose sequence numbers are far from it, and a duplicate behind it. */
static void old_connection(void **state)
{
	static const struct segment old = { .reply = true, .seq = 900000, .ack = 777, .flags = TCP_ACK };
	struct segment with_data = old, other = old;

	(void)state;
	with_data.payload = text_bytes("old data");
	other.seq = 3000000000;
	begin("policy forward { default accept\n on undecided accept\n x: http host \"x.example\" reset\n }");
	for (int times = 0; times < 4; times++) {
		port++;
		for (int i = 0; i < times; i++) {
			feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
			feed(i == 0 ? old : i == 1 ? other : with_data);
			assert_int_equal(j.verdict, VERDICT_PASS);
			feed((struct segment){ .seq = 777, .flags = TCP_RST });
		}
		feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
		feed((struct segment){ .reply = true, .seq = 5000, .ack = 1001, .flags = TCP_SYN | TCP_ACK });
		feed((struct segment){ .seq = 1001, .ack = 5001, .flags = TCP_ACK });
		if (times == 3)
			feed(with_data);
		assert_int_equal(j.verdict, VERDICT_PASS);
		data(0, text_bytes("GET / HTTP/1.1\r\nHost: x.example\r\n\r\n"));
		assert_true(j.has_cut);
		assert_string_equal(j.rule->name, "x");
	}
	finish();
	begin("policy forward { default accept\n down: reply payload contains \"CUT\" reset\n }");
	feed((struct segment){ .seq = 1000, .flags = TCP_SYN });
	feed(with_data);
	feed((struct segment){ .reply = true, .seq = 5000, .ack = 1001, .flags = TCP_SYN | TCP_ACK });
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK, .payload = text_bytes("220 CUT") });
	assert_true(j.has_cut);
	assert_string_equal(j.rule->name, "down");
	finish();
}

/* A client that has said more than is inspected may still be answered what a rule for the reply forbids. */
static void long_request(void **state)
{
	static uint8_t octets[STREAM_CAPACITY];

	(void)state;
	begin("policy forward { default accept\n cut: payload contains \"CUT\" reset\n"
	      " down: reply payload contains \"CUT\" reset\n }");
	handshake();
	for (uint32_t i = 0; i < 40; i++) {
		data(i * 1000, (struct bytes){ octets, 1000 });
		assert_int_equal(j.verdict, VERDICT_PASS);
	}
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 41001, .flags = TCP_ACK, .payload = text_bytes("CUT") });
	assert_string_equal(j.rule->name, "down");
	finish();
}

/* An acknowledgment of what nobody sent does not move where resets go; one that is newer does. */
static void acknowledgments(void **state)
{
	(void)state;
	begin("policy forward { cut: payload contains \"CUT\" reset\n }");
	handshake();
	feed((struct segment){ .seq = 1001, .ack = 90000, .flags = TCP_ACK });
	feed((struct segment){ .reply = true, .seq = 5001, .ack = 1001, .flags = TCP_ACK, .payload = text_bytes("banner") });
	feed((struct segment){ .seq = 1001, .ack = 5007, .flags = TCP_ACK });
	data(0, text_bytes("CUT")); /* sent before the banner came */
	assert_true(j.has_cut);
	assert_int_equal(j.cut.sender.seq, 5007);
	assert_int_equal(j.cut.sender.ack, 1001);
	finish();
}

static bool may_hold(const char *rule, uint8_t proto, const char *src, const char *dst, uint16_t dport)
{
	struct ip_tuple t = { .proto = proto, .sport = 40000, .dport = dport };

	t.family = (uint8_t)addr_parse(src, &t.src);
	addr_parse(dst, &t.dst);
	for (size_t i = 0; i < policy->rules; i++) {
		if (strcmp(policy->rule[i].name, rule) == 0)
			return rule_may_hold(&policy->rule[i], &t);
	}
	fail();
	return false;
}

/* What addresses, ports, protocol and family rule out, and nothing else does. */
static void may_be_about(void **state)
{
	(void)state;
	begin("policy forward { a: saddr 10.0.0.0/8 tcp dport 443 iifname \"lan9\" tls sni \"x.example\" meta mark 3 reset\n"
	      "b: ip6 daddr != fd00::1 drop\n c: limit over 1/hour accept\n }");
	assert_true(may_hold("a", PROTO_TCP, "10.1.2.3", "192.0.2.1", 443));
	assert_false(may_hold("a", PROTO_TCP, "11.1.2.3", "192.0.2.1", 443));
	assert_false(may_hold("a", PROTO_TCP, "10.1.2.3", "192.0.2.1", 444));
	assert_false(may_hold("a", PROTO_UDP, "10.1.2.3", "192.0.2.1", 443));
	assert_true(may_hold("b", PROTO_UDP, "fd00::2", "fd00::3", 53));
	assert_false(may_hold("b", PROTO_UDP, "fd00::2", "fd00::1", 53));
	assert_false(may_hold("b", PROTO_UDP, "10.1.2.3", "192.0.2.1", 53));
	assert_true(may_hold("c", PROTO_ICMP, "10.1.2.3", "192.0.2.1", 0));
	finish();
}

/* A rule that is left out for a source: neither matches nor waits nor takes a token, by the index and by the list. */
static void exceptions(void **state)
{
	struct exceptions *x = exceptions_new();
	char source[] = "10.8.0.0/31", one[] = "fd00::1", bad[] = "10.8.0.0/99";
	struct ip_tuple t = { .proto = PROTO_TCP, .family = 4, .dport = 443 };
	struct l7 l7;
	struct facts f = { .tuple = &t, .iif = "", .oif = "", .l7 = &l7, .more = { true, true } };
	struct decision by_index, by_list;

	(void)state;
	begin("policy forward { name: tls sni \"x.example\" reset\n port: tcp dport 443 reset\n default accept\n }");
	l7_init(&l7, L7_PENDING);
	assert_null(exceptions_add(x, 0, source));
	assert_null(exceptions_add(x, 1, one));
	assert_non_null(exceptions_add(x, 1, bad));
	assert_int_equal(exceptions_seal(x), 0);
	policy->exceptions = x;
	for (unsigned last = 0; last < 4; last++) {
		t.src = addr_from_v4((uint8_t[]){ 10, 8, 0, (uint8_t)last });
		decide(policy, &f, 0, &by_index);
		decide_by_list(policy, &f, 0, &by_list);
		assert_int_equal(by_index.decided, last < 2);
		assert_int_equal(by_list.decided, last < 2);
		if (last < 2)
			assert_int_equal(by_index.rule, 1);
	}
	addr_parse("fd00::1", &t.src);
	t.family = 6;
	l7_init(&l7, L7_ABSENT);
	decide(policy, &f, 0, &by_index);
	assert_int_equal(by_index.rule, RULE_DEFAULT);
	addr_parse("fd00::2", &t.src);
	decide(policy, &f, 0, &by_index);
	assert_int_equal(by_index.rule, 1);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(may_be_about), cmocka_unit_test(exceptions),
		cmocka_unit_test(reply_payload), cmocka_unit_test(rates),
		cmocka_unit_test(shadows),	 cmocka_unit_test(schedules),
		cmocka_unit_test(reply_limit),	 cmocka_unit_test(reset_rules),
		cmocka_unit_test(text_fits_window), cmocka_unit_test(half_closed),
		cmocka_unit_test(acknowledgments),  cmocka_unit_test(diag_settings), cmocka_unit_test(judged_again), cmocka_unit_test(beyond_capacity), cmocka_unit_test(old_connection), cmocka_unit_test(long_request),
	};

	return cmocka_run_group_tests_name("judge_rules", tests, NULL, NULL);
}
