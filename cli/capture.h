/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures: IP datagrams out of link layers, in the order of a file or as they pass by. */
#ifndef EPITAPH_CLI_CAPTURE_H
#define EPITAPH_CLI_CAPTURE_H

#include "tcp/bytes.h"

struct capture;

/* Open a pcap or pcapng file, '-' for standard input; it may be compressed by gzip. NULL after a message on
 * standard error. */
struct capture *capture_open(const char *path);

/* Capture what passes by @interface ("any": every one) and matches @filter, a pcap filter. NULL after a message. */
struct capture *capture_open_live(const char *interface, const char *filter);

struct capture_meta {
	uint32_t interface; /* its index; 0: not known */
	bool outgoing;	    /* it was seen when it left this host */
	uint64_t frame;	    /* its number in a file, from 1 on; 0 in a live capture */
};

/* What is known of the latest datagram's way; only captures of "any" interface tell of interfaces. */
const struct capture_meta *capture_meta(const struct capture *c);

/* To poll for input of a live capture. */
int capture_fd(const struct capture *c);

/* How many packets of a live capture the kernel had no room for. */
unsigned capture_lost(const struct capture *c);

void capture_close(struct capture *c);

/*
 * The next IP datagram; other frames are skipped. *ip is valid until the next call. Returns 1, 0 at
 * the end or when no more has passed by yet, -1 after a message when the file is damaged.
 */
int capture_next(struct capture *c, struct bytes *ip, int64_t *time_us);

/* The IP datagram in a frame of the pcap link type @linktype; empty when it carries none. */
struct bytes capture_ip_of(int linktype, struct bytes frame);

#endif
