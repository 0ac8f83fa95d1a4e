/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/drill_lab.h"

#include "rules/spawn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVER "198.51.100.2"

enum {
	DISCARD_PORT = 9,
	ANSWER_MS = 700,  /* how long an answer may take; what passes takes less than one */
	START_MS = 15000, /* and the start of a daemon */
	STEP_MS = 20,
	REQUEST_MAX = 256,
};

static const enum drill_port ports[DRILL_PORTS] = { DRILL_BLOCKED, DRILL_FREE, DRILL_NAMED };

const char *drill_outcome_name(enum drill_outcome o)
{
	static const char *const names[] = { "passes", "refused", "cut", "no answer" };

	return names[o];
}

static int new_namespace(void)
{
	return unshare(CLONE_NEWNET) == 0 ? open("/proc/thread-self/ns/net", O_RDONLY) : -1;
}

static bool enter(int namespace)
{
	return setns(namespace, CLONE_NEWNET) == 0;
}

/* Run ip(8) with the lines of @batch in @namespace. */
static bool run_ip(int namespace, const char *batch)
{
	char *argv[] = { "ip", "-batch", "-", NULL }, *said = NULL;
	int result = enter(namespace) ? spawn_run(argv, batch, 2, &said) : -errno;

	if (result == -ENOENT)
		fprintf(stderr,
			"epitaph doctor: 'ip' was not found; install the package iproute2\n");
	else if (result != 0)
		fprintf(stderr, "epitaph doctor: the lab cannot be made: %s\n",
			said != NULL && said[0] != '\0' ? said : strerror(-result));
	free(said);
	return result == 0;
}

static bool forward(void)
{
	int fd = open("/proc/sys/net/ipv4/ip_forward",
		      O_WRONLY); /* of the namespace that opens it */
	bool good;

	good = fd >= 0 && write(fd, "1", 1) == 1;
	if (fd >= 0)
		close(fd);
	return good;
}

static bool make_links(struct drill_lab *lab)
{
	char batch[512];

	snprintf(batch, sizeof(batch),
		 "link set lo up\n"
		 "link add lan0 type veth peer name eth0 netns /proc/%d/fd/%d\n"
		 "link add wan0 type veth peer name eth0 netns /proc/%d/fd/%d\n"
		 "addr add 10.8.0.1/24 dev lan0\naddr add 198.51.100.1/24 dev wan0\n"
		 "link set lan0 up\nlink set wan0 up\n",
		 getpid(), lab->client, getpid(), lab->server);
	return run_ip(lab->router, batch) &&
	       run_ip(lab->client, "addr add 10.8.0.2/24 dev eth0\nlink set eth0 up\n"
				   "route add default via 10.8.0.1\n") &&
	       run_ip(lab->server, "addr add " SERVER "/24 dev eth0\nlink set eth0 up\n"
				   "route add default via 198.51.100.1\n");
}

static struct sockaddr_in server_address(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, SERVER, &a.sin_addr);
	return a;
}

/* A socket that belongs to @namespace; the caller is back in the router's. */
static int socket_in(const struct drill_lab *lab, int namespace, int type)
{
	int fd = enter(namespace) ? socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;

	return enter(lab->router) ? fd : -1;
}

static bool listen_all(struct drill_lab *lab)
{
	for (int i = 0; i < DRILL_PORTS; i++) {
		struct sockaddr_in a = server_address((uint16_t)ports[i]);
		int fd = lab->listener[i] = socket_in(lab, lab->server, SOCK_STREAM);

		if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
		    listen(fd, SOMAXCONN) != 0)
			return false;
	}
	return true;
}

bool drill_lab_open(struct drill_lab *lab)
{
	*lab = (struct drill_lab){ .router = -1, .client = -1, .server = -1 };
	for (int i = 0; i < DRILL_PORTS; i++)
		lab->listener[i] = -1;
	snprintf(lab->dir, sizeof(lab->dir), "/tmp/epitaph-drill.XXXXXX");
	if (mkdtemp(lab->dir) == NULL) {
		lab->dir[0] = '\0';
		fprintf(stderr, "epitaph doctor: cannot write below /tmp: %s\n", strerror(errno));
		return false;
	}
	lab->client = new_namespace();
	lab->server = new_namespace();
	lab->router = new_namespace();
	if (lab->router < 0) {
		fprintf(stderr, "epitaph doctor: cannot make network namespaces: %s\n",
			errno == EPERM ? "run this as root" : strerror(errno));
		return false;
	}
	if (!make_links(lab))
		return false;
	if (enter(lab->router) && forward() && listen_all(lab))
		return true;
	fprintf(stderr, "epitaph doctor: the lab cannot be made: %s\n", strerror(errno));
	return false;
}

static void remove_file(const struct drill_lab *lab, const char *name)
{
	char path[DRILL_DIR + 32];

	snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	unlink(path);
}

void drill_lab_close(struct drill_lab *lab)
{
	if (lab->daemon != 0)
		drill_daemon_signal(lab, SIGKILL);
	for (int i = 0; i < DRILL_PORTS; i++) {
		if (lab->listener[i] >= 0)
			close(lab->listener[i]);
	}
	if (lab->dir[0] != '\0') {
		remove_file(lab, "policy.conf");
		remove_file(lab, "said");
		remove_file(lab, "events");
		rmdir(lab->dir);
	}
}

static bool write_policy(const char *path, const struct policy *p, unsigned length, unsigned buffer)
{
	const struct daemon_settings *d = &p->daemon;
	FILE *out = fopen(path, "we");

	if (out == NULL)
		return false;
	fprintf(out, "daemon { queues 0; backend %s; on daemon-loss %s; on overload %s\n",
		backend_name(d->backend), open_name(d->loss_open), open_name(d->overload_open));
	fprintf(out, "queue length %u; queue buffer %u; mark mask 0x%x }\n", length, buffer,
		d->mark_mask);
	fprintf(out,
		"policy forward {\ndefault accept\nport: tcp dport %d reset\n"
		"flood: udp dport %d drop\nhost: tcp dport %d http host \"blocked.example\" reset\n}\n",
		DRILL_BLOCKED, DISCARD_PORT, DRILL_NAMED);
	return fclose(out) == 0;
}

/* The daemon's own process, from here on. */
static void become_daemon(const char *policy, const char *events, const char *said)
{
	char *argv[] = { "epitaph", "run", "-c", (char *)policy, "-e", (char *)events, NULL };
	int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd >= 0) {
		dup2(fd, STDERR_FILENO);
		dup2(fd, STDOUT_FILENO);
	}
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Whether @path holds @text; what it holds goes to @shown. */
static bool file_holds(const char *path, const char *text, char shown[1024])
{
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(shown, 1, 1023, f) : 0;

	shown[n] = '\0';
	if (f != NULL)
		fclose(f);
	return strstr(shown, text) != NULL;
}

bool drill_daemon_start(struct drill_lab *lab, const struct policy *policy, unsigned length,
			unsigned buffer, const char *events)
{
	char config[DRILL_DIR + 16], said[DRILL_DIR + 16], shown[1024] = "";
	bool in_force = false;

	snprintf(config, sizeof(config), "%s/policy.conf", lab->dir);
	snprintf(said, sizeof(said), "%s/said", lab->dir);
	if (!write_policy(config, policy, length, buffer)) {
		fprintf(stderr, "epitaph doctor: cannot write %s: %s\n", config, strerror(errno));
		return false;
	}
	unlink(said);
	lab->daemon = fork();
	if (lab->daemon == 0)
		become_daemon(config, events, said);
	for (int i = 0; i < START_MS / STEP_MS && lab->daemon > 0 && !in_force; i++) {
		usleep(STEP_MS * 1000);
		in_force = file_holds(said, "in force", shown);
		if (!in_force && waitpid(lab->daemon, NULL, WNOHANG) == lab->daemon)
			lab->daemon = 0;
	}
	if (!in_force)
		fprintf(stderr, "epitaph doctor: the daemon does not start: %s\n", shown);
	return in_force;
}

void drill_daemon_signal(struct drill_lab *lab, int signal)
{
	kill(lab->daemon, signal);
	if (signal == SIGSTOP)
		waitpid(lab->daemon, NULL, WUNTRACED);
	if (signal == SIGKILL || signal == SIGTERM) {
		waitpid(lab->daemon, NULL, 0);
		lab->daemon = 0;
	}
}

static bool wait_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) == 1;
}

static enum drill_outcome outcome_of(int error)
{
	return error == 0	       ? DRILL_PASSES
	       : error == ECONNREFUSED ? DRILL_REFUSED
	       : error == ECONNRESET   ? DRILL_CUT
				       : DRILL_NOTHING;
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

int drill_connect(const struct drill_lab *lab, enum drill_port port, int wait_ms,
		  enum drill_outcome *outcome)
{
	struct sockaddr_in a = server_address((uint16_t)port);
	int fd = socket_in(lab, lab->client, SOCK_STREAM);

	*outcome = DRILL_NOTHING;
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS)
		*outcome = wait_for(fd, POLLOUT, wait_ms) ? outcome_of(socket_error(fd))
							  : DRILL_NOTHING;
	else
		*outcome = outcome_of(errno);
	if (*outcome == DRILL_PASSES)
		return fd;
	close(fd);
	return -1;
}

static bool send_request(int fd, const char *host)
{
	char request[REQUEST_MAX];
	int len = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);

	return send(fd, request, (size_t)len, MSG_NOSIGNAL) == len;
}

/* End a connection with no trace of it in either end's TCP. */
static void abandon(int fd)
{
	struct linger at_once = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

static int listener_of(const struct drill_lab *lab, enum drill_port port)
{
	for (int i = 0; i < DRILL_PORTS; i++) {
		if (ports[i] == port)
			return lab->listener[i];
	}
	return -1;
}

/* Take what waits to be accepted, the newest last; -1 when nothing comes. */
static int accept_newest(const struct drill_lab *lab, enum drill_port port)
{
	int listener = listener_of(lab, port), fd = -1, next;

	if (!wait_for(listener, POLLIN, ANSWER_MS))
		return -1;
	while ((next = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= 0)
			abandon(fd);
		fd = next;
	}
	return fd;
}

enum drill_outcome drill_try(const struct drill_lab *lab, enum drill_port port, const char *host)
{
	enum drill_outcome outcome;
	int fd = drill_connect(lab, port, ANSWER_MS, &outcome), server;
	char octet;

	if (fd < 0)
		return outcome;
	server = accept_newest(lab, port);
	if (host != NULL && send_request(fd, host)) {
		/* The request arrives, or a reset comes, or neither. */
		struct pollfd p[] = { { .fd = fd, .events = POLLIN },
				      { .fd = server, .events = POLLIN } };

		outcome = DRILL_NOTHING;
		if (poll(p, 2, ANSWER_MS) > 0 && p[1].revents == POLLIN)
			outcome = DRILL_PASSES;
		else if (recv(fd, &octet, 1, 0) < 0 && errno == ECONNRESET)
			outcome = DRILL_CUT;
	}
	if (server >= 0)
		abandon(server);
	abandon(fd);
	return outcome;
}

bool drill_hold(const struct drill_lab *lab, enum drill_port port, const char *host,
		struct drill_held *out)
{
	enum drill_outcome outcome;

	out->client = drill_connect(lab, port, ANSWER_MS, &outcome);
	out->server = out->client >= 0 ? accept_newest(lab, port) : -1;
	return out->server >= 0 && (host == NULL || send_request(out->client, host));
}

/* Send an octet from one end, and find it at the other, behind what is there already. */
static bool gets_through(int from, int to)
{
	static char mark = 'a';
	char got[REQUEST_MAX];
	ssize_t n = 0;

	mark = mark == 'z' ? 'a' : (char)(mark + 1);
	if (send(from, &mark, 1, MSG_NOSIGNAL) != 1)
		return false;
	do {
		if (!wait_for(to, POLLIN, ANSWER_MS))
			return false;
		n = recv(to, got, sizeof(got), 0);
	} while (n > 0 && got[n - 1] != mark);
	return n > 0;
}

bool drill_held_works(const struct drill_held *h)
{
	return gets_through(h->client, h->server) && gets_through(h->server, h->client);
}

void drill_release(struct drill_held *h)
{
	if (h->client >= 0)
		abandon(h->client);
	if (h->server >= 0)
		abandon(h->server);
	h->client = h->server = -1;
}

void drill_flood(const struct drill_lab *lab, unsigned count, size_t size, bool apart)
{
	struct sockaddr_in a = server_address(DISCARD_PORT);
	static const char octets[1400];
	int fd = -1;

	for (unsigned i = 0; i < count; i++) {
		if (fd < 0)
			fd = socket_in(lab, lab->client, SOCK_DGRAM);
		if (fd < 0)
			return;
		sendto(fd, octets, size, 0, (struct sockaddr *)&a, sizeof(a));
		if (apart) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
}
