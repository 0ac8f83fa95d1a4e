/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that do not hold for some sources, for a while.
 *
 * Theory of operation. A policy points to the exceptions that are in force. Who changes them makes new ones and swaps
 * the pointer; packets that are judged meanwhile go by one or by the other. They do not know time: what has expired is
 * left out of the next ones.
 */
#ifndef EPITAPH_POLICY_EXCEPTIONS_H
#define EPITAPH_POLICY_EXCEPTIONS_H

#include "tcp/addr.h"

#include <stddef.h>

struct policy;
struct exceptions;

/* NULL without memory. The caller owns them. */
struct exceptions *exceptions_new(void);
void exceptions_free(struct exceptions *x);

/*
 * Leave out the rule at @index for the sources that @text spells: an address, prefix or range; it is written to.
 * Returns NULL, or why it cannot be.
 */
const char *exceptions_add(struct exceptions *x, size_t index, char *text);

/* Once, before the first question. Returns 0 or -ENOMEM. */
int exceptions_seal(struct exceptions *x);

/* True when the rule at @index is left out for @source. */
bool exceptions_hold(const struct exceptions *x, size_t index, const struct ip_addr *source);

#endif
