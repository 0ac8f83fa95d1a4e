/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interface names by index, remembered for some seconds. */
#ifndef EPITAPH_NFQ_IFNAMES_H
#define EPITAPH_NFQ_IFNAMES_H

#include <stdint.h>

struct ifnames;

/* NULL without memory. One thread uses it. */
struct ifnames *ifnames_new(void);
void ifnames_free(struct ifnames *n);

/* The name of @index, or "" for 0 and for what does not exist. Valid until the next call. */
const char *ifnames_get(struct ifnames *n, uint32_t index, int64_t now_us);

#endif
