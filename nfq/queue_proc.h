/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of queues: the kernel's drop counters, and who owns one. */
#ifndef EPITAPH_NFQ_QUEUE_PROC_H
#define EPITAPH_NFQ_QUEUE_PROC_H

#include <stdbool.h>
#include <stdint.h>

enum { QUEUE_OWNER = 64 };

/* The kernel's own counters of queue @number: what it dropped because the queue was full
 * (*queue_dropped) and because the socket was (*user_dropped). False when it is not listed. */
bool queue_kernel_drops(uint16_t number, uint64_t *queue_dropped, uint64_t *user_dropped);

/* Who listens on queue @number, such as "process 4711 (suricata)". False when nobody does. */
bool queue_owner(uint16_t number, char out[QUEUE_OWNER]);

#endif
