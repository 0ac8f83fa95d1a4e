/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures as text, so that golden files can be read and reviewed.
 *   pcaphex encode DLT <TEXT >PCAP     pcaphex decode PCAP >TEXT
 * A line is "SECONDS.MICROSECONDS HEX", with "/LENGTH" behind it when the packet was longer than
 * what was captured; '#' starts a comment.
 */
#include <ctype.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PACKET_MAX = 65536 };

static int encode(int linktype)
{
	static char line[2 * PACKET_MAX + 64];
	static uint8_t packet[PACKET_MAX];
	pcap_t *dead = pcap_open_dead(linktype, PACKET_MAX);
	pcap_dumper_t *out = dead ? pcap_dump_open(dead, "-") : NULL;

	if (out == NULL) {
		fprintf(stderr, "pcaphex: cannot write link type %d\n", linktype);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct pcap_pkthdr header = { 0 };
		char *at = line, *end;
		unsigned v;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		header.ts.tv_sec = strtol(at, &end, 10);
		if (*end == '.')
			header.ts.tv_usec = strtol(end + 1, &end, 10);
		for (at = end; isspace((unsigned char)*at); at++)
			;
		while (header.caplen < PACKET_MAX && sscanf(at, "%2x", &v) == 1) {
			packet[header.caplen++] = (uint8_t)v;
			at += 2;
		}
		header.len = *at == '/' ? (bpf_u_int32)strtoul(at + 1, NULL, 10) : header.caplen;
		pcap_dump((u_char *)out, &header, packet);
	}
	pcap_dump_close(out);
	pcap_close(dead);
	return 0;
}

static int decode(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *in = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const u_char *data;

	if (in == NULL) {
		fprintf(stderr, "pcaphex: %s\n", error);
		return 1;
	}
	while (pcap_next_ex(in, &header, &data) == 1) {
		printf("%" PRId64 ".%06" PRId64 " ", (int64_t)header->ts.tv_sec,
		       (int64_t)header->ts.tv_usec);
		for (bpf_u_int32 i = 0; i < header->caplen; i++)
			printf("%02x", data[i]);
		if (header->len != header->caplen)
			printf("/%u", header->len);
		putchar('\n');
	}
	pcap_close(in);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "encode") == 0)
		return encode(atoi(argv[2]));
	if (argc == 3 && strcmp(argv[1], "decode") == 0)
		return decode(argv[2]);
	fprintf(stderr, "usage: pcaphex encode DLT | decode PCAP\n");
	return 2;
}
