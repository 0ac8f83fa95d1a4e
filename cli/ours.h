/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which resets were ours, by the log of who sent them. */
#ifndef EPITAPH_CLI_OURS_H
#define EPITAPH_CLI_OURS_H

#include "events/event.h"

struct ours;

/* Read the "block" events of a log, JSON lines that may be compressed. NULL after a message on standard error. */
struct ours *ours_open(const char *path);
void ours_free(struct ours *o);

/* Mark the reading of @e, a "reset" event, when it was sent for one of the events: its text names one, or its flow
 * was cut then or a minute before. */
void ours_recognise(const struct ours *o, struct event *e);

#endif
