/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event of a log, told to people. */
#ifndef EPITAPH_CLI_EXPLAIN_EVENT_H
#define EPITAPH_CLI_EXPLAIN_EVENT_H

#include "policy/policy.h"

#include <stdio.h>

/* Find the block @id in the log at @path and print who was blocked, when, and what each end was told. The rule's name
 * is in @rule. False after a message on standard error. */
bool event_explain(const char *path, const char *id, char rule[NAME_LEN + 1], FILE *out);

#endif
