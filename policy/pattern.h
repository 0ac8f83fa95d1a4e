/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns over the first octets of a flow: plain octets, or a regular expression with bounds.
 *
 * A regular expression is PCRE2's, over octets (no UTF), interpreted and never compiled to machine
 * code, with limits on steps, depth and memory: one that runs into them does not match, and is counted.
 */
#ifndef EPITAPH_POLICY_PATTERN_H
#define EPITAPH_POLICY_PATTERN_H

#include "policy/tri.h"
#include "tcp/bytes.h"

enum { PATTERN_WITHIN_MAX = 16384, PATTERN_ERROR = 160 };

struct pattern {
	bool regex, anchored; /* anchored: an expression that matches at the start or not at all */
	char *source;	      /* as the policy spells it */
	uint8_t *octets;
	size_t len;
	void *code;	 /* pcre2_code */
	uint32_t within; /* octets that are looked at */
};

/* What matching needs beside the pattern; one per thread. */
struct pattern_scratch;
struct pattern_scratch *pattern_scratch_new(void);
void pattern_scratch_free(struct pattern_scratch *s);
/* How often an expression ran into its limits. */
uint64_t pattern_scratch_limited(const struct pattern_scratch *s);

/*
 * Compile plain octets, with the escapes \xNN \n \r \t \\, or an expression. Returns NULL with @error
 * filled. The caller owns it.
 */
struct pattern *pattern_octets(const char *source, char error[PATTERN_ERROR]);
struct pattern *pattern_regex(const char *source, char error[PATTERN_ERROR]);
void pattern_free(struct pattern *p);

/* Whether @p is found in the first p->within octets of @data; maybe while @more can come. */
enum tri pattern_ask(const struct pattern *p, struct bytes data, bool more,
		     struct pattern_scratch *s);

#endif
