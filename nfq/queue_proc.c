/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/queue_proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One line of /proc/net/netfilter/nfnetlink_queue: number, port, waiting, copy mode, copy range,
 * dropped by the queue, dropped for user space, last id, 1. */
struct queue_line {
	unsigned long long number, port, queue_dropped, user_dropped;
};

static bool find_line(uint16_t number, struct queue_line *out)
{
	FILE *f = fopen("/proc/thread-self/net/netfilter/nfnetlink_queue", "re");
	struct queue_line l;
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fscanf(f, "%llu %llu %*u %*u %*u %llu %llu %*u %*u", &l.number, &l.port,
				&l.queue_dropped, &l.user_dropped) == 4) {
		found = l.number == number;
		if (found)
			*out = l;
	}
	fclose(f);
	return found;
}

bool queue_kernel_drops(uint16_t number, uint64_t *queue_dropped, uint64_t *user_dropped)
{
	struct queue_line l;

	if (!find_line(number, &l))
		return false;
	*queue_dropped = l.queue_dropped;
	*user_dropped = l.user_dropped;
	return true;
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

bool queue_owner(uint16_t number, char out[QUEUE_OWNER])
{
	struct queue_line l;
	struct dirent *e;
	unsigned long inode;
	DIR *d;

	if (!find_line(number, &l))
		return false;
	snprintf(out, QUEUE_OWNER, "netlink port %llu", l.port);
	inode = socket_inode(l.port);
	d = inode ? opendir("/proc") : NULL;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9' || !has_socket(e->d_name, inode))
			continue;
		name_process(e->d_name, out);
		break;
	}
	if (d != NULL)
		closedir(d);
	return true;
}
