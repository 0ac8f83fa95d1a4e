/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum (RFC 1071). */
#ifndef EPITAPH_TCP_CHECKSUM_H
#define EPITAPH_TCP_CHECKSUM_H

#include "tcp/addr.h"
#include "tcp/bytes.h"

/* One's complement sum of @b added to @sum; not folded. */
uint64_t checksum_add(uint64_t sum, struct bytes b);

/* Fold and complement: the value for the wire, in host order. */
uint16_t checksum_fold(uint64_t sum);

/* The sum of the pseudo header of @t (RFC 9293 3.1, RFC 8200 8.1) for @len octets of @proto. */
uint64_t checksum_pseudo(const struct ip_tuple *t, uint8_t proto, uint32_t len);

#endif
