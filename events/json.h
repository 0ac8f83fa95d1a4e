/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as JSON objects, EVE-compatible where EVE has the key. */
#ifndef EPITAPH_EVENTS_JSON_H
#define EPITAPH_EVENTS_JSON_H

#include "events/event.h"

#include <stdio.h>

/* Write @e as one line. Returns 0, -ENOMEM, or -EIO when @out did not take it. */
int json_write(const struct event *e, FILE *out);

#endif
