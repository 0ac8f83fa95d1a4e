/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs of events, as files to be read again. */
#ifndef EPITAPH_CLI_EVENT_LOG_H
#define EPITAPH_CLI_EVENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Give each line of a log, which may be compressed ('-': standard input), to @take. False after a message. */
bool event_log_each(const char *path, void (*take)(void *arg, const char *line), void *arg);

/* Microseconds since the epoch of "2026-11-25T10:00:00.000000+00:00", as we write it; -1 of something else. */
int64_t event_time_us(const char *text);

#endif
