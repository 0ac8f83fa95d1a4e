/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a new policy changes. */
#ifndef EPITAPH_CLI_DIFF_H
#define EPITAPH_CLI_DIFF_H

#include "policy/policy.h"

#include <jansson.h>

/* Names of rules and sets, as JSON arrays: "added", "removed", "changed", "sets_changed".
 * The caller owns it. */
json_t *policy_diff(const struct policy *before, const struct policy *after);

/* Elements of all named sets. */
size_t policy_entries(const struct policy *p);

#endif
