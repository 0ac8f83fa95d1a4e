/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture files: IP datagrams out of link layers, in the order of the file. */
#ifndef EPITAPH_CLI_CAPTURE_H
#define EPITAPH_CLI_CAPTURE_H

#include "tcp/bytes.h"

struct capture;

/* Open a pcap or pcapng file, '-' for standard input. NULL after a message on standard error. */
struct capture *capture_open(const char *path);
void capture_close(struct capture *c);

/*
 * The next IP datagram; other frames are skipped. *ip is valid until the next call. Returns 1, 0 at
 * the end, -1 after a message when the file is damaged.
 */
int capture_next(struct capture *c, struct bytes *ip, int64_t *time_us);

/* The IP datagram in a frame of the pcap link type @linktype; empty when it carries none. */
struct bytes capture_ip_of(int linktype, struct bytes frame);

#endif
