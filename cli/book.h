/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's book of exceptions: which rules do not hold for which sources, until when, and why. It is kept in a
 * file, a JSON array that is replaced as a whole, so that it outlives reloads and restarts.
 */
#ifndef EPITAPH_CLI_BOOK_H
#define EPITAPH_CLI_BOOK_H

#include "events/event.h"

#include <jansson.h>

enum {
	BOOK_MAX = 1000,
	BOOK_SECONDS_MAX = 30 * 86400,
	BOOK_ERROR = 256,
};

struct book;

/* What could not be done, and what to do about it. */
struct book_error {
	char text[BOOK_ERROR];
};

/*
 * Read @path, whose folder is made when it is not there. NULL: no file, and nothing can be added. What is in the file
 * and cannot be read is moved to PATH.bad, which standard error tells. NULL without memory. The caller owns it.
 */
struct book *book_open(const char *path);
void book_free(struct book *b);

size_t book_count(const struct book *b);

/*
 * Leave out rule @x->rule of @p for @x->source for @seconds from now on; uid and why are set, too. Fills in the rest of
 * @x, for the log. False with @error filled; then nothing has changed.
 */
bool book_add(struct book *b, const struct policy *p, struct event_exception *x, long seconds,
	      struct book_error *error);

/* End the one with this id, and tell which it was. False with @error filled. */
bool book_end(struct book *b, const char *id, struct event_exception *out,
	      struct book_error *error);

/* Take out one that has expired and tell which it was; false when there is none. By the clock of the wall or the one
 * that never steps, whichever is first. */
bool book_expire(struct book *b, struct event_exception *out);

/* What the rest means to @p. Rules that it does not have are left alone. NULL when that is nothing. */
struct exceptions *book_compile(const struct book *b, const struct policy *p);

/* All of them, an array of objects; "known" tells whether @p has the rule. */
json_t *book_list(const struct book *b, const struct policy *p);

#endif
