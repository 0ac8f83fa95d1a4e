/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Community ID flow hashing, version 1, seed 0: the same flow has the same id in other tools' logs. */
#ifndef EPITAPH_EVENTS_COMMUNITY_ID_H
#define EPITAPH_EVENTS_COMMUNITY_ID_H

#include "tcp/addr.h"

enum { COMMUNITY_ID_LEN = 2 + 28 };

/* "1:" and the base64 of a SHA-1, for TCP and UDP tuples in either direction. Returns @out. */
const char *community_id(const struct ip_tuple *t, char out[COMMUNITY_ID_LEN + 1]);

#endif
