/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a policy: every finding with its place, in the form compilers use. */
#ifndef EPITAPH_POLICY_DIAG_H
#define EPITAPH_POLICY_DIAG_H

#include "tcp/bytes.h"

#include <stdio.h>

enum { DIAGS_MAX = 200 };

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct source {
	const char *name; /* as the user gave it */
	struct bytes text;
	unsigned index; /* findings are sorted by it: 0 is the policy file, then what it includes */
};

/* A run of octets in a source; line and column count from 1, columns in octets. */
struct place {
	const struct source *source;
	uint32_t offset, len, line, column;
};

struct diag {
	enum severity severity;
	unsigned file_index;
	char *file;
	uint32_t line, column, len;
	char *message;
	char *source_line;
};

struct diags {
	struct diag list[DIAGS_MAX];
	unsigned count, errors, warnings;
};

/* Record a finding; the text and the line are copied. Past DIAGS_MAX only the counters grow. */
void diag_error(struct diags *d, const struct place *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diag_warning(struct diags *d, const struct place *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sort all by place. */
void diags_sort(struct diags *d);

/* Print all, sorted by place: "file:line:col: error: message", the line, a caret line. */
void diags_print(struct diags *d, FILE *out);

/* Free what the findings hold. */
void diags_clear(struct diags *d);

/*
 * The best near miss for @word: feed it candidates, then ask. A candidate counts when few letters
 * differ (one in three, swaps counted once).
 */
struct suggestion {
	const char *word;
	size_t word_len;
	const char *best; /* points to a candidate, or NULL */
	size_t distance;
};

void suggestion_offer(struct suggestion *s, const char *candidate);

#endif
