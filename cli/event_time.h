/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of events as they are in the log. */
#ifndef EPITAPH_CLI_EVENT_TIME_H
#define EPITAPH_CLI_EVENT_TIME_H

#include <stdint.h>

/* Microseconds since the epoch of "2026-11-25T10:00:00.000000+00:00", as we write it; -1 of something else. */
int64_t event_time_us(const char *text);

#endif
