/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load for measurements, inside a lab of namespaces:
 *   bench_flood SRC DST PORT syn|spoof|ack SECONDS PACKETS_PER_SECOND
 * syn: SYNs, each of a connection of its own; spoof: those, each from another address of SRC's /16; ack: empty
 * segments of 1000 connections. 0 packets per second: as fast as it goes. Prints how many it sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };

struct __attribute__((packed)) segment {
	uint8_t vihl, tos;
	uint16_t total, id, frag;
	uint8_t ttl, proto;
	uint16_t ip_sum;
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t offset, flags;
	uint16_t window, sum, urgent;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t sum16(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct sockaddr_in to = { .sin_family = AF_INET };
	static struct segment s[BATCH];
	struct mmsghdr msg[BATCH] = { 0 };
	struct iovec iov[BATCH];
	unsigned long sent = 0;
	double start, rate, until;
	bool syn, spoof;

	if (argc != 7 || fd < 0) {
		fprintf(stderr, "usage: bench_flood SRC DST PORT syn|spoof|ack SECONDS PER_SECOND (root)\n");
		return 2;
	}
	spoof = strcmp(argv[4], "spoof") == 0;
	syn = spoof || strcmp(argv[4], "syn") == 0;
	inet_pton(AF_INET, argv[2], &to.sin_addr);
	rate = atof(argv[6]);
	for (unsigned i = 0; i < BATCH; i++) {
		s[i] = (struct segment){ .vihl = 0x45, .total = htons(40), .frag = htons(0x4000), .ttl = 64,
					 .proto = 6, .offset = 5 << 4, .flags = syn ? 2 : 16,
					 .window = htons(64240), .dport = htons((uint16_t)atoi(argv[3])) };
		inet_pton(AF_INET, argv[1], &s[i].src);
		inet_pton(AF_INET, argv[2], &s[i].dst);
		s[i].ip_sum = fold(sum16(&s[i], 20));
		iov[i] = (struct iovec){ &s[i], 40 };
		msg[i].msg_hdr = (struct msghdr){ &to, sizeof(to), &iov[i], 1, NULL, 0, 0 };
	}
	start = now();
	until = start + atof(argv[5]);
	while (now() < until) {
		int n;

		if (rate > 0 && (double)sent > (now() - start) * rate) {
			usleep(200);
			continue;
		}
		for (unsigned i = 0; i < BATCH; i++) {
			unsigned long k = sent + i;

			s[i].sport = htons((uint16_t)(1024 + (syn ? k % 64000 : k % 1000)));
			s[i].seq = htonl((uint32_t)(syn ? 1000 + k / 64000 * 7919 : 77));
			s[i].ack = htonl(syn ? 0 : 99);
			if (spoof) {
				s[i].src = (s[i].src & htonl(0xffff0000)) | htonl((uint32_t)(k * 7919 & 0xffff));
				s[i].ip_sum = 0;
				s[i].ip_sum = fold(sum16(&s[i], 20));
			}
			s[i].sum = 0;
			s[i].sum = fold(sum16(&s[i].src, 28) + 6 + 20);
		}
		n = sendmmsg(fd, msg, BATCH, 0);
		if (n > 0)
			sent += (unsigned long)n;
	}
	printf("%lu\n", sent);
	return 0;
}
