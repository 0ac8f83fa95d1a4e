/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as JSON objects, EVE-compatible where EVE has the key. */
#ifndef EPITAPH_EVENTS_JSON_H
#define EPITAPH_EVENTS_JSON_H

#include "events/event.h"

#include <jansson.h>
#include <stdio.h>

/* No event is longer: its texts are bounded, and escaping doubles them at most. */
enum { JSON_LINE_MAX = 8192 };

/* Write @e, not an EVENT_PACKET, to @out, with a NUL. Returns the length; 0 without memory. */
size_t json_format(const struct event *e, char out[JSON_LINE_MAX]);

/* Counters as an object, as a "stats" event has them. The caller owns it. */
json_t *json_stats(const struct event_stats *s);

/* Write @e as one line. Returns 0, -ENOMEM, or -EIO when @out did not take it. */
int json_write(const struct event *e, FILE *out);

#endif
