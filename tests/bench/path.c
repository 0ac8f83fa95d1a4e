/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a path costs, between two network namespaces of a lab:
 *   bench_path CLIENT SERVER DST bulk PORT SECONDS     octets per second of one connection, behind a request for
 *                                                      a host, and 300 ms for TCP to find its pace
 *   bench_path CLIENT SERVER DST connect PORT COUNT    one connection after another, by eight ports from PORT on:
 *                                                      50th percentile of connect(2), in ns
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS = 8, CHUNK = 1 << 18, DECIDE_US = 50000, WARM_NS = 300000000, COUNT_MAX = 1 << 20 };

static struct sockaddr_in to = { .sin_family = AF_INET };
static char chunk[CHUNK];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void enter(const char *ns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		die(ns);
	close(fd);
}

/* Accept, and read until the end, one connection after another. */
static void *serve(void *arg)
{
	static __thread char in[CHUNK];
	int listener = *(int *)arg, fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		while (read(fd, in, sizeof(in)) > 0)
			;
		close(fd);
	}
	return NULL;
}

static void listen_at(const char *ns, int port)
{
	static int listeners[PORTS];
	pthread_t thread;
	int on = 1;

	enter(ns);
	for (int i = 0; i < PORTS; i++) {
		to.sin_port = htons((uint16_t)(port + i));
		listeners[i] = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(listeners[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(listeners[i], (struct sockaddr *)&to, sizeof(to)) != 0 ||
		    listen(listeners[i], 512) != 0 ||
		    pthread_create(&thread, NULL, serve, &listeners[i]) != 0)
			die("listen");
	}
}

static int connect_to(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_port = htons((uint16_t)port);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect");
	return fd;
}

static void bulk(int port, double seconds)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: ok.example\r\n\r\n";
	int fd = connect_to(port);
	double begin, end;
	double sent = 0;
	bool warm = false;

	if (write(fd, request, sizeof(request) - 1) < 0)
		die("write");
	usleep(DECIDE_US);
	begin = now_ns();
	do {
		ssize_t n = write(fd, chunk, sizeof(chunk));

		if (n < 0)
			die("write");
		sent += (double)n;
		end = now_ns();
		if (!warm && end - begin > WARM_NS) {
			warm = true;
			begin = end;
			sent = 0;
		}
	} while (!warm || end - begin < seconds * 1e9);
	printf("%.0f\n", sent / ((end - begin) / 1e9));
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void connects(int port, int count)
{
	static double took[COUNT_MAX];

	for (int i = 0; i < count; i++) {
		double begin = now_ns();
		int fd = connect_to(port + i % PORTS);

		took[i] = now_ns() - begin;
		close(fd);
	}
	qsort(took, (size_t)count, sizeof(*took), compare);
	printf("%.0f\n", took[count / 2]);
}

int main(int argc, char **argv)
{
	if (argc != 7 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1) {
		fprintf(stderr,
			"usage: bench_path CLIENT SERVER DST bulk|connect PORT SECONDS|COUNT\n");
		return 2;
	}
	listen_at(argv[2], atoi(argv[5]));
	enter(argv[1]);
	if (strcmp(argv[4], "bulk") == 0)
		bulk(atoi(argv[5]), atof(argv[6]));
	else
		connects(atoi(argv[5]), atoi(argv[6]));
	fflush(stdout);
	_exit(0);
}
