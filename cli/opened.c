/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/opened.h"

#include "cli/sockaddr.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PORT_TRIES = 100, /* until a socket has its port, */
	PORT_US = 200,	  /* looked at this often */
	CANNOT_RUN = 126, /* as shells say it */
	NOT_FOUND = 127,
};

struct connection {
	struct ip_addr remote;
	uint16_t remote_port, own_port; /* own_port 0: not known */
};

struct opened {
	pid_t pid;
	int notify;
	struct connection *list;
	size_t count, room;
};

/* In the child: have connect() asked about. Returns the number of the descriptor, or -1. */
static int install_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (filter == NULL)
		return -1;
	/* Only root may filter without giving up setuid programs. */
	if (geteuid() == 0)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(connect), 0) != 0 ||
	    seccomp_load(filter) != 0)
		return -1;
	return seccomp_notify_fd(filter);
}

/* In the child: tell the parent which descriptor is to be taken, wait until it was, and become the command. */
static void become(char **words, int tell, int hear)
{
	int fd = install_filter();
	sigset_t none;
	char taken;

	if (write(tell, &fd, sizeof(fd)) != sizeof(fd) || fd < 0 || read(hear, &taken, 1) != 1)
		_exit(CANNOT_RUN);
	close(fd);
	close(tell);
	close(hear);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL); /* ours are not the command's */
	execvp(words[0], words);
	fprintf(stderr, "epitaph: cannot run %s: %s\n", words[0], strerror(errno));
	_exit(errno == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

/* A copy of the descriptor @fd of another process, or -1. */
static int copy_of(pid_t pid, int fd)
{
	int pidfd = pidfd_open(pid, 0), copy = -1;

	if (pidfd >= 0) {
		copy = pidfd_getfd(pidfd, fd, 0);
		close(pidfd);
	}
	return copy;
}

/* In the parent: take the descriptor by which the kernel asks. */
static int take_notify(pid_t child, int hear, int tell)
{
	int theirs = -1, fd = -1;

	if (read(hear, &theirs, sizeof(theirs)) == sizeof(theirs) && theirs >= 0)
		fd = copy_of(child, theirs);
	if (fd >= 0 && write(tell, "", 1) != 1) {
		close(fd);
		return -1;
	}
	return fd;
}

struct opened *opened_start(char **words)
{
	struct opened *o = calloc(1, sizeof(*o));
	int up[2] = { -1, -1 }, down[2] = { -1, -1 };

	if (o == NULL || pipe2(up, O_CLOEXEC) != 0 || pipe2(down, O_CLOEXEC) != 0) {
		fprintf(stderr, "epitaph: cannot start a command: %s\n", strerror(errno));
		free(o);
		return NULL;
	}
	o->pid = fork();
	if (o->pid == 0) {
		close(up[0]);
		close(down[1]);
		become(words, up[1], down[0]);
	}
	close(up[1]);
	close(down[0]);
	o->notify = o->pid > 0 ? take_notify(o->pid, up[0], down[1]) : -1;
	close(up[0]);
	close(down[1]);
	if (o->notify >= 0)
		return o;
	fprintf(stderr,
		"epitaph: cannot see what the command connects to: seccomp and pidfd_getfd() are needed "
		"(Linux 5.6), and the right to trace processes\n");
	if (o->pid > 0)
		waitpid(o->pid, NULL, 0);
	opened_free(o);
	return NULL;
}

void opened_free(struct opened *o)
{
	if (o == NULL)
		return;
	if (o->notify >= 0)
		close(o->notify);
	free(o->list);
	free(o);
}

pid_t opened_pid(const struct opened *o)
{
	return o->pid;
}

int opened_fd(const struct opened *o)
{
	return o->notify;
}

size_t opened_count(const struct opened *o)
{
	return o->count;
}

/* The process that the thread @tid is of. */
static pid_t process_of(uint32_t tid)
{
	char path[40], line[128];
	int pid = (int)tid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL &&
	       sscanf(line, "Tgid: %d", &pid) != 1)
		continue;
	if (f != NULL)
		fclose(f);
	return pid;
}

/* What connect() was given. False when it is not TCP. */
static bool read_request(const struct seccomp_notif *r, int *socket_copy, struct connection *c)
{
	struct sockaddr_storage a = { 0 };
	size_t len = r->data.args[2] < sizeof(a) ? (size_t)r->data.args[2] : sizeof(a);
	struct iovec here = { &a, len }, there = { (void *)(uintptr_t)r->data.args[1], len };
	int type = 0;
	socklen_t room = sizeof(type);

	*socket_copy = -1;
	if (process_vm_readv((pid_t)r->pid, &here, 1, &there, 1, 0) != (ssize_t)len ||
	    !sockaddr_read((const struct sockaddr *)&a, &c->remote, &c->remote_port))
		return false;
	*socket_copy = copy_of(process_of(r->pid), (int)r->data.args[0]);
	return *socket_copy < 0 ||
	       (getsockopt(*socket_copy, SOL_SOCKET, SO_TYPE, &type, &room) == 0 &&
		type == SOCK_STREAM);
}

/* The port that the socket gets when connect() goes on; 0 when it takes too long. */
static uint16_t own_port(int fd)
{
	struct sockaddr_storage a = { 0 };
	struct ip_addr address;
	uint16_t port = 0;

	for (int i = 0; i < PORT_TRIES && port == 0; i++) {
		socklen_t len = sizeof(a);

		if (getsockname(fd, (struct sockaddr *)&a, &len) != 0 ||
		    !sockaddr_read((const struct sockaddr *)&a, &address, &port))
			break;
		if (port == 0)
			usleep(PORT_US);
	}
	return port;
}

static void add(struct opened *o, const struct connection *c)
{
	size_t room = o->room ? 2 * o->room : 64;
	struct connection *more;

	if (o->count == o->room) {
		more = realloc(o->list, room * sizeof(*more));
		if (more == NULL)
			return;
		o->list = more;
		o->room = room;
	}
	o->list[o->count++] = *c;
}

/* Answer a request, once what it is about is known. */
static void answer(struct opened *o, const struct seccomp_notif *request,
		   struct seccomp_notif_resp *response)
{
	struct connection c = { .own_port = 0 };
	int fd;
	bool is_tcp = read_request(request, &fd, &c);

	response->id = request->id;
	response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	seccomp_notify_respond(o->notify, response);
	if (is_tcp) {
		c.own_port = fd >= 0 ? own_port(fd) : 0;
		add(o, &c);
	}
	if (fd >= 0)
		close(fd);
}

void opened_take(struct opened *o)
{
	/* Of the kernel's size, and zeros each time. */
	struct seccomp_notif *request = NULL;
	struct seccomp_notif_resp *response = NULL;

	if (seccomp_notify_alloc(&request, &response) != 0)
		return;
	if (seccomp_notify_receive(o->notify, request) == 0)
		answer(o, request, response);
	seccomp_notify_free(request, response);
}

static bool is_between(const struct connection *c, const struct ip_addr *remote,
		       uint16_t remote_port, uint16_t port)
{
	return c->remote_port == remote_port && addr_equal(&c->remote, remote) &&
	       (c->own_port == 0 || c->own_port == port);
}

bool opened_has(const struct opened *o, const struct ip_tuple *t)
{
	for (size_t i = o->count; i > 0; i--) {
		const struct connection *c = &o->list[i - 1];

		if (is_between(c, &t->src, t->sport, t->dport) ||
		    is_between(c, &t->dst, t->dport, t->sport))
			return true;
	}
	return false;
}
