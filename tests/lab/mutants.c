/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutated packets on a cable: mutants INTERFACE ROUTER-MAC SOURCE4 TARGET4 SOURCE6 TARGET6 COUNT PER-SECOND. Most have right
 * addresses and IP headers, so that a router forwards them; half have right checksums. Prints how many it sent.
 */
#include "tests/unit/mutants.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, IP4_HEADER = 20, IP6_HEADER = 40 };

struct ends {
	struct ip_addr source[2], target[2]; /* of IPv4, of IPv6 */
};

static void fix_v4(uint8_t *p, size_t len, const struct ends *e)
{
	memcpy(p + 12, e->source[0].b + 12, 4);
	memcpy(p + 16, e->target[0].b + 12, 4);
	p[0] = (uint8_t)(0x40 | ((p[0] & 15) < 5 ? 5 : p[0] & 15));
	bytes_put16(p + 2, (uint16_t)len);
	p[8] = 60;
	if ((size_t)(p[0] & 15) * 4 > len)
		p[0] = 0x45;
	bytes_put16(p + 10, 0);
	bytes_put16(p + 10, checksum_fold(checksum_add(0, (struct bytes){ p, (size_t)(p[0] & 15) * 4 })));
}

static void fix_v6(uint8_t *p, size_t len, const struct ends *e)
{
	memcpy(p + 8, e->source[1].b, 16);
	memcpy(p + 24, e->target[1].b, 16);
	p[0] = 0x60;
	bytes_put16(p + 4, (uint16_t)(len - IP6_HEADER));
	p[7] = 60;
}

/* The checksum of TCP that the packet ought to have, when it can be found. */
static void fix_tcp(uint8_t *p, size_t len)
{
	struct packet packet;
	size_t at;

	if (packet_parse((struct bytes){ p, len }, &packet) != PACKET_OK || !packet_is_tcp(&packet) || packet.fragment)
		return;
	at = packet.tuple.family == 4 ? (size_t)(p[0] & 15) * 4 : IP6_HEADER;
	if (len < at + 20 || (packet.tuple.family == 6 && p[6] != PROTO_TCP))
		return;
	bytes_put16(p + at + 16, 0);
	bytes_put16(p + at + 16, checksum_fold(checksum_add(checksum_pseudo(&packet.tuple, PROTO_TCP, (uint32_t)(len - at)),
							    (struct bytes){ p + at, len - at })));
}

static size_t make(uint64_t *seed, const struct ends *e, uint8_t *out)
{
	size_t len = mutate(seed, out);
	bool routed = random_next(seed) % 16 != 0;

	if (routed && len >= IP4_HEADER && out[0] >> 4 == 4)
		fix_v4(out, len, e);
	else if (routed && len >= IP6_HEADER && out[0] >> 4 == 6)
		fix_v6(out, len, e);
	if (routed && random_next(seed) % 2)
		fix_tcp(out, len);
	return len;
}

static bool read_ends(char **argv, struct ends *e, struct sockaddr_ll *to)
{
	*to = (struct sockaddr_ll){ .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1]), .sll_halen = ETH_ALEN };
	return to->sll_ifindex != 0 &&
	       sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to->sll_addr[0], &to->sll_addr[1], &to->sll_addr[2],
		      &to->sll_addr[3], &to->sll_addr[4], &to->sll_addr[5]) == ETH_ALEN &&
	       addr_parse(argv[3], &e->source[0]) == 4 && addr_parse(argv[4], &e->target[0]) == 4 &&
	       addr_parse(argv[5], &e->source[1]) == 6 && addr_parse(argv[6], &e->target[1]) == 6;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static uint8_t packet[BATCH][BASE_MAX];
	struct sockaddr_ll to[BATCH];
	struct mmsghdr msg[BATCH] = { 0 };
	struct iovec iov[BATCH];
	struct ends e;
	uint64_t seed = random_seed();
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	double start = now(), rate;
	long count, sent = 0;

	if (argc != 9 || fd < 0 || !read_ends(argv, &e, &to[0]))
		return 2;
	count = atol(argv[7]);
	rate = atof(argv[8]);
	add_bases();
	for (int i = 0; i < BATCH; i++) {
		to[i] = to[0];
		msg[i].msg_hdr = (struct msghdr){ &to[i], sizeof(to[i]), &iov[i], 1, NULL, 0, 0 };
	}
	while (sent < count) {
		int n;

		if ((double)sent > (now() - start) * rate) {
			usleep(200);
			continue;
		}
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ packet[i], make(&seed, &e, packet[i]) };
			to[i].sll_protocol = htons(packet[i][0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
		}
		n = sendmmsg(fd, msg, BATCH, 0);
		sent += n > 0 ? n : 0;
	}
	printf("sent %ld\n", sent);
	return 0;
}
