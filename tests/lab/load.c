/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections at a steady rate, whatever becomes of them, and the server that they go to; for hours.
 *   load connect ADDRESS PORT HOST RATE SECONDS [SOURCES]
 *       Opens RATE connections a second, asks for HOST by HTTP, closes when it has the answer: a server that closed first would
 *       remember the translated ports for longer than the router does, and refuse some that come again. SOURCES: from as many addresses,
 *       the one of the first interface and those behind it. Prints how many ended in which way.
 *   load serve ADDRESS PORT [HOST]
 *       Answers, and at the end prints how many it has answered, and how many of these asked for HOST.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FDS = 65536, TIMEOUT_MS = 10000, ANSWER = 512 };

static struct {
	int64_t started_ms;
	bool sent;
	int octets;
} conn[FDS];

static long started, whole, reset, refused, timeouts, other, answered, forbidden;
static volatile sig_atomic_t stop;

static void on_signal(int s)
{
	(void)s;
	stop = 1;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void done(int fd, long *count)
{
	(*count)++;
	conn[fd].started_ms = 0;
	close(fd);
}

static void failed(int fd, int error)
{
	done(fd, error == ECONNRESET ? &reset : error == ECONNREFUSED ? &refused : error == ETIMEDOUT ? &timeouts : &other);
}

static void begin(int epoll, const struct sockaddr_in *to, const struct in_addr *from)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0 || fd >= FDS) {
		other++;
		return;
	}
	started++;
	if (from != NULL) {
		a.sin_addr = *from;
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
			failed(fd, errno);
			return;
		}
	}
	conn[fd].started_ms = now_us() / 1000;
	conn[fd].sent = false;
	conn[fd].octets = 0;
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 && errno != EINPROGRESS)
		failed(fd, errno);
	else
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLOUT | EPOLLIN, .data.fd = fd });
}

/* Something is to be done for a connection of a client. */
static void go_on(int epoll, int fd, const char *host)
{
	char text[2048];
	int error = 0;
	socklen_t len = sizeof(error);
	ssize_t n;

	if (!conn[fd].sent) {
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		n = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
		if (error != 0 || send(fd, text, (size_t)n, MSG_NOSIGNAL) != n) {
			failed(fd, error ? error : errno);
			return;
		}
		conn[fd].sent = true;
		epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
		return;
	}
	n = recv(fd, text, sizeof(text), 0);
	if (n < 0 && errno != EAGAIN)
		failed(fd, errno);
	if (n < 0)
		return;
	conn[fd].octets += (int)n;
	if (conn[fd].octets == ANSWER || n == 0)
		done(fd, conn[fd].octets == ANSWER ? &whole : &other);
}

static void expire(void)
{
	int64_t now = now_us() / 1000;

	for (int fd = 0; fd < FDS; fd++) {
		if (conn[fd].started_ms != 0 && now - conn[fd].started_ms > TIMEOUT_MS)
			done(fd, &timeouts);
	}
}

static struct in_addr own_address(const struct sockaddr_in *to)
{
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	connect(fd, (const struct sockaddr *)to, sizeof(*to));
	getsockname(fd, (struct sockaddr *)&a, &len);
	close(fd);
	return a.sin_addr;
}

static int client(const struct sockaddr_in *to, const char *host, double rate, double seconds, unsigned sources)
{
	int epoll = epoll_create1(0);
	struct epoll_event e[256];
	struct in_addr first = own_address(to);
	int64_t start = now_us(), ticked = start, until = start + (int64_t)(seconds * 1e6);

	while (!stop && (now_us() < until || started > whole + reset + refused + timeouts + other)) {
		int64_t now = now_us();
		int n;

		while (now < until && (double)started < (double)(now - start) * rate / 1e6) {
			struct in_addr from = { htonl(ntohl(first.s_addr) + (uint32_t)(started % (sources ? sources : 1))) };

			begin(epoll, to, sources ? &from : NULL);
		}
		n = epoll_wait(epoll, e, 256, 1);
		for (int i = 0; i < n; i++)
			go_on(epoll, e[i].data.fd, host);
		if (now - ticked > 1000000) {
			expire();
			ticked = now;
		}
	}
	printf("started=%ld whole=%ld reset=%ld refused=%ld timeouts=%ld other=%ld\n", started, whole, reset, refused, timeouts,
	       other);
	return 0;
}

static void answer(int fd, const char *host)
{
	static const char text[ANSWER] = "HTTP/1.1 200 OK\r\nContent-Length: 470\r\n\r\n";
	char request[2048];
	ssize_t n = recv(fd, request, sizeof(request) - 1, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close(fd);
		return;
	}
	request[n] = '\0';
	answered++;
	forbidden += host != NULL && strstr(request, host) != NULL;
	if (send(fd, text, sizeof(text), MSG_NOSIGNAL) != sizeof(text))
		other++;
}

static int server(const struct sockaddr_in *at, const char *host)
{
	int epoll = epoll_create1(0), one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event e[256];

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 || listen(fd, 4096) != 0)
		return 1;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
	puts("listening");
	fflush(stdout);
	while (!stop) {
		int n = epoll_wait(epoll, e, 256, 1000);

		for (int i = 0; i < n; i++) {
			int c = -1;

			if (e[i].data.fd != fd) {
				answer(e[i].data.fd, host);
				continue;
			}
			while ((c = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
				epoll_ctl(epoll, EPOLL_CTL_ADD, c, &(struct epoll_event){ .events = EPOLLIN, .data.fd = c });
		}
	}
	printf("answered=%ld forbidden=%ld\n", answered, forbidden);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct rlimit files = { FDS, FDS };
	struct sigaction action = { .sa_handler = on_signal };

	setrlimit(RLIMIT_NOFILE, &files);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (argc < 4 || inet_pton(AF_INET, argv[2], &a.sin_addr) != 1)
		return 2;
	a.sin_port = htons((uint16_t)atoi(argv[3]));
	if (strcmp(argv[1], "serve") == 0)
		return server(&a, argc > 4 ? argv[4] : NULL);
	if (argc < 7)
		return 2;
	return client(&a, argv[4], atof(argv[5]), atof(argv[6]), argc > 7 ? (unsigned)atoi(argv[7]) : 0);
}
