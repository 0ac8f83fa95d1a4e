/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real clients: connect(2) again and again, WINDOW of them at a time, inside a lab of namespaces.
 *   bench_connect DST PORT SECONDS WINDOW
 * Prints how many were refused, and how many ended in another way or not at all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long refused, other, open_now;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count(int fd, int error)
{
	if (error == ECONNREFUSED)
		refused++;
	else
		other++;
	close(fd);
}

static void start(int epoll, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event e = { .events = EPOLLOUT | EPOLLERR | EPOLLHUP, .data.fd = fd };

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 && errno != EINPROGRESS) {
		count(fd, errno);
		return;
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
	open_now++;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct rlimit files = { 65536, 65536 };
	struct epoll_event e[256];
	int epoll = epoll_create1(0);
	double until;
	long window;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: bench_connect DST PORT SECONDS WINDOW\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	until = now() + atof(argv[3]);
	window = atol(argv[4]);
	while (now() < until) {
		int n;

		for (int i = 0; i < 64 && open_now < window; i++)
			start(epoll, &to);
		n = epoll_wait(epoll, e, 256, open_now < window ? 0 : 100);
		for (int i = 0; i < n; i++) {
			int error = 0;
			socklen_t len = sizeof(error);

			getsockopt(e[i].data.fd, SOL_SOCKET, SO_ERROR, &error, &len);
			count(e[i].data.fd, error);
			open_now--;
		}
	}
	printf("%ld %ld\n", refused, other + open_now);
	return 0;
}
