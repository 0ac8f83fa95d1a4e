/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What resets have in common: who sends most, what they say, of which kinds they are, which numbers they bear. */
#ifndef EPITAPH_CLI_TALLY_H
#define EPITAPH_CLI_TALLY_H

#include "events/event.h"

#include <stdio.h>

struct tally;

/* NULL without memory. The caller owns it. */
struct tally *tally_new(void);
void tally_free(struct tally *t);

/* Count @e, a "reset" event. */
void tally_add(struct tally *t, const struct event *e);

uint64_t tally_resets(const struct tally *t);

/* Print what was counted, for people or as one JSON object. */
void tally_print(const struct tally *t, FILE *out);
void tally_print_json(const struct tally *t, FILE *out);

#endif
