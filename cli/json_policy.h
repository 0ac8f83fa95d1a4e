/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled policy as JSON, for tools. */
#ifndef EPITAPH_CLI_JSON_POLICY_H
#define EPITAPH_CLI_JSON_POLICY_H

#include "policy/policy.h"

#include <jansson.h>

/* The caller owns it; NULL without memory. */
json_t *json_policy(const struct policy *p);

/* @text as a string, NULL when that is NULL; octets that are no UTF-8 become '?'. */
json_t *json_text(const char *text);

/* The whole number that the object @o has at @key, or 0. */
long long json_number_at(const json_t *o, const char *key);

/* The sum of the whole numbers that the objects of the array @list have at @key. */
long long json_total_at(const json_t *list, const char *key);

/* The text that the object @o has at @key, or "". */
const char *json_text_at(const json_t *o, const char *key);

#endif
