/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where events go: JSON lines in a file, syslog, journald, a socket, a capture file. */
#ifndef EPITAPH_EVENTS_SINK_H
#define EPITAPH_EVENTS_SINK_H

#include "events/event.h"

struct sinks;

/* Open what @settings name; @path, when given, stands for their file, and NULL for standard output.
 * Returns 0 or -errno; the caller owns *out. */
int sinks_open(const char *path, const struct log_settings *settings, struct sinks **out);
void sinks_close(struct sinks *s);

/* Give @e to all sinks, none of which waits for its reader. A sink that fails is reported once on standard error,
 * until it works again. @lost counts those that did not take it. */
void sinks_write(struct sinks *s, const struct event *e, uint64_t lost[EVENT_LOSSES]);

/* Hand over what was written. */
void sinks_flush(struct sinks *s);

/* What to poll for output, as sinks_flush() is due then; -1 when nothing waits. */
int sinks_wait_for(const struct sinks *s);

/* Open the files anew: others have renamed them. */
void sinks_reopen(struct sinks *s);

#endif
