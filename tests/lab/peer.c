/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ends of the lab: a client and a server over the kernel's own TCP, and a server that resets
 * with a text. What each socket got is printed, for scripts to judge.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_packet.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 4096, CHUNK = 65536, REQUEST_MAX = 17 * 1024 };

static struct {
	const char *sni, *http, *text, *from;
	long count, parallel, bulk, wait_ms, hello_size, split, pause_ms;
	bool verbose, udp, extension, md5;
} options = { .count = 1, .parallel = 1, .wait_ms = 5000, .pause_ms = 20 };

static struct {
	long started, reset, refused, closed, timeout, prohibited, other, corrupt;
	long long bytes;
	int64_t max_ms;
} totals;

static bool serving; /* what comes in has no pattern */
static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct sockaddr_storage parse_address(const char *host, const char *port, socklen_t *len)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM }, *found;
	struct sockaddr_storage a = { 0 };

	if (getaddrinfo(host, port, &hints, &found) != 0) {
		fprintf(stderr, "peer: bad address %s port %s\n", host, port);
		exit(2);
	}
	memcpy(&a, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return a;
}

static uint8_t *put(uint8_t *p, unsigned long v, int octets)
{
	while (octets-- > 0)
		*p++ = (uint8_t)(v >> 8 * octets);
	return p;
}

/* A ClientHello in one record, padded with a key share to options.hello_size. */
static size_t build_hello(uint8_t *out)
{
	size_t name = strlen(options.sni), sni = name + 9, fixed = 5 + 4 + 2 + 32 + 1 + 4 + 2 + 2;
	size_t pad = (size_t)options.hello_size > fixed + sni + 4
			     ? (size_t)options.hello_size - fixed - sni - 4 : 0;
	size_t extensions = sni + 4 + pad, body = fixed - 9 + extensions;
	uint8_t *p = out;

	p = put(p, 22, 1);
	p = put(p, 0x0301, 2);
	p = put(p, body + 4, 2);
	p = put(p, 1, 1);
	p = put(p, body, 3);
	p = put(p, 0x0303, 2);
	memset(p, 0x5a, 32);
	p = put(p + 32, 0, 1);
	p = put(p, 2, 2);
	p = put(p, 0x1301, 2);
	p = put(p, 1, 1);
	p = put(p, 0, 1);
	p = put(p, extensions, 2);
	p = put(p, 51, 2);
	p = put(p, pad, 2);
	memset(p, 0xa5, pad);
	p = put(p + pad, 0, 2);
	p = put(p, name + 5, 2);
	p = put(p, name + 3, 2);
	p = put(p, 0, 1);
	p = put(p, name, 2);
	memcpy(p, options.sni, name);
	return (size_t)(p - out) + name;
}

static size_t build_request(uint8_t *out)
{
	if (options.sni != NULL)
		return build_hello(out);
	if (options.http != NULL)
		return (size_t)sprintf((char *)out,
				       "GET / HTTP/1.1\r\nUser-Agent: peer\r\nHost: %s\r\n\r\n",
				       options.http);
	return 0;
}

static uint8_t pattern(long long at)
{
	return (uint8_t)(at % 251 ^ at / 65536);
}

struct connection {
	bool used, connected;
	int64_t since;
	long long got, sent, to_send;
};

static struct pollfd fds[SLOTS];
static struct connection connections[SLOTS];

static void count_end(struct connection *c, int error, bool eof)
{
	int64_t ms = now_ms() - c->since;
	const char *name = eof ? "closed" : strerrorname_np(error);

	if (ms > totals.max_ms)
		totals.max_ms = ms;
	if (eof)
		totals.closed++;
	else if (error == ECONNRESET || error == EPIPE)
		totals.reset++;
	else if (error == ECONNREFUSED)
		totals.refused++;
	else if (error == ETIMEDOUT)
		totals.timeout++;
	else if (error == EHOSTUNREACH || error == EACCES || error == ENETUNREACH)
		totals.prohibited++;
	else
		totals.other++;
	if (options.verbose) {
		printf("end %s ms %lld octets %lld\n", name ? name : "?", (long long)ms, c->got);
		fflush(stdout);
	}
}

static void end(int i, int error, bool eof)
{
	count_end(&connections[i], error, eof);
	close(fds[i].fd);
	fds[i].fd = -1;
	connections[i].used = false;
}

static void send_request(int fd)
{
	static uint8_t request[REQUEST_MAX];
	size_t len = build_request(request), at = 0;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (at < len) {
		size_t n = options.split > 0 && (size_t)options.split < len - at
				   ? (size_t)options.split : len - at;

		if (send(fd, request + at, n, MSG_NOSIGNAL) < 0)
			return; /* the reset is read next */
		at += n;
		if (options.split > 0 && at < len)
			usleep((useconds_t)options.pause_ms * 1000);
	}
}

/* What the options ask of a socket that has yet to connect, or to listen; the peer's address is at @to. */
static void dress(int fd, const struct sockaddr_storage *to)
{
	/* A destination options header that holds padding alone (RFC 8200 4.6). */
	static const uint8_t padding[8] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	struct tcp_md5sig md5 = { .tcpm_addr = *to, .tcpm_keylen = 6, .tcpm_key = "secret" };

	if (options.extension && setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, padding, sizeof(padding)) != 0)
		die("IPV6_DSTOPTS");
	if (options.md5 && setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &md5, sizeof(md5)) != 0)
		die("TCP_MD5SIG");
}

static void start(int i, const struct sockaddr_storage *to, socklen_t len)
{
	int type = options.udp ? SOCK_DGRAM : SOCK_STREAM;

	connections[i] = (struct connection){ .used = true, .since = now_ms() };
	fds[i].fd = socket(to->ss_family, type | SOCK_NONBLOCK, 0);
	fds[i].events = POLLOUT;
	if (fds[i].fd < 0)
		die("socket");
	dress(fds[i].fd, to);
	totals.started++;
	if (connect(fds[i].fd, (const struct sockaddr *)to, len) < 0 && errno != EINPROGRESS)
		end(i, errno, false);
}

static void read_some(int i)
{
	static uint8_t buffer[CHUNK];
	struct connection *c = &connections[i];
	ssize_t n = recv(fds[i].fd, buffer, sizeof(buffer), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end(i, errno, n == 0);
		return;
	}
	for (ssize_t k = 0; options.bulk > 0 && !serving && k < n; k++)
		totals.corrupt += buffer[k] != pattern(c->got + k);
	c->got += n;
	totals.bytes += n;
}

static void client_event(int i)
{
	struct connection *c = &connections[i];
	socklen_t len = sizeof(int);
	int error = 0;

	if (c->connected) {
		read_some(i);
		return;
	}
	getsockopt(fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0) {
		end(i, error, false);
		return;
	}
	c->connected = true;
	fds[i].events = POLLIN;
	c->since = now_ms();
	if (options.udp)
		send(fds[i].fd, "?", 1, MSG_NOSIGNAL);
	else
		send_request(fds[i].fd);
}

static int client(const char *host, const char *port)
{
	socklen_t len;
	struct sockaddr_storage to = parse_address(host, port, &len);
	long running = 1;

	for (int i = 0; i < options.parallel; i++)
		fds[i].fd = -1;
	while (!stop && (running > 0 || totals.started < options.count)) {
		int64_t now = now_ms();

		running = 0;
		for (int i = 0; i < options.parallel; i++) {
			if (!connections[i].used && totals.started < options.count)
				start(i, &to, len);
			running += connections[i].used;
		}
		poll(fds, (nfds_t)options.parallel, 50);
		for (int i = 0; i < options.parallel; i++) {
			if (connections[i].used && fds[i].revents != 0)
				client_event(i);
			if (connections[i].used && now - connections[i].since > options.wait_ms)
				end(i, ETIMEDOUT, false);
		}
	}
	printf("connections=%ld reset=%ld refused=%ld closed=%ld timeout=%ld prohibited=%ld other=%ld "
	       "bytes=%lld corrupt=%ld max_ms=%lld\n",
	       totals.started, totals.reset, totals.refused, totals.closed, totals.timeout,
	       totals.prohibited, totals.other, totals.bytes, totals.corrupt,
	       (long long)totals.max_ms);
	return 0;
}

static void server_write(int i)
{
	static uint8_t buffer[CHUNK];
	struct connection *c = &connections[i];
	ssize_t n;

	for (long k = 0; k < CHUNK; k++)
		buffer[k] = pattern(c->sent + k);
	n = send(fds[i].fd, buffer,
		 c->to_send - c->sent < CHUNK ? (size_t)(c->to_send - c->sent) : CHUNK, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		end(i, errno, false);
		return;
	}
	if (n > 0)
		c->sent += n;
	if (c->sent == c->to_send)
		end(i, 0, true);
}

static void server_event(int i)
{
	struct connection *c = &connections[i];

	if (fds[i].revents & (POLLIN | POLLERR | POLLHUP)) {
		read_some(i);
		if (c->used && options.bulk > 0 && c->to_send == 0) {
			c->to_send = options.bulk;
			fds[i].events = POLLIN | POLLOUT;
		}
	}
	if (c->used && c->to_send > 0 && (fds[i].revents & POLLOUT))
		server_write(i);
}

static void accept_some(int listener)
{
	for (int i = 1; i < SLOTS; i++) {
		int fd;

		if (connections[i].used)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0)
			return;
		totals.started++;
		connections[i] = (struct connection){ .used = true, .connected = true,
						      .since = now_ms() };
		fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
}

static int server(const char *host, const char *port)
{
	socklen_t len;
	struct sockaddr_storage at = parse_address(host, port, &len), from;
	socklen_t from_len;
	int on = 1, fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	serving = true;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (options.from != NULL) {
		from = parse_address(options.from, "0", &from_len);
		dress(fd, &from);
	}
	if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 4096) < 0)
		die("bind");
	for (int i = 0; i < SLOTS; i++)
		fds[i].fd = -1;
	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	puts("listening");
	fflush(stdout);
	while (!stop) {
		poll(fds, SLOTS, 1000);
		for (int i = 1; i < SLOTS; i++) {
			if (connections[i].used && fds[i].revents != 0)
				server_event(i);
		}
		if (fds[0].revents != 0)
			accept_some(fd);
	}
	printf("accepted=%ld reset=%ld closed=%ld other=%ld bytes=%lld\n", totals.started, totals.reset,
	       totals.closed, totals.other, totals.bytes);
	return 0;
}

static uint16_t checksum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	if (len == 1)
		sum += (uint32_t)p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Answer one IPv4 segment with data by a RST|ACK that carries the text. */
static void answer_with_text(int raw, const uint8_t *in, size_t len)
{
	size_t header = (size_t)(in[0] & 15) * 4, text = strlen(options.text);
	uint8_t out[20 + 20 + 1024] = { 0x45 }, pseudo[12], *t = out + 20;
	const uint8_t *s = in + header;
	size_t data = len - header - (size_t)(s[12] >> 4) * 4;
	struct sockaddr_in to = { .sin_family = AF_INET };
	uint32_t sum = 0, seq, ack;

	memcpy(&seq, s + 4, 4);
	memcpy(&ack, s + 8, 4);
	out[8] = 64;
	out[9] = IPPROTO_TCP;
	memcpy(out + 12, in + 16, 4);
	memcpy(out + 16, in + 12, 4);
	memcpy(t, s + 2, 2);
	memcpy(t + 2, s, 2);
	memcpy(t + 4, &ack, 4);
	put(t + 8, ntohl(seq) + data, 4);
	t[12] = 5 << 4;
	t[13] = 0x14;
	memcpy(t + 20, options.text, text);
	memcpy(pseudo, out + 12, 8);
	put(pseudo + 8, IPPROTO_TCP, 2);
	put(pseudo + 10, 20 + text, 2);
	sum = (uint16_t)~checksum(pseudo, sizeof(pseudo), 0);
	put(t + 16, checksum(t, 20 + text, sum), 2);
	memcpy(&to.sin_addr, in + 12, 4);
	if (sendto(raw, out, 40 + text, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		perror("sendto");
}

static int resetter(const char *port)
{
	int in = socket(AF_INET, SOCK_RAW, IPPROTO_TCP), out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	uint16_t number = (uint16_t)atoi(port);
	uint8_t packet[CHUNK];
	ssize_t n;

	if (in < 0 || out < 0)
		die("raw socket");
	puts("listening");
	fflush(stdout);
	while (!stop && (n = recv(in, packet, sizeof(packet), 0)) > 0) {
		size_t header = (size_t)(packet[0] & 15) * 4;
		const uint8_t *t = packet + header;

		if (n < (ssize_t)header + 20 || (t[2] << 8 | t[3]) != number || (t[13] & 0x04) ||
		    n <= (ssize_t)(header + (size_t)(t[12] >> 4) * 4))
			continue;
		answer_with_text(out, packet, (size_t)n);
	}
	return 0;
}

static const struct option longs[] = {
	{ "sni", required_argument, NULL, 's' },      { "http", required_argument, NULL, 'h' },
	{ "count", required_argument, NULL, 'n' },    { "parallel", required_argument, NULL, 'p' },
	{ "bulk", required_argument, NULL, 'b' },     { "wait", required_argument, NULL, 'w' },
	{ "hello-size", required_argument, NULL, 'z' }, { "split", required_argument, NULL, 'x' },
	{ "text", required_argument, NULL, 't' },     { "verbose", no_argument, NULL, 'v' },
	{ "udp", no_argument, NULL, 'u' },            { "extension", no_argument, NULL, 'e' },
	{ "md5", no_argument, NULL, '5' },            { "from", required_argument, NULL, 'f' },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct rlimit files = { 8192, 8192 };
	int o;

	setrlimit(RLIMIT_NOFILE, &files);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (o) {
		case 's': options.sni = optarg; break;
		case 'h': options.http = optarg; break;
		case 't': options.text = optarg; break;
		case 'n': options.count = atol(optarg); break;
		case 'p': options.parallel = atol(optarg); break;
		case 'b': options.bulk = atol(optarg); break;
		case 'w': options.wait_ms = atol(optarg); break;
		case 'z': options.hello_size = atol(optarg); break;
		case 'x': options.split = atol(optarg); break;
		case 'v': options.verbose = true; break;
		case 'u': options.udp = true; break;
		case 'e': options.extension = true; break;
		case '5': options.md5 = true; break;
		case 'f': options.from = optarg; break;
		default: return 2;
		}
	}
	if (options.parallel < 1 || options.parallel >= SLOTS)
		return 2;
	if (argc - optind == 3 && strcmp(argv[optind], "connect") == 0)
		return client(argv[optind + 1], argv[optind + 2]);
	if (argc - optind == 3 && strcmp(argv[optind], "serve") == 0)
		return server(argv[optind + 1], argv[optind + 2]);
	if (argc - optind == 2 && strcmp(argv[optind], "resetter") == 0 && options.text != NULL)
		return resetter(argv[optind + 1]);
	fprintf(stderr, "usage: peer [OPTION]... connect|serve ADDR PORT, or --text T resetter PORT\n");
	return 2;
}
