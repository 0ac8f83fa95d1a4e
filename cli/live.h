/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP as it passes by on this host, each packet once. */
#ifndef EPITAPH_CLI_LIVE_H
#define EPITAPH_CLI_LIVE_H

#include "cli/observe.h"

struct live;

/* Watch @interface ("any": every one) for segments that open or end connections, or for @all of TCP. NULL after a
 * message on standard error. */
struct live *live_open(const char *interface, bool all);
void live_close(struct live *l);

/* To poll for input. */
int live_fd(const struct live *l);

/* The next IP datagram, valid until the next call. Returns 1, 0 when none has come yet, -1 after a message. */
int live_next(struct live *l, struct observed *out);

/* How many packets the kernel had no room for. */
unsigned live_lost(const struct live *l);

#endif
