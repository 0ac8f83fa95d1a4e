/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random flows through a router with a random policy's plan in its kernel:
 *   planlab policy SEED DAEMON-SETTINGS          a policy
 *   planlab flows SEED COUNT                     "INDEX proto src sport dst dport", a line per flow
 *   planlab plan POLICY SEED COUNT               indexes of the flows that the plan, by its model, lets pass
 *   planlab pcap SEED COUNT IIF OIF OUT.pcap     the first packets of flows that take these interfaces
 *   planlab send SEED COUNT initiator|responder MAC0 MAC1    the first packet of every flow, or what answers it,
 *                                                by eth0 or eth1 to the router's interfaces with these addresses
 *   planlab receive initiator|responder          until SIGTERM, then indexes of flows whose packets came
 *   planlab sweep FILE IF MAC                    a datagram to some address of each prefix in FILE, a prefix a line
 *   planlab measure COMMAND...                   run it; print milliseconds and the most KiB that it took
 */
#include "tests/unit/random_policy.h"

#include "rules/plan.h"
#include "tcp/checksum.h"
#include "tcp/reset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET_MAX = 128,
	FLOWS_MAX = 1 << 20,
	NOON = 1764158400, /* 2025-11-26 12:00 UTC: in office hours */
	PCAP_RAW = 101,
};

struct flow_of_test {
	struct ip_tuple t;
	const char *iif, *oif;
};

static struct flow_of_test next_flow(uint64_t *state)
{
	struct flow_of_test f;

	random_flow(state, &f.t, &f.iif, &f.oif);
	return f;
}

static uint64_t seed_of(const char *text)
{
	return strtoull(text, NULL, 0) * 2654435761u + 1;
}

static void put_checksum(uint8_t *at, const struct ip_tuple *t, uint8_t *l4, size_t len)
{
	uint64_t sum = t->proto == PROTO_ICMP ? 0 : checksum_pseudo(t, t->proto, (uint32_t)len);

	bytes_put16(at, checksum_fold(checksum_add(sum, (struct bytes){ l4, len })));
}

/* The packet of flow @index that the initiator, or else the responder, sends first. Its index is in the
 * sequence number, the payload or the identifier. */
static size_t build(const struct ip_tuple *flow, uint32_t index, bool initiator, uint8_t *out)
{
	struct ip_tuple t = initiator ? *flow : tuple_reverse(flow);
	size_t len = t.proto == PROTO_TCP ? 20 : t.proto == PROTO_UDP ? 12 : 8;
	size_t at = ip_put_header(&t, t.proto, 60, len, out);
	uint8_t *l4 = out + at;

	memset(l4, 0, len);
	if (t.proto == PROTO_TCP || t.proto == PROTO_UDP) {
		bytes_put16(l4, t.sport);
		bytes_put16(l4 + 2, t.dport);
	}
	if (t.proto == PROTO_TCP) {
		bytes_put32(l4 + 4, index);
		bytes_put32(l4 + 8, initiator ? 0 : index + 1);
		l4[12] = 5 << 4;
		l4[13] = initiator ? TCP_SYN : TCP_SYN | TCP_ACK;
		bytes_put16(l4 + 14, 64240);
		put_checksum(l4 + 16, &t, l4, len);
	} else if (t.proto == PROTO_UDP) {
		bytes_put16(l4 + 4, (uint16_t)len);
		bytes_put32(l4 + 8, index);
		put_checksum(l4 + 6, &t, l4, len);
	} else {
		l4[0] = t.proto == PROTO_ICMP ? initiator ? 8 : 0 : initiator ? 128 : 129;
		bytes_put16(l4 + 4, (uint16_t)index);
		put_checksum(l4 + 2, &t, l4, len);
	}
	return at + len;
}

static int print_policy(char **argv)
{
	uint64_t state = seed_of(argv[2]);

	random_policy(&state, argv[3], 12, stdout);
	return 0;
}

static int print_flows(char **argv)
{
	uint64_t state = seed_of(argv[2]);

	for (unsigned i = 0, n = (unsigned)atoi(argv[3]); i < n; i++) {
		struct flow_of_test f = next_flow(&state);
		char src[ADDR_STRLEN], dst[ADDR_STRLEN];

		printf("%u %s %s %u %s %u\n", i,
		       f.t.proto == PROTO_TCP	? "TCP"
		       : f.t.proto == PROTO_UDP ? "UDP"
						: "other",
		       addr_format(&f.t.src, src), f.t.sport, addr_format(&f.t.dst, dst),
		       f.t.dport);
	}
	return 0;
}

static int print_passing(char **argv)
{
	static char text[1 << 20];
	FILE *file = fopen(argv[2], "r");
	uint64_t state = seed_of(argv[3]);
	struct source s = { .name = argv[2], .text = { (const uint8_t *)text, 0 } };
	struct diags d = { .errors = 0 };
	struct policy *p;
	struct plan *plan;

	if (file == NULL)
		return 1;
	s.text.len = fread(text, 1, sizeof(text), file);
	fclose(file);
	p = policy_parse(&s, NULL, &d);
	plan = p != NULL ? plan_new(p, NULL, BACKEND_NFT) : NULL;
	diags_print(&d, stderr);
	for (unsigned i = 0, n = (unsigned)atoi(argv[4]); plan != NULL && i < n; i++) {
		struct flow_of_test f = next_flow(&state);
		const struct plan_term *term = plan_find(plan, &f.t, f.iif, f.oif);

		if (term != NULL ? term->pass : !plan->default_queue)
			printf("%u\n", i);
	}
	plan_free(plan);
	policy_free(p);
	diags_clear(&d);
	return plan == NULL;
}

static int write_pcap(char **argv)
{
	uint32_t head[] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, PCAP_RAW };
	FILE *out = fopen(argv[6], "w");
	uint64_t state = seed_of(argv[2]);
	uint8_t packet[PACKET_MAX];

	if (out == NULL)
		return 1;
	fwrite(head, sizeof(head), 1, out);
	for (unsigned i = 0, n = (unsigned)atoi(argv[3]); i < n; i++) {
		struct flow_of_test f = next_flow(&state);
		uint32_t len = (uint32_t)build(&f.t, i, true, packet);
		uint32_t record[] = { NOON, i, len, len };

		if (strcmp(f.iif, argv[4]) != 0 || strcmp(f.oif, argv[5]) != 0)
			continue;
		fwrite(record, sizeof(record), 1, out);
		fwrite(packet, len, 1, out);
	}
	return fclose(out);
}

static int send_all(char **argv)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	bool initiator = strcmp(argv[4], "initiator") == 0;
	uint64_t state = seed_of(argv[2]);
	uint8_t packet[PACKET_MAX];
	struct sockaddr_ll to[2] = { { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN },
				     { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN } };

	for (int i = 0; i < 2; i++) {
		unsigned char *a = to[i].sll_addr;

		to[i].sll_ifindex = (int)if_nametoindex(i == 0 ? "eth0" : "eth1");
		if (sscanf(argv[5 + i], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", a, a + 1, a + 2, a + 3,
			   a + 4, a + 5) != 6)
			return 1;
	}
	for (unsigned i = 0, n = (unsigned)atoi(argv[3]); i < n; i++) {
		struct flow_of_test f = next_flow(&state);
		struct sockaddr_ll *by = &to[(initiator ? f.iif : f.oif)[3] == '1'];

		by->sll_protocol = htons(f.t.family == 4 ? ETH_P_IP : ETH_P_IPV6);
		if (sendto(fd, packet, build(&f.t, i, initiator, packet), 0, (struct sockaddr *)by,
			   sizeof(*by)) < 0) {
			perror("send");
			return 1;
		}
	}
	return 0;
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* The index that build() has put into this packet of the @initiator, or -1. */
static long index_of(struct bytes ip, bool initiator)
{
	struct packet p;
	struct bytes l4;
	uint32_t index;
	uint16_t id;

	if (packet_parse(ip, &p) != PACKET_OK)
		return -1;
	l4 = bytes_cut(ip, p.l4_offset, ip.len);
	if (p.tuple.proto == PROTO_TCP)
		return p.flags == (initiator ? TCP_SYN : TCP_SYN | TCP_ACK) ? (long)p.seq : -1;
	if (p.tuple.proto == PROTO_UDP)
		return bytes_get32(l4, 8, &index) ? (long)index : -1;
	if (l4.len != 8 || (l4.at[0] != 8 && l4.at[0] != 0 && l4.at[0] != 128 && l4.at[0] != 129))
		return -1;
	bytes_get16(l4, 4, &id);
	return id;
}

static int receive_all(char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)), room = 1 << 24;
	bool initiator = strcmp(argv[2], "initiator") == 0;
	static bool seen[FLOWS_MAX];
	uint8_t packet[2048];

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	sigaction(SIGTERM, &action, NULL);
	fprintf(stderr, "listening\n");
	/* Told to stop, it reads what has come. */
	for (;;) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, packet, sizeof(packet), stopped ? MSG_DONTWAIT : 0,
				     (struct sockaddr *)&from, &len);
		long i;

		if (n < 0 && stopped)
			break;
		i = n > 0 && from.sll_pkttype != PACKET_OUTGOING
			    ? index_of((struct bytes){ packet, (size_t)n }, initiator)
			    : -1;
		if (i >= 0 && i < FLOWS_MAX)
			seen[i] = true;
	}
	for (int i = 0; i < FLOWS_MAX; i++) {
		if (seen[i])
			printf("%d\n", i);
	}
	return 0;
}

/* Line @index of a list: an address of its prefix, the first, the last or one between. */
static bool pick_inside(const char *line, unsigned index, struct ip_tuple *t)
{
	char text[64], *slash;
	int bits, family, width;

	snprintf(text, sizeof(text), "%s", line);
	text[strcspn(text, "\n")] = '\0';
	slash = strchr(text, '/');
	bits = slash != NULL ? atoi(slash + 1) : 128;
	if (slash != NULL)
		*slash = '\0';
	family = addr_parse(text, &t->dst);
	t->family = (uint8_t)family;
	width = family == 4 ? 96 + bits : bits;
	for (int bit = width; bit < 128 && index % 3 != 0; bit++) {
		if (index % 3 == 1 || bit % 2 == 1)
			t->dst.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
	return family != 0;
}

static int sweep(char **argv)
{
	enum { AT_ONCE = 32, PAUSE_US = 300 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	unsigned char *a = to.sll_addr;
	FILE *list = fopen(argv[2], "r");
	uint8_t packet[PACKET_MAX];
	char line[64];

	to.sll_ifindex = (int)if_nametoindex(argv[3]);
	if (list == NULL || sscanf(argv[4], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", a, a + 1, a + 2, a + 3,
				   a + 4, a + 5) != 6)
		return 1;
	for (unsigned i = 0; fgets(line, sizeof(line), list) != NULL; i++) {
		struct ip_tuple t = { .proto = PROTO_UDP, .sport = 1000, .dport = 9 };

		if (!pick_inside(line, i, &t))
			return 1;
		t.src = world_addr(t.family, 0, 1);
		to.sll_protocol = htons(t.family == 4 ? ETH_P_IP : ETH_P_IPV6);
		if (sendto(fd, packet, build(&t, i, true, packet), 0, (struct sockaddr *)&to,
			   sizeof(to)) < 0)
			return 1;
		if (i % AT_ONCE == 0)
			usleep(PAUSE_US);
	}
	fclose(list);
	return 0;
}

static int measure(char **argv)
{
	struct timespec from, to;
	struct rusage usage;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%ld %ld\n",
	       (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000,
	       usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **argv);
	} modes[] = {
		{ "policy", 4, print_policy }, { "flows", 4, print_flows },
		{ "plan", 5, print_passing },  { "pcap", 7, write_pcap },
		{ "send", 7, send_all },       { "receive", 3, receive_all },
		{ "sweep", 5, sweep },	       { "measure", 0, measure },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) == 0 &&
		    (modes[i].args == 0 || argc == modes[i].args))
			return modes[i].run(argv);
	}
	fprintf(stderr, "usage: see the head of planlab.c\n");
	return 2;
}
