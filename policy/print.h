/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy in its canonical form: what is printed parses again to the same policy. Variables,
 * includes and lists from files are resolved, sets are merged, what is the default is left out.
 */
#ifndef EPITAPH_POLICY_PRINT_H
#define EPITAPH_POLICY_PRINT_H

#include <stdio.h>

struct policy;
struct rule;
struct match;

/* The whole policy. */
void policy_print(const struct policy *p, FILE *out);

/* One rule of either section, on one line without its end. */
void rule_print(const struct policy *p, const struct rule *r, FILE *out);

/* One match, with its operand. */
void match_print(const struct policy *p, const struct match *m, FILE *out);

/* @text as a string of the language. */
void print_quoted(const char *text, FILE *out);

#endif
