/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tcp/checksum.h"
#include "tcp/reset.h"

static struct ip_tuple to_client(void)
{
	struct ip_tuple t = { .sport = 443, .dport = 40000, .proto = PROTO_TCP, .family = 4 };

	t.src = addr_from_v4((const uint8_t[]){ 198, 51, 100, 20 });
	t.dst = addr_from_v4((const uint8_t[]){ 192, 0, 2, 10 });
	return t;
}

static void expect_bytes(const struct ip_tuple *wire, uint32_t seq, uint32_t ack,
			 struct bytes payload, const char *hex)
{
	uint8_t out[RESET_BUFFER];
	struct bytes want = unhex(hex);
	size_t len = reset_build(wire, (struct reset_numbers){ .seq = seq, .ack = ack }, 64, payload, out, sizeof(out));

	assert_int_equal(len, want.len);
	assert_memory_equal(out, want.at, len);
}

/* The packets of the reset formats, octet for octet. */
static void golden_packets(void **state)
{
	struct ip_tuple client = to_client(), server = tuple_reverse(&client), v6 = client;
	uint8_t diag[RESET_DIAG_LEN];
	struct bytes record = { diag, sizeof(diag) }, none = { diag, 0 };
	struct bytes text = text_bytes("POLICY: blocked by rule 42");

	(void)state;
	reset_diag(9, 0, diag);
	expect_bytes(&client, 0x20000000, 0x10000064, record, P1);
	expect_bytes(&server, 0x10000000, 0x20000000, text, P2);
	reset_diag(11, 0, diag);
	expect_bytes(&client, 0, 0x10000001, record, P3);
	v6.family = 6;
	addr_parse("2001:db8::20", &v6.src);
	addr_parse("2001:db8::10", &v6.dst);
	expect_bytes(&v6, 0x20000000, 0x10000064, text, P5);
	expect_bytes(&client, 0x20000000, 0x10000064, none, P6);
	reset_diag(1234, 32473, diag);
	assert_memory_equal(diag, unhex("33aa04d200007ed9").at, 8);
}

static void does_not_fit(void **state)
{
	struct ip_tuple client = to_client();
	uint8_t out[RESET_BUFFER], text[RESET_TEXT_MAX + 1] = { 0 };
	struct reset_numbers n = { .seq = 1, .ack = 2 };

	(void)state;
	assert_int_equal(reset_build(&client, n, 64, (struct bytes){ text, 255 }, out, sizeof(out)), 295);
	assert_int_equal(reset_build(&client, n, 64, (struct bytes){ text, 256 }, out, sizeof(out)), 0);
	assert_int_equal(reset_build(&client, n, 64, (struct bytes){ text, 10 }, out, 49), 0);
}

static struct packet segment(uint32_t seq, uint32_t ack, uint8_t flags, uint32_t len)
{
	struct ip_tuple t = to_client();

	return (struct packet){ .tuple = tuple_reverse(&t), .has_ports = true, .seq = seq, .ack = ack,
				.flags = flags, .payload_len = len };
}

/* RFC 9293 3.5.2, for the states that a middlebox sees. */
static void numbers(void **state)
{
	struct packet syn = segment(100, 0, TCP_SYN, 0), data = segment(101, 900, TCP_ACK | TCP_PSH, 50);
	struct packet fin = segment(101, 900, TCP_ACK | TCP_FIN, 0);
	struct packet syn_ack = segment(900, 101, TCP_SYN | TCP_ACK, 0);
	struct flow_side receiver = { .acked = true, .ack = 131 }, sender = { .acked = true, .ack = 950 };
	struct reset_numbers n;

	(void)state;
	n = reset_toward_sender(&syn, NULL, NULL);
	assert_int_equal(n.seq, 0);
	assert_int_equal(n.ack, 101);
	n = reset_toward_sender(&data, NULL, NULL);
	assert_int_equal(n.seq, 900);
	assert_int_equal(n.ack, 151);
	n = reset_toward_sender(&fin, NULL, NULL);
	assert_int_equal(n.ack, 102);
	n = reset_toward_sender(&syn_ack, NULL, NULL);
	assert_int_equal(n.seq, 101);
	assert_int_equal(n.ack, 901);
	n = reset_toward_receiver(&syn_ack, NULL);
	assert_int_equal(n.seq, 900);
	assert_int_equal(n.ack, 101);
	n = reset_toward_receiver(&data, NULL);
	assert_int_equal(n.seq, 101);
	assert_int_equal(n.ack, 900);
	/* A repeated segment whose octets the receiver has acknowledged. */
	n = reset_toward_receiver(&data, &receiver);
	assert_int_equal(n.seq, 131);
	/* What the receiver acknowledged is acknowledged, and no more: it will not get the segment. A sender
	 * that acknowledged more since is told there. */
	n = reset_toward_sender(&data, &sender, &receiver);
	assert_int_equal(n.seq, 950);
	assert_int_equal(n.ack, 131);
	sender.ack = 890;
	n = reset_toward_sender(&data, &sender, &receiver);
	assert_int_equal(n.seq, 900);
	/* An ACK number of 0 with the flag on is a number like any other. */
	data.ack = 0;
	n = reset_toward_sender(&data, NULL, NULL);
	assert_int_equal(n.seq, 0);
	assert_int_equal(n.ack, 151);
}

static void refusals(void **state)
{
	struct packet p;
	struct bytes b = unhex(P2);

	(void)state;
	assert_int_equal(packet_parse(b, &p), PACKET_OK);
	assert_int_equal(reset_refuse(&p, true), RESET_FOR_RESET);
	p.flags = TCP_ACK;
	assert_int_equal(reset_refuse(&p, true), RESET_ALLOWED);
	p.payload_len--;
	((uint8_t *)b.at)[60] ^= 1;
	assert_int_equal(reset_refuse(&p, true), RESET_BAD_CHECKSUM);
	assert_int_equal(reset_refuse(&p, false), RESET_ALLOWED);
	p.fragment = true;
	assert_int_equal(reset_refuse(&p, false), RESET_FOR_FRAGMENT);
	p.fragment = false;
	p.tuple.proto = PROTO_UDP;
	assert_int_equal(reset_refuse(&p, false), RESET_NOT_TCP);
	p.tuple.proto = PROTO_TCP;
	p.options = unhex("0101131200000000000000000000000000000000");
	assert_int_equal(reset_refuse(&p, false), RESET_PROTECTED);
	p.options = unhex("1d100000000000000000000000000000");
	assert_int_equal(reset_refuse(&p, false), RESET_PROTECTED);
	p.options.len = 0;
	p.tuple.dst = addr_from_v4((const uint8_t[]){ 255, 255, 255, 255 });
	assert_int_equal(reset_refuse(&p, false), RESET_NOT_UNICAST);
	addr_parse("ff02::1", &p.tuple.dst);
	assert_int_equal(reset_refuse(&p, false), RESET_NOT_UNICAST);
	assert_string_equal(reset_refusal_name(RESET_BAD_CHECKSUM), "bad checksum");
}

static void icmp(void **state)
{
	uint8_t out[ICMP_BUFFER], buffer[ICMP_BUFFER];
	struct packet udp, back;
	struct ip_addr router = addr_from_v4((const uint8_t[]){ 10, 8, 0, 1 });
	size_t l4 = 0, len;

	(void)state;
	assert_int_equal(packet_parse(unhex("4500001e000040004011000a0a080002c6336402"
					    "14e9003500" "0a0000abcd"), &udp), PACKET_OK);
	len = icmp_build_unreachable(&udp, UNREACHABLE_ADMIN, &router, out, sizeof(out), &l4);
	assert_int_equal(len, 20 + 8 + 30);
	assert_int_equal(l4, 20);
	assert_int_equal(packet_parse((struct bytes){ out, len }, &back), PACKET_OK);
	assert_int_equal(back.tuple.proto, PROTO_ICMP);
	assert_true(addr_equal(&back.tuple.dst, &udp.tuple.src));
	assert_int_equal(out[20], 3);
	assert_int_equal(out[21], 13);
	assert_int_equal(checksum_fold(checksum_add(0, (struct bytes){ out + 20, len - 20 })), 0);
	assert_memory_equal(out + 28, udp.ip.at, 30);
	/* Quoted as its sender sent it. */
	packet_as_sent(&udp, &router, 53, buffer, &back);
	len = icmp_build_unreachable(&back, UNREACHABLE_ADMIN, &router, out, sizeof(out), &l4);
	assert_int_equal(len, 20 + 8 + 30);
	assert_int_equal(packet_parse((struct bytes){ out + 28, 30 }, &back), PACKET_OK);
	assert_true(addr_equal(&back.tuple.dst, &router));
	assert_int_equal(back.tuple.dport, 53);
	assert_int_equal(checksum_fold(checksum_add(0, (struct bytes){ out + 28, 20 })), 0);
	assert_int_equal(out[28 + 26] << 8 | out[28 + 27], 0); /* it had no UDP checksum */
	len = icmp_build_unreachable(&udp, UNREACHABLE_ADMIN, &router, out, sizeof(out), &l4);
	assert_int_equal(packet_parse((struct bytes){ out, len }, &back), PACKET_OK);
	/* Never in answer to an ICMP error, a later fragment, or multicast. */
	assert_int_equal(icmp_build_unreachable(&back, UNREACHABLE_ADMIN, &router, out, sizeof(out), &l4), 0);
	udp.later_fragment = true;
	assert_int_equal(icmp_build_unreachable(&udp, UNREACHABLE_ADMIN, &router, out, sizeof(out), &l4), 0);
	udp.later_fragment = false;
	udp.tuple.dst = addr_from_v4((const uint8_t[]){ 224, 0, 0, 251 });
	assert_int_equal(icmp_build_unreachable(&udp, UNREACHABLE_ADMIN, &router, out, sizeof(out), &l4), 0);
}

/* What DNAT did to a checksum is undone: the quotation verifies again. RFC 1624 */
static void icmp_as_sent(void **state)
{
	static const char *const segments[] = {
		/* UDP to 198.51.100.2:53, its checksum as NAT has left it; TCP SYN; UDP over IPv6 */
		"4500001e000040004011000a0a080002c633640214e90035000a0000abcd",
		"45000028000040004006000b0a080002c633640214e900500000000100000000500210000000" "0000",
		"60000000000a1140fd000008000000000000000000000002fd000051000000000000000000000002" "14e90035000a0000abcd",
	};
	uint8_t copy[64], buffer[ICMP_BUFFER];
	struct packet came, sent;
	struct ip_addr dst;

	(void)state;
	for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		struct bytes b = unhex(segments[i]);
		size_t at;

		memcpy(copy, b.at, b.len);
		assert_int_equal(packet_parse((struct bytes){ copy, b.len }, &came), PACKET_OK);
		at = came.l4_offset + (packet_is_tcp(&came) ? 16 : 6);
		bytes_put16(copy + at, checksum_fold(checksum_add(
					       checksum_pseudo(&came.tuple, came.tuple.proto, (uint32_t)(b.len - came.l4_offset)),
					       bytes_cut(came.ip, came.l4_offset, b.len - came.l4_offset))));
		assert_true(packet_checksum_ok(&came));
		addr_parse(came.tuple.family == 4 ? "10.8.0.1" : "fd00:8::1", &dst);
		packet_as_sent(&came, &dst, 8053, buffer, &sent);
		assert_true(packet_checksum_ok(&sent));
		assert_int_equal(packet_parse(sent.ip, &came), PACKET_OK);
		assert_int_equal(came.tuple.dport, 8053);
		assert_true(addr_equal(&came.tuple.dst, &dst));
	}
}

static void icmpv6(void **state)
{
	uint8_t out[ICMP_BUFFER], big[1400] = { 0 };
	struct packet udp;
	struct bytes head = unhex("6000000005501140" "20010db8000000000000000000000001"
				  "20010db8000000000000000000000002" "14e9003505500000");
	struct ip_tuple wire;
	size_t l4, len;

	(void)state;
	memcpy(big, head.at, head.len);
	assert_int_equal(packet_parse((struct bytes){ big, sizeof(big) }, &udp), PACKET_OK);
	len = icmp_build_unreachable(&udp, UNREACHABLE_ADMIN, &udp.tuple.dst, out, sizeof(out), &l4);
	assert_int_equal(len, 1280); /* RFC 4443 2.4 (c) */
	assert_int_equal(out[40], 1);
	assert_int_equal(out[41], 1);
	wire = (struct ip_tuple){ udp.tuple.dst, udp.tuple.src, 0, 0, PROTO_ICMPV6, 6 };
	assert_int_equal(checksum_fold(checksum_add(checksum_pseudo(&wire, PROTO_ICMPV6, 1240),
						    (struct bytes){ out + 40, 1240 })), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_packets), cmocka_unit_test(does_not_fit),
		cmocka_unit_test(numbers),	  cmocka_unit_test(refusals),
		cmocka_unit_test(icmp),		  cmocka_unit_test(icmp_as_sent),
		cmocka_unit_test(icmpv6),
	};

	return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
