/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as system calls have them. */
#ifndef EPITAPH_CLI_SOCKADDR_H
#define EPITAPH_CLI_SOCKADDR_H

#include "tcp/addr.h"

#include <sys/socket.h>

/* The address and port of @a; false, with nothing set, when it is neither IPv4 nor IPv6. */
bool sockaddr_read(const struct sockaddr *a, struct ip_addr *out, uint16_t *port);

#endif
