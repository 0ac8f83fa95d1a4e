/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets, back to back with 2 octets of length before each, through the whole engine. */
#include "policy/judge.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy *make_policy(void)
{
	static const char text[] = "reason r { code not-authorized; text \"R=$rule $host $event\" }\n"
				   "policy forward { default reject\n on undecided reset\n"
				   "a: tls sni \".social.example\" reset reason r payload both\n"
				   "b: http host \"news.example\" reset reason r\n"
				   "c: saddr 10.0.0.0/8 log\n d: udp dport 53 accept\n }";
	struct source source = { .name = "fuzz", .text = { (const uint8_t *)text, sizeof(text) - 1 } };
	static struct diags diags;

	return policy_parse(&source, NULL, &diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	struct flow_limits limits = judge_default_limits;
	struct judge *judge;
	struct bytes all = { data, size };
	uint16_t len;
	int64_t now = 0;

	if (policy == NULL)
		policy = make_policy();
	limits.flows = 16;
	limits.streams = 2;
	judge = judge_new(&limits, NULL);
	for (size_t at = 0; bytes_get16(all, at, &len); at += 2 + (size_t)len) {
		struct judge_input in = { .ip = bytes_cut(all, at + 2, len), .now_us = now += 1000,
					  .iif = "a", .oif = "b", .checksum_ready = (len & 1) != 0 };
		uint8_t out[ICMP_BUFFER];
		struct judgement j;
		size_t l4;

		judge_packet(judge, policy, &in, &j);
		if (j.error != PACKET_OK || !j.has_cut)
			continue;
		for (unsigned i = 0; i < j.cut.payloads; i++)
			reset_build(&j.packet.tuple, j.cut.receiver, 64, j.cut.payload[i], out, sizeof(out));
		if (j.cut.reject)
			icmp_build_unreachable(&j.packet, UNREACHABLE_ADMIN, &j.packet.tuple.dst, out, sizeof(out), &l4);
	}
	judge_free(judge);
	return 0;
}
