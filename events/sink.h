/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where events go: a file of JSON lines that may rotate itself, syslog, a capture file. */
#ifndef EPITAPH_EVENTS_SINK_H
#define EPITAPH_EVENTS_SINK_H

#include "events/event.h"

struct sinks;

/* Open what @settings name; @path, when given, stands for their file, and NULL for standard output.
 * Returns 0 or -errno; the caller owns *out. */
int sinks_open(const char *path, const struct log_settings *settings, struct sinks **out);
void sinks_close(struct sinks *s);

/* Write @e to all sinks. A sink that fails is reported once on standard error, until it works again.
 * False when one did not take it. */
bool sinks_write(struct sinks *s, const struct event *e);

/* Hand over what was written; false when that failed. */
bool sinks_flush(struct sinks *s);

/* Open the files anew: others have renamed them. */
void sinks_reopen(struct sinks *s);

#endif
