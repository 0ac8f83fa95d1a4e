/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Latency of new flows through the queue: bench_latency NETNS-FROM NETNS-TO DESTINATION SECONDS. Sends UDP
 * datagrams, each from another port and so each a flow of its own, one when the last has arrived, from one
 * network namespace to the other. Prints: sent, lost, and the 50th, 99th and 100th percentile in us.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7000, FIRST_PORT = 10000, PORTS = 50000, SAMPLES_MAX = 1 << 20, WAIT_MS = 1000, GAP_US = 200 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int enter(const char *ns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY);
	return fd < 0 || setns(fd, CLONE_NEWNET) != 0 ? -1 : close(fd);
}

static int compare(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A socket of its own for each datagram; the port is what makes it a flow. */
static int send_one(uint16_t port, const struct sockaddr_in *to, uint32_t n)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), result = -1;

	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0)
		result = (int)sendto(fd, &n, sizeof(n), 0, (const struct sockaddr *)to, sizeof(*to));
	close(fd);
	return result < 0 ? -1 : 0;
}

static int receive_one(int fd, uint32_t n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t got = n + 1;

	while (got != n) {
		if (poll(&p, 1, WAIT_MS) <= 0)
			return -1;
		if (recv(fd, &got, sizeof(got), 0) < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	float *sample = malloc(SAMPLES_MAX * sizeof(*sample));
	unsigned sent = 0, lost = 0, taken = 0;
	double end;
	int fd;

	if (argc != 5 || sample == NULL || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1 || enter(argv[2]) != 0)
		return 2;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&(struct sockaddr_in){ .sin_family = AF_INET, .sin_port = to.sin_port },
		 sizeof(to)) != 0 ||
	    enter(argv[1]) != 0)
		return 2;
	for (end = now_us() + atof(argv[4]) * 1e6; now_us() < end && taken < SAMPLES_MAX; sent++) {
		double from = now_us();

		if (send_one((uint16_t)(FIRST_PORT + sent % PORTS), &to, sent) != 0 || receive_one(fd, sent) != 0) {
			lost++;
			continue;
		}
		sample[taken++] = (float)(now_us() - from);
		usleep(GAP_US);
	}
	qsort(sample, taken, sizeof(*sample), compare);
	if (taken > 0)
		printf("%u %u %.0f %.0f %.0f\n", sent, lost, sample[taken / 2], sample[taken * 99 / 100],
		       sample[taken - 1]);
	return taken > 0 ? 0 : 1;
}
