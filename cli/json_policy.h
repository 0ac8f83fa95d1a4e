/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled policy as JSON, for tools. */
#ifndef EPITAPH_CLI_JSON_POLICY_H
#define EPITAPH_CLI_JSON_POLICY_H

#include "policy/policy.h"

#include <jansson.h>

/* The caller owns it; NULL without memory. */
json_t *json_policy(const struct policy *p);

/* @text as a string; octets that are no UTF-8 become '?'. */
json_t *json_text(const char *text);

#endif
