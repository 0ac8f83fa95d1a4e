/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/landing/landing.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { SETUP_MS = 5000, STREAM_CHUNK = 65536, TCP_LISTEN_STATE = 10 };

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void end_enter(const struct end *e)
{
	if (setns(e->netns, CLONE_NEWNET) != 0) {
		perror("landing: setns");
		exit(2);
	}
}

static void pause_ms(unsigned ms)
{
	usleep(ms * 1000);
}

static int new_socket(const struct cell *c, enum side e, const struct sockaddr_storage *at)
{
	int fd, on = 1;

	end_enter(&c->end[e]);
	fd = socket(c->family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c->state->small_buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &c->state->small_buffer, sizeof(int));
	if (fd < 0 || bind(fd, (const struct sockaddr *)at, c->len) != 0) {
		perror("landing: bind");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

bool ends_open(struct cell *c)
{
	c->listener = new_socket(c, SERVER, &c->at);
	if (c->listener < 0 || listen(c->listener, 8) != 0) {
		perror("landing: listen");
		return false;
	}
	c->end[CLIENT].fd = new_socket(c, CLIENT, &c->from);
	return c->end[CLIENT].fd >= 0;
}

void ends_close(struct cell *c)
{
	struct linger abort = { .l_onoff = 1 };

	for (int e = 0; e < 2; e++) {
		if (c->end[e].fd < 0)
			continue;
		setsockopt(c->end[e].fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
		close(c->end[e].fd);
		c->end[e].fd = -1;
	}
	if (c->listener >= 0)
		close(c->listener);
	c->listener = -1;
}

static bool wait_readable(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, SETUP_MS) == 1;
}

bool ends_connect(struct cell *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (connect(c->end[CLIENT].fd, (struct sockaddr *)&c->to, c->len) != 0 && errno != EINPROGRESS)
		return false;
	wait_readable(c->end[CLIENT].fd, POLLOUT);
	getsockopt(c->end[CLIENT].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0 || !wait_readable(c->listener, POLLIN)) {
		fprintf(stderr, "landing: cannot connect: %s\n", strerror(error));
		return false;
	}
	c->end[SERVER].fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK);
	setsockopt(c->end[SERVER].fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return c->end[SERVER].fd >= 0;
}

bool end_send(struct cell *c, enum side e, const void *data, size_t len)
{
	ssize_t n = send(c->end[e].fd, data, len, MSG_NOSIGNAL);

	if (n == (ssize_t)len)
		return true;
	fprintf(stderr, "landing: %s sent %zd of %zu: %s\n", e == CLIENT ? "client" : "server", n, len,
		n < 0 ? strerror(errno) : "no room");
	return false;
}

static bool is_settled(const struct cell *c, enum side e)
{
	int left = 0;

	return c->end[e].fd < 0 || (ioctl(c->end[e].fd, SIOCOUTQ, &left) == 0 && left == 0);
}

bool ends_settle(struct cell *c)
{
	for (int64_t until = now_ms() + SETUP_MS; now_ms() < until; pause_ms(1)) {
		if (is_settled(c, CLIENT) && is_settled(c, SERVER))
			return true;
	}
	fprintf(stderr, "landing: what was sent is not acknowledged\n");
	return false;
}

/* The window that the end was told of by its peer. */
static uint32_t peer_window(const struct cell *c, enum side e)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(c->end[e].fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_snd_wnd;
}

bool end_fill(struct cell *c, enum side e, uint32_t left)
{
	static const uint8_t filler[1024];

	for (int round = 0; round < 100; round++) {
		uint32_t window = peer_window(c, e), n = window - left;

		if (window == left)
			return true;
		if (window < left)
			break;
		if (!end_send(c, e, filler, n < sizeof(filler) ? n : sizeof(filler)) || !ends_settle(c))
			return false;
	}
	fprintf(stderr, "landing: the window cannot be brought to %u, it is %u\n", left, peer_window(c, e));
	return false;
}

bool end_cut(struct cell *c, enum side e)
{
	c->cut_ms = now_ms();
	return end_send(c, e, MARK, MARK_LEN);
}

static void note_error(struct cell *c, enum side e, int error)
{
	if (error == 0 || error == EAGAIN || c->end[e].error != 0)
		return;
	c->end[e].error = error;
	c->end[e].error_ms = now_ms();
}

/* Write and read as fast as it goes, until there are errors. */
static void stream(struct cell *c)
{
	static uint8_t buffer[STREAM_CHUNK];
	enum side to = !c->streams;

	if (c->end[c->streams].error == 0 &&
	    send(c->end[c->streams].fd, buffer, sizeof(buffer), MSG_NOSIGNAL) < 0)
		note_error(c, c->streams, errno);
	if (c->end[to].error == 0 && recv(c->end[to].fd, buffer, sizeof(buffer), 0) < 0)
		note_error(c, to, errno);
	memset(buffer, 0, sizeof(buffer));
}

static void look_for_error(struct cell *c, enum side e)
{
	struct pollfd p = { .fd = c->end[e].fd };
	int error = 0;
	socklen_t len = sizeof(error);

	if (p.fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & POLLERR) &&
	    getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0)
		note_error(c, e, error);
}

static bool has_landed(const struct cell *c)
{
	for (int e = 0; e < 2; e++) {
		if ((c->state->live & 1u << e) && c->end[e].error == 0)
			return false;
		if (c->state->gone && end_kernel_states(c, (enum side)e, 0) > 0)
			return false;
	}
	return true;
}

void ends_wait(struct cell *c)
{
	int64_t until = c->cut_ms + LAND_MS;

	do {
		if (c->streaming)
			stream(c);
		else
			usleep(500);
		for (int e = 0; e < 2; e++)
			look_for_error(c, (enum side)e);
	} while (!has_landed(c) && now_ms() < until);
}

unsigned end_kernel_states(const struct cell *c, enum side e, int tcp_state)
{
	const char *file = c->family == AF_INET ? "/proc/thread-self/net/tcp" : "/proc/thread-self/net/tcp6";
	unsigned local, remote, st, found = 0;
	char line[512];
	FILE *f;

	end_enter(&c->end[e]);
	f = fopen(file, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x", &local, &remote, &st) != 3 ||
		    st == TCP_LISTEN_STATE || (local != c->client_port && remote != c->client_port))
			continue;
		found += tcp_state == 0 || st == (unsigned)tcp_state;
	}
	if (f != NULL)
		fclose(f);
	return found;
}
