/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many flows each rule of a policy has decided. */
#ifndef EPITAPH_CLI_HITS_H
#define EPITAPH_CLI_HITS_H

#include "policy/policy.h"

#include <jansson.h>

/* The rules that have decided most, most first, the ends of the policy ("default", "undecided") included. */
json_t *hits_list(const struct policy *p);

/* Begin anew: what was decided on trial was not done. */
void hits_clear(const struct policy *p);

/* Rules of @to that are of @from by their name go on counting from there. Without memory they begin anew. */
void hits_carry(const struct policy *from, const struct policy *to);

#endif
