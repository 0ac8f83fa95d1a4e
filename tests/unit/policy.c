/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "policy/decide.h"

static struct diags diags;

static struct policy *parse(const char *text)
{
	struct source s = { .name = "test.conf", .text = text_bytes(text) };
	struct policy *p;

	diags_clear(&diags);
	p = policy_parse(&s, NULL, &diags);
	return p;
}

static struct policy *must_parse(const char *text)
{
	struct policy *p = parse(text);

	if (p == NULL)
		diags_print(&diags, stderr);
	assert_non_null(p);
	return p;
}

static struct ip_tuple tuple(const char *src, const char *dst, uint8_t proto, uint16_t dport)
{
	struct ip_tuple t = { .sport = 40000, .dport = dport, .proto = proto };

	t.family = (uint8_t)addr_parse(src, &t.src);
	assert_int_equal(addr_parse(dst, &t.dst), t.family);
	return t;
}

/* Which rule decides; "?" while it is undecided. */
static const char *decided(const struct policy *p, const struct ip_tuple *t, struct l7 *l7)
{
	struct facts f = { .tuple = t, .iif = "lan0", .oif = "eth0", .l7 = l7 };
	struct decision d;

	decide(p, &f, 0, &d);
	return d.decided ? policy_rule(p, d.rule)->name : "?";
}

static void first_match_decides(void **state)
{
	struct policy *p = must_parse(
		"define LAN = { 10.8.0.0/16, fd00:8::/48 }\n"
		"set mail { type port; elements { 25, 465, 587 } }\n"
		"policy forward {\n"
		"  default drop\n"
		"  relay: saddr 10.8.0.25 tcp dport @mail accept\n"
		"  mail: tcp dport @mail reset\n"
		"  quic: saddr $LAN udp dport 443 reject\n"
		"  not-lan: saddr != $LAN accept\n"
		"  six: ip6 daddr 2001:db8::/32 accept\n"
		"  wan: oifname \"eth*\" iifname lan0 tcp dport != { 80, 443 } accept\n"
		"}\n");
	struct l7 l7;
	struct ip_tuple t;

	(void)state;
	l7_init(&l7, L7_ABSENT);
	t = tuple("10.8.0.25", "198.51.100.2", PROTO_TCP, 25);
	assert_string_equal(decided(p, &t, &l7), "relay");
	t = tuple("10.8.0.26", "198.51.100.2", PROTO_TCP, 465);
	assert_string_equal(decided(p, &t, &l7), "mail");
	t = tuple("fd00:8::1", "2001:db8::1", PROTO_UDP, 443);
	assert_string_equal(decided(p, &t, &l7), "quic");
	t = tuple("fd00:8::1", "2001:db8::1", PROTO_TCP, 443);
	assert_string_equal(decided(p, &t, &l7), "six");
	t = tuple("192.0.2.1", "198.51.100.2", PROTO_UDP, 443);
	assert_string_equal(decided(p, &t, &l7), "not-lan");
	t = tuple("10.8.0.1", "198.51.100.2", PROTO_TCP, 22);
	assert_string_equal(decided(p, &t, &l7), "wan");
	t = tuple("10.8.0.1", "198.51.100.2", PROTO_UDP, 22); /* "tcp dport !=" is still TCP */
	assert_string_equal(decided(p, &t, &l7), "default");
	t = tuple("10.8.0.1", "198.51.100.2", PROTO_TCP, 443);
	assert_string_equal(decided(p, &t, &l7), "default");
	policy_free(p);
}

static void undecided_until_known(void **state)
{
	struct policy *p = must_parse("policy forward {\n"
				      "  social: tls sni \".social.example\" reset\n"
				      "  port: tcp dport 8443 reset\n"
				      "  other: tls sni != \"ok.example\" saddr 10.8.0.9 reset\n"
				      "}\n");
	struct ip_tuple t = tuple("10.8.0.1", "198.51.100.2", PROTO_TCP, 8443);
	struct l7 l7;

	(void)state;
	l7_init(&l7, L7_PENDING);
	assert_string_equal(decided(p, &t, &l7), "?");
	l7_set(&l7.sni, (const uint8_t *)"www.social.example", 18, true);
	assert_string_equal(decided(p, &t, &l7), "social");
	l7_set(&l7.sni, (const uint8_t *)"b.example", 9, true);
	assert_string_equal(decided(p, &t, &l7), "port");
	t = tuple("10.8.0.9", "198.51.100.2", PROTO_TCP, 443);
	assert_string_equal(decided(p, &t, &l7), "other");
	l7_init(&l7, L7_ABSENT); /* no server name at all: "!=" does not match either */
	assert_string_equal(decided(p, &t, &l7), "default");
	t = tuple("10.8.0.9", "198.51.100.2", PROTO_UDP, 443);
	l7_init(&l7, L7_PENDING);
	assert_string_equal(decided(p, &t, &l7), "default");
	policy_free(p);
}

static void log_goes_on(void **state)
{
	struct policy *p = must_parse(
		"policy forward {\n  a: saddr 10.0.0.0/8 log\n  b: tcp dport 80 log\n"
		"  c: tcp dport 80 reset\n}\n");
	struct ip_tuple t = tuple("10.8.0.1", "198.51.100.2", PROTO_TCP, 80);
	struct l7 l7;
	struct facts f = { .tuple = &t, .iif = "", .oif = "", .l7 = &l7 };
	struct decision d;

	(void)state;
	l7_init(&l7, L7_ABSENT);
	decide(p, &f, 0, &d);
	assert_int_equal(d.logs, 2);
	assert_int_equal(d.log[1], 1);
	assert_int_equal(d.rule, 2);
	decide(p, &f, d.passed, &d);
	assert_int_equal(d.logs, 0);
	policy_free(p);
}

static void settings(void **state)
{
	struct policy *p = must_parse(
		"daemon { queues 2-5; backend iptables; on daemon-loss closed\n"
		"on overload closed }\n"
		"log { file \"/tmp/x\"; resets text }\n"
		"policy forward { default reset source; on undecided drop }\n");

	(void)state;
	assert_int_equal(p->daemon.queue_first, 2);
	assert_int_equal(p->daemon.queue_last, 5);
	assert_int_equal(p->daemon.backend, BACKEND_IPTABLES);
	assert_false(p->daemon.loss_open);
	assert_false(p->daemon.overload_open);
	assert_string_equal(p->log.file.path, "/tmp/x");
	assert_int_equal(p->log.resets, RESETS_TEXT);
	assert_int_equal(p->on_default.action, ACTION_RESET);
	assert_int_equal(p->on_default.ends, ENDS_SOURCE);
	assert_int_equal(p->on_undecided.action, ACTION_DROP);
	policy_free(p);
}

/* A reject "with tcp reset" is nftables' spelling of "reset source". */
static void spellings(void **state)
{
	struct policy *p = must_parse(
		"policy forward {\n"
		"  a: tcp dport 1 reject with tcp reset\n"
		"  b: tcp dport 2 reset destination payload none comment \"x\"\n"
		"  c: tcp dport { 3, \\\n   4 } \\\n  drop log\n"
		"}\n");

	(void)state;
	assert_int_equal(p->rule[0].action, ACTION_RESET);
	assert_int_equal(p->rule[0].ends, ENDS_SOURCE);
	assert_int_equal(p->rule[1].ends, ENDS_DESTINATION);
	assert_int_equal(p->rule[1].payload, PAYLOAD_NONE);
	assert_string_equal(p->rule[1].comment, "x");
	assert_true(p->rule[2].log);
	policy_free(p);
}

/* All findings in one go, and no policy out of a text with an error. */
static void many_errors(void **state)
{
	assert_null(
		parse("set a { type adr }\nnonsense 5\npolicy forward {\n  x: tcp dprt 5 reset\n"
		      "  y: saddr @nowhere reset reason none\n  z:\n}\n"));
	(void)state;
	assert_true(diags.errors >= 6);
	diags_clear(&diags);
}

static void match_table(void **state)
{
	(void)state;
	for (size_t i = 0; match_kind_at(i) != NULL; i++) {
		if (match_kind_at(i)->operand == OPERAND_SET)
			assert_true(match_kind_at(i)->type < SET_TYPES);
		assert_true(strlen(match_kind_at(i)->help) > 10);
	}
	assert_string_equal(payload_mode_name(PAYLOAD_BOTH), "both");
	assert_string_equal(backend_name(BACKEND_NFT), "nft");
	assert_string_equal(action_name(ACTION_REJECT), "reject");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_match_decides), cmocka_unit_test(undecided_until_known),
		cmocka_unit_test(log_goes_on),	       cmocka_unit_test(settings),
		cmocka_unit_test(spellings),	       cmocka_unit_test(many_errors),
		cmocka_unit_test(match_table),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
