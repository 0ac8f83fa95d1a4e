/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets with comments, in the pcapng format (draft-ietf-opsawg-pcapng), which libpcap cannot write. */
#ifndef EPITAPH_EVENTS_PCAPNG_H
#define EPITAPH_EVENTS_PCAPNG_H

#include "events/files.h"

#include <stdint.h>

enum { PCAPNG_BLOCK_MAX = 2048 };

/* What a file begins with: a section, and an interface of raw IP packets. */
struct file_start pcapng_start(void);

/* Write the block of a packet, @len octets of @full_len, with a comment, into @out. Returns its length. */
size_t pcapng_packet(int64_t time_us, const uint8_t *packet, uint32_t len, uint32_t full_len,
		     const char *comment, uint8_t out[PCAPNG_BLOCK_MAX]);

#endif
