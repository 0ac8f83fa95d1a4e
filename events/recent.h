/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latest blocks, for who asks the running daemon: written by the log thread, read by another. */
#ifndef EPITAPH_EVENTS_RECENT_H
#define EPITAPH_EVENTS_RECENT_H

#include "events/event.h"

enum { RECENT_BLOCKS = 32 };

struct recent;

/* NULL without memory. The caller owns it. */
struct recent *recent_new(void);
void recent_free(struct recent *r);

/* Note @e, if it is a block. */
void recent_note(struct recent *r, const struct event *e);

/* The latest, newest first. Returns how many there are. */
unsigned recent_list(struct recent *r, struct event out[RECENT_BLOCKS]);

#endif
