/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lex.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static const char *const kind_names[] = {
	[TOKEN_END] = "the end of the file",
	[TOKEN_NEWLINE] = "the end of the line",
	[TOKEN_WORD] = "a word",
	[TOKEN_STRING] = "a string",
	[TOKEN_SET] = "a @set",
	[TOKEN_VARIABLE] = "a $variable",
	[TOKEN_LBRACE] = "'{'",
	[TOKEN_RBRACE] = "'}'",
	[TOKEN_COMMA] = "','",
	[TOKEN_COLON] = "':'",
	[TOKEN_EQUALS] = "'='",
	[TOKEN_NOT_EQUALS] = "'!='",
	[TOKEN_NOT] = "'!'",
};
static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == TOKEN_KINDS, "every token has a name");

const char *token_kind_name(enum token_kind k)
{
	return kind_names[k];
}

struct lexer {
	const struct source *source;
	struct diags *diags;
	struct tokens *out;
	size_t room;
	struct place at; /* the next octet; len is unused */
	bool no_memory;
};

static int peek(const struct lexer *l, size_t ahead)
{
	uint8_t c;

	return bytes_get8(l->source->text, l->at.offset + ahead, &c) ? c : -1;
}

static void advance(struct lexer *l, size_t n)
{
	for (; n > 0; n--) {
		if (peek(l, 0) == '\n') {
			l->at.line++;
			l->at.column = 0;
		}
		l->at.column++;
		l->at.offset++;
	}
}

/* Append a token that is @len octets long, and step over it. */
static void emit(struct lexer *l, enum token_kind kind, char *text, size_t len)
{
	struct token *t;

	if (l->out->count == l->room) {
		size_t room = l->room ? l->room * 2 : 256;
		struct token *list = reallocarray(l->out->list, room, sizeof(*list));

		if (list == NULL) {
			l->no_memory = true;
			free(text);
			advance(l, len);
			return;
		}
		l->out->list = list;
		l->room = room;
	}
	t = &l->out->list[l->out->count++];
	*t = (struct token){ .kind = kind, .text = text, .place = l->at };
	t->place.len = (uint32_t)len;
	advance(l, len);
}

static void emit_text(struct lexer *l, enum token_kind kind, size_t skip, size_t len)
{
	const char *from = (const char *)l->source->text.at + l->at.offset + skip;
	char *text = strndup(from, len);

	if (text == NULL)
		l->no_memory = true;
	else
		emit(l, kind, text, skip + len);
}

static bool is_word_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c >= 0x80 || (c > 0 && strchr("._:/*-+%[]>", c) != NULL);
}

static bool is_name_char(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* A word; "name:" ends before its colon, "fd00::" is an address and keeps both. */
static void lex_word(struct lexer *l)
{
	size_t n = 0;

	while (is_word_char(peek(l, n)))
		n++;
	if (n > 1 && peek(l, n - 1) == ':' && peek(l, n - 2) != ':')
		n--;
	else if (n == 1 && peek(l, 0) == ':') {
		emit(l, TOKEN_COLON, NULL, 1);
		return;
	}
	emit_text(l, TOKEN_WORD, 0, n);
}

static void lex_string(struct lexer *l)
{
	struct place at = l->at;
	size_t n = 1, used = 0;
	char *text;

	while (peek(l, n) != '"' && peek(l, n) != '\n' && peek(l, n) >= 0)
		n += peek(l, n) == '\\' && peek(l, n + 1) >= 0 && peek(l, n + 1) != '\n' ? 2 : 1;
	text = malloc(n);
	if (text == NULL) {
		l->no_memory = true;
		advance(l, n);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		int c = peek(l, i), next = peek(l, i + 1);

		/* Before anything else a '\\' stays: expressions are full of them. */
		if (c == '\\' && i + 1 < n && (next == '"' || next == '\\')) {
			c = next;
			i++;
		}
		text[used++] = (char)c;
	}
	text[used] = '\0';
	at.len = (uint32_t)n;
	if (peek(l, n) != '"')
		diag_error(l->diags, &at, "this string has no closing '\"' on its line");
	else if (strlen(text) != used)
		diag_error(l->diags, &at, "a string cannot hold a NUL octet");
	emit(l, TOKEN_STRING, text, n + (peek(l, n) == '"'));
}

static void lex_named(struct lexer *l, enum token_kind kind)
{
	size_t n = 0;
	struct place at = l->at;

	while (is_name_char(peek(l, 1 + n)))
		n++;
	if (n > 0) {
		emit_text(l, kind, 1, n);
		return;
	}
	at.len = 1;
	diag_error(l->diags, &at, "'%c' must be followed by a name", peek(l, 0));
	advance(l, 1);
}

static void lex_bad(struct lexer *l)
{
	struct place at = l->at;
	int c = peek(l, 0);

	at.len = 1;
	if (c == '\'')
		diag_error(l->diags, &at, "strings are written with double quotes");
	else if (c > 0x20 && c < 0x7f)
		diag_error(l->diags, &at, "unexpected character '%c'", c);
	else
		diag_error(l->diags, &at, "unexpected octet 0x%02x", (unsigned)c);
	advance(l, 1);
}

static void lex_comment(struct lexer *l)
{
	while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
		advance(l, 1);
}

static void lex_one(struct lexer *l)
{
	int c = peek(l, 0), next = peek(l, 1);

	if (c == ' ' || c == '\t' || (c == '\r' && next == '\n'))
		advance(l, 1);
	else if (c == '\\' && (next == '\n' || (next == '\r' && peek(l, 2) == '\n')))
		advance(l, next == '\n' ? 2 : 3);
	else if (c == '#')
		lex_comment(l);
	else if (c == '\n' || c == ';')
		emit(l, TOKEN_NEWLINE, NULL, 1);
	else if (c == '"')
		lex_string(l);
	else if (c == '@')
		lex_named(l, TOKEN_SET);
	else if (c == '$')
		lex_named(l, TOKEN_VARIABLE);
	else if (c == '{')
		emit(l, TOKEN_LBRACE, NULL, 1);
	else if (c == '}')
		emit(l, TOKEN_RBRACE, NULL, 1);
	else if (c == ',')
		emit(l, TOKEN_COMMA, NULL, 1);
	else if (c == '=')
		emit(l, TOKEN_EQUALS, NULL, 1);
	else if (c == '!' && next == '=')
		emit(l, TOKEN_NOT_EQUALS, NULL, 2);
	else if (c == '!')
		emit(l, TOKEN_NOT, NULL, 1);
	else if (is_word_char(c))
		lex_word(l);
	else
		lex_bad(l);
}

int lex(const struct source *source, struct diags *d, struct tokens *out)
{
	struct lexer l = {
		.source = source,
		.diags = d,
		.out = out,
		.at = { .source = source, .line = 1, .column = 1 },
	};

	*out = (struct tokens){ NULL, 0 };
	while (peek(&l, 0) >= 0 && !l.no_memory)
		lex_one(&l);
	emit(&l, TOKEN_END, NULL, 0);
	return l.no_memory ? -ENOMEM : 0;
}

void tokens_free(struct tokens *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->list[i].text);
	free(t->list);
	*t = (struct tokens){ NULL, 0 };
}
