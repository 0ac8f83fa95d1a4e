/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time in microseconds. */
#ifndef EPITAPH_EVENTS_CLOCK_H
#define EPITAPH_EVENTS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
