/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One end of a flow as people write it. */
#ifndef EPITAPH_POLICY_ENDPOINT_H
#define EPITAPH_POLICY_ENDPOINT_H

#include "tcp/addr.h"

/*
 * "10.8.0.5", "10.8.0.5:443", "2001:db8::5" or "[2001:db8::5]:443"; the port is 0 when there is none.
 * Returns the family (4 or 6), or 0 when it is no end.
 */
int endpoint_parse(const char *text, struct ip_addr *addr, uint16_t *port);

#endif
