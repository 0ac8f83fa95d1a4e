/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/unit.h"

#include "tcp/packet.h"

/* 10.8.0.2:40000 > 198.51.100.2:80, SYN with an MSS option. */
#define SYN4 "4500002c000040004006000a0a080002c63364029c40005000000001000000006002fffff00d0000020405b4"

static struct packet parse(const char *hex)
{
	struct packet p = { 0 };

	assert_int_equal(packet_parse(unhex(hex), &p), PACKET_OK);
	return p;
}

static enum packet_error error_of(const char *hex)
{
	struct packet p;

	return packet_parse(unhex(hex), &p);
}

static void ipv4_tcp(void **state)
{
	struct packet p = parse(P2);
	char src[ADDR_STRLEN], dst[ADDR_STRLEN];

	(void)state;
	assert_string_equal(addr_format(&p.tuple.src, src), "192.0.2.10");
	assert_string_equal(addr_format(&p.tuple.dst, dst), "198.51.100.20");
	assert_int_equal(p.tuple.sport, 40000);
	assert_int_equal(p.tuple.dport, 443);
	assert_int_equal(p.seq, 0x10000000);
	assert_int_equal(p.ack, 0x20000000);
	assert_int_equal(p.flags, TCP_RST | TCP_ACK);
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.payload_len, 26);
	assert_memory_equal(p.payload.at, "POLICY: blocked by rule 42", 26);
	assert_true(packet_checksum_ok(&p));
	assert_false(p.fragment);
	assert_false(p.truncated);
}

static void ipv4_options(void **state)
{
	/* IHL 6: one word of IP options; TCP with MSS. */
	struct packet p = parse("46000030000040004006000a0a080002c633640201010100"
				"9c40005000000001000000006002fffff00d0000020405b4");

	(void)state;
	assert_int_equal(p.tuple.dport, 80);
	assert_int_equal(p.options.len, 4);
	assert_int_equal(p.payload_len, 0);
	assert_true(packet_has_option(&p, 2));
	assert_false(packet_has_option(&p, 19));
}

static void ipv6_tcp(void **state)
{
	struct packet p = parse(P5);
	char src[ADDR_STRLEN];

	(void)state;
	assert_string_equal(addr_format(&p.tuple.src, src), "2001:db8::20");
	assert_int_equal(p.tuple.family, 6);
	assert_int_equal(p.payload_len, 26);
	assert_true(packet_checksum_ok(&p));
}

/* Hop-by-hop, then destination options, then UDP 5353 > 53 with 2 octets. */
static void ipv6_extensions(void **state)
{
	struct packet p = parse("60000000001a0040" "20010db8000000000000000000000001"
				"20010db8000000000000000000000002" "3c00010400000000"
				"1100010400000000" "14e90035000a0000abcd");

	(void)state;
	assert_int_equal(p.tuple.proto, PROTO_UDP);
	assert_int_equal(p.tuple.sport, 5353);
	assert_int_equal(p.tuple.dport, 53);
	assert_int_equal(p.payload_len, 2);
	assert_false(p.fragment);
}

static void fragments(void **state)
{
	struct packet p = parse("4500002c000020004006000a0a080002c6336402"
				"9c40005000000001000000006002fffff00d0000020405b4");

	(void)state;
	assert_true(p.fragment);
	assert_false(p.later_fragment);
	assert_int_equal(p.tuple.dport, 80);
	p = parse("4500001c000020104006000a0a080002c63364020102030405060708");
	assert_true(p.later_fragment);
	assert_false(p.has_ports);
	/* IPv6, fragment header with offset 8. */
	p = parse("6000000000102c40" "20010db8000000000000000000000001"
		  "20010db8000000000000000000000002" "0600000800000001" "0102030405060708");
	assert_true(p.later_fragment);
	assert_int_equal(p.tuple.proto, PROTO_TCP);
	/* An atomic fragment (RFC 6946) is whole. */
	p = parse("6000000000122c40" "20010db8000000000000000000000001"
		  "20010db8000000000000000000000002" "1100000000000001" "14e90035000a0000abcd");
	assert_false(p.fragment);
	assert_int_equal(p.tuple.dport, 53);
}

/* A snap length: the header says 26 octets of payload, 5 are there. */
static void truncated(void **state)
{
	struct bytes whole = unhex(P2);
	struct packet p;

	(void)state;
	assert_int_equal(packet_parse(bytes_cut(whole, 0, 45), &p), PACKET_OK);
	assert_true(p.truncated);
	assert_int_equal(p.payload_len, 26);
	assert_int_equal(p.payload.len, 5);
}

/* Every prefix of every packet parses or is refused; what is refused leaves the output alone. */
static void prefixes(void **state)
{
	static const char *const all[] = { P1, P2, P3, P5, P6, SYN4 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct bytes whole = unhex(all[i]);

		for (size_t n = 0; n < whole.len; n++) {
			uint8_t *copy = malloc(n ? n : 1); /* so that ASan sees every octet too many */
			struct packet p = { .ttl = 77 };

			memcpy(copy, whole.at, n);
			if (packet_parse((struct bytes){ copy, n }, &p) != PACKET_OK)
				assert_int_equal(p.ttl, 77);
			free(copy);
		}
	}
}

static void refused(void **state)
{
	(void)state;
	assert_int_equal(error_of(""), PACKET_SHORT);
	assert_int_equal(error_of("50"), PACKET_NOT_IP);
	assert_int_equal(error_of("4400002c000040004006000a0a080002c6336402"), PACKET_BAD_LENGTH);
	assert_int_equal(error_of("45000010000040004006000a0a080002c6336402"), PACKET_BAD_LENGTH);
	/* TCP data offset 4 (too small), and 15 (beyond the datagram). */
	assert_int_equal(error_of("45000028000040004006000a0a080002c6336402"
				  "9c40005000000001000000004002fffff00d0000"),
			 PACKET_BAD_LENGTH);
	assert_int_equal(error_of("45000028000040004006000a0a080002c6336402"
				  "9c4000500000000100000000f002fffff00d0000"),
			 PACKET_BAD_LENGTH);
	/* An extension header that reaches past the datagram. */
	assert_int_equal(error_of("6000000000080040" "20010db8000000000000000000000001"
				  "20010db8000000000000000000000002" "06ff010400000000"),
			 PACKET_SHORT);
	/* Nine hop-by-hop headers. */
	assert_int_equal(error_of("6000000000480040" "20010db8000000000000000000000001"
				  "20010db8000000000000000000000002"
				  "000001040000000000000104000000000000010400000000"
				  "000001040000000000000104000000000000010400000000"
				  "000001040000000000000104000000000000010400000000"),
			 PACKET_BAD_EXTENSION);
	assert_string_equal(packet_error_name(PACKET_BAD_EXTENSION), "bad extension header");
}

static void checksums(void **state)
{
	struct bytes b = unhex(P1);
	struct packet p;

	(void)state;
	assert_int_equal(packet_parse(b, &p), PACKET_OK);
	assert_true(packet_checksum_ok(&p));
	((uint8_t *)b.at)[47] ^= 1;
	assert_false(packet_checksum_ok(&p));
	/* UDP over IPv4 may leave the checksum out. */
	p = parse("4500001e000040004011000a0a080002c633640214e90035000a0000abcd");
	assert_true(packet_checksum_ok(&p));
}

static void icmp_errors(void **state)
{
	struct packet p = parse("4500001c000040004001000a0a080002c63364020301000000000000");

	(void)state;
	assert_true(packet_is_icmp_error(&p));
	p = parse("4500001c000040004001000a0a080002c63364020800000000000000");
	assert_false(packet_is_icmp_error(&p));
	p = parse(P1);
	assert_false(packet_is_icmp_error(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_tcp),   cmocka_unit_test(ipv4_options),
		cmocka_unit_test(ipv6_tcp),   cmocka_unit_test(ipv6_extensions),
		cmocka_unit_test(fragments),  cmocka_unit_test(truncated),
		cmocka_unit_test(prefixes),   cmocka_unit_test(refused),
		cmocka_unit_test(checksums),  cmocka_unit_test(icmp_errors),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
