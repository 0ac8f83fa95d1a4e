/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/queue_proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUEUE_PID = 24, QUEUES_SHOWN = 128, LINE_MAX_LEN = 100 };

/* One line of /proc/net/netfilter/nfnetlink_queue: number, port, waiting, copy mode, copy range,
 * dropped by the queue, dropped for user space, last id, 1. */
static bool next_line(FILE *f, struct queue_line *out)
{
	return fscanf(f, "%llu %llu %llu %*u %*u %llu %llu %*u %*u", &out->number, &out->port,
		      &out->waiting, &out->queue_dropped, &out->user_dropped) == 5;
}

int queue_lines_open(void)
{
	int fd = open("/proc/thread-self/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

static FILE *open_lines(void)
{
	int fd = queue_lines_open();
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

bool queue_line_in(int fd, uint16_t number, struct queue_line *out)
{
	char text[QUEUES_SHOWN * LINE_MAX_LEN];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	FILE *f = n > 0 ? fmemopen(text, (size_t)n, "r") : NULL;
	struct queue_line l;
	bool found = false;

	while (f != NULL && !found && next_line(f, &l))
		found = l.number == number;
	if (f != NULL)
		fclose(f);
	if (found)
		*out = l;
	return found;
}

bool queue_line_of(uint16_t number, struct queue_line *out)
{
	int fd = queue_lines_open();
	bool found = fd >= 0 && queue_line_in(fd, number, out);

	if (fd >= 0)
		close(fd);
	return found;
}

/* The inode of the netlink socket with this port; 0 when there is none. */
static unsigned long socket_inode(unsigned long long port)
{
	FILE *f = fopen("/proc/thread-self/net/netlink", "re");
	unsigned long inode, found = 0;
	unsigned long long pid;
	char line[256];

	if (f == NULL)
		return 0;
	/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode; 12 is NETLINK_NETFILTER */
	while (found == 0 && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*s 12 %llu %*s %*s %*s %*s %*s %*s %lu", &pid, &inode) == 2 &&
		    pid == port)
			found = inode;
	}
	fclose(f);
	return found;
}

static bool has_socket(const char *process, unsigned long inode)
{
	char path[64], link[64], wanted[64];
	struct dirent *e;
	DIR *d;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", process);
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	d = opendir(path);
	if (d == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	closedir(d);
	return found;
}

static void name_process(const char *process, char out[QUEUE_OWNER])
{
	char path[64], name[20] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", process);
	f = fopen(path, "re");
	if (f != NULL) {
		if (fgets(name, sizeof(name), f) != NULL)
			name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	snprintf(out, QUEUE_OWNER, "process %.20s (%s)", process, name);
}

/* The process that holds the netlink socket with this port; false when it is not to be seen. */
static bool find_process(unsigned long long port, char process[QUEUE_PID])
{
	unsigned long inode = socket_inode(port);
	DIR *d = inode != 0 ? opendir("/proc") : NULL;
	struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		found = e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_socket(e->d_name, inode);
		if (found)
			snprintf(process, QUEUE_PID, "%.20s", e->d_name);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static void name_owner(const struct queue_line *l, char out[QUEUE_OWNER])
{
	char process[QUEUE_PID];

	if (find_process(l->port, process))
		name_process(process, out);
	else
		snprintf(out, QUEUE_OWNER, "netlink port %llu", l->port);
}

bool queue_owner(uint16_t number, char out[QUEUE_OWNER])
{
	struct queue_line l;

	if (!queue_line_of(number, &l))
		return false;
	name_owner(&l, out);
	return true;
}

bool queue_find_owner(const char *program, uint16_t *number, char out[QUEUE_OWNER])
{
	FILE *f = open_lines();
	char wanted[QUEUE_OWNER];
	struct queue_line l;
	bool found = false;

	snprintf(wanted, sizeof(wanted), "(%s)", program);
	while (f != NULL && !found && next_line(f, &l)) {
		name_owner(&l, out);
		found = strstr(out, wanted) != NULL;
	}
	if (f != NULL)
		fclose(f);
	if (found)
		*number = (uint16_t)l.number;
	return found;
}
