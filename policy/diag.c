/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diag.h"

#include <stdarg.h>
#include <stdlib.h>

enum { SUGGEST_MAX = 32 };

static char *source_line(const struct place *at)
{
	struct bytes text = at->source->text;
	size_t from = at->offset, to = from;

	while (from > 0 && text.at[from - 1] != '\n')
		from--;
	while (to < text.len && text.at[to] != '\n' && text.at[to] != '\0')
		to++;
	return strndup((const char *)text.at + from, to - from);
}

/* What a message quotes of a file, a list from elsewhere perhaps, does nothing to a terminal. */
static void make_printable(char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static void report(struct diags *d, enum severity severity, const struct place *at, const char *fmt,
		   va_list args)
{
	struct diag *x;

	if (severity == SEVERITY_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->count == DIAGS_MAX)
		return;
	x = &d->list[d->count];
	*x = (struct diag){
		.severity = severity,
		.file_index = at->source->index,
		.line = at->line,
		.column = at->column,
		.len = at->len,
	};
	if (vasprintf(&x->message, fmt, args) < 0)
		x->message = NULL;
	make_printable(x->message);
	x->file = strdup(at->source->name);
	x->source_line = source_line(at);
	d->count++;
}

void diag_error(struct diags *d, const struct place *at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(d, SEVERITY_ERROR, at, fmt, args);
	va_end(args);
}

void diag_warning(struct diags *d, const struct place *at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(d, SEVERITY_WARNING, at, fmt, args);
	va_end(args);
}

static int compare(const void *a, const void *b)
{
	const struct diag *x = a, *y = b;

	if (x->file_index != y->file_index)
		return x->file_index < y->file_index ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

/* Terminals get printable bytes and tabs; a control byte in the line becomes '?'. */
static void print_line(const char *line, FILE *out)
{
	for (; *line != '\0'; line++) {
		unsigned char c = (unsigned char)*line;

		fputc((c >= 0x20 && c != 0x7f) || c == '\t' ? c : '?', out);
	}
	fputc('\n', out);
}

static void print_caret(const struct diag *x, FILE *out)
{
	size_t have = strlen(x->source_line), at = x->column - 1;

	for (size_t i = 0; i < at && i < have; i++)
		fputc(x->source_line[i] == '\t' ? '\t' : ' ', out);
	fputc('^', out);
	for (size_t i = 1; i < x->len && at + i < have; i++)
		fputc('~', out);
	fputc('\n', out);
}

void diags_sort(struct diags *d)
{
	qsort(d->list, d->count, sizeof(d->list[0]), compare);
}

void diags_print(struct diags *d, FILE *out)
{
	diags_sort(d);
	for (unsigned i = 0; i < d->count; i++) {
		const struct diag *x = &d->list[i];

		fprintf(out, "%s:%u:%u: %s: %s\n", x->file ? x->file : "?", x->line, x->column,
			x->severity == SEVERITY_ERROR ? "error" : "warning",
			x->message ? x->message : "out of memory");
		if (x->source_line == NULL || x->source_line[0] == '\0')
			continue;
		print_line(x->source_line, out);
		print_caret(x, out);
	}
	if (d->errors + d->warnings > d->count)
		fprintf(out, "and %u more\n", d->errors + d->warnings - d->count);
}

void diags_clear(struct diags *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		free(d->list[i].file);
		free(d->list[i].message);
		free(d->list[i].source_line);
	}
	d->count = d->errors = d->warnings = 0;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment distance; both words are at most SUGGEST_MAX long. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
	size_t row[3][SUGGEST_MAX + 1];

	for (size_t j = 0; j <= lb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *older = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    older[j - 2] + 1 < now[j])
				now[j] = older[j - 2] + 1;
		}
	}
	return row[la % 3][lb];
}

void suggestion_offer(struct suggestion *s, const char *candidate)
{
	size_t len = strlen(candidate), d;

	if (len > SUGGEST_MAX || s->word_len > SUGGEST_MAX || s->word_len == 0)
		return;
	d = distance(s->word, s->word_len, candidate, len);
	if (d > (s->word_len + 2) / 3 || (s->best != NULL && d >= s->distance))
		return;
	s->best = candidate;
	s->distance = d;
}
