/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of queues: the kernel's drop counters, and who owns one. */
#ifndef EPITAPH_NFQ_QUEUE_PROC_H
#define EPITAPH_NFQ_QUEUE_PROC_H

#include <stdbool.h>
#include <stdint.h>

enum { QUEUE_OWNER = 64 };

/* What the kernel tells of a queue that somebody listens on. */
struct queue_line {
	unsigned long long number, port; /* of the netlink socket that listens */
	unsigned long long waiting;
	unsigned long long queue_dropped, user_dropped; /* the queue was full; the socket was */
};

/* False when nobody listens on queue @number of this network namespace, or nothing may be read of it. */
bool queue_line_of(uint16_t number, struct queue_line *out);

/* The same in two steps, for who reads it often or gives up the right to: only root may open it. Returns a
 * descriptor, to be closed, or -errno. */
int queue_lines_open(void);
bool queue_line_in(int fd, uint16_t number, struct queue_line *out);

/* Who listens on queue @number, such as "process 4711 (suricata)". False when nobody does. */
bool queue_owner(uint16_t number, char out[QUEUE_OWNER]);

/* A queue of this network namespace that a process called @program listens on, and which process. */
bool queue_find_owner(const char *program, uint16_t *number, char out[QUEUE_OWNER]);

#endif
