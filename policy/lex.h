/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy text to tokens. */
#ifndef EPITAPH_POLICY_LEX_H
#define EPITAPH_POLICY_LEX_H

#include "policy/diag.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,	/* a statement ends: a line's end or ';' */
	TOKEN_WORD,	/* keywords, names, numbers, addresses, ranges, times */
	TOKEN_STRING,	/* without its quotes, escapes resolved */
	TOKEN_SET,	/* @name: the name */
	TOKEN_VARIABLE, /* $NAME: the name */
	TOKEN_LBRACE,
	TOKEN_RBRACE,
	TOKEN_COMMA,
	TOKEN_COLON,
	TOKEN_EQUALS,
	TOKEN_NOT_EQUALS,
	TOKEN_NOT,
	TOKEN_KINDS,
};

struct token {
	enum token_kind kind;
	char *text; /* owned by the token list; NULL for punctuation */
	struct place place;
};

struct tokens {
	struct token *list;
	size_t count;
};

/*
 * All tokens of @source, the last being TOKEN_END. Bad characters are reported and skipped. Returns
 * 0 or -ENOMEM; the caller frees with tokens_free() in either case, and keeps @source as long.
 */
int lex(const struct source *source, struct diags *d, struct tokens *out);
void tokens_free(struct tokens *t);

/* How a message names this kind: "'{'", "a word", ... */
const char *token_kind_name(enum token_kind k);

#endif
