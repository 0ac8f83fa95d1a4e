/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The helpers that the parts of the parser share. */
#include "policy/parser.h"

#include "policy/number.h"

#include <stdlib.h>

enum { NESTING_MAX = 16 };

/* How a message names an element of each type. */
static const char *const element_names[SET_TYPES] = {
	[SET_ADDR] = "an address",	[SET_PORT] = "a port",
	[SET_DOMAIN] = "a domain name", [SET_IFNAME] = "an interface name",
	[SET_TEXT] = "a text",		[SET_MARK] = "a mark",
	[SET_CODE] = "a code",		[SET_CT_STATE] = "a state",
	[SET_STAGE] = "a stage",
};

void *parser_grow(struct parser *p, void **list, size_t *count, size_t size)
{
	char *grown = *list;

	/* There is room up to the next power of two. */
	if ((*count & (*count - 1)) == 0)
		grown = reallocarray(*list, *count > 0 ? *count * 2 : 1, size);
	if (grown == NULL) {
		p->no_memory = true;
		return NULL;
	}
	*list = grown;
	memset(grown + *count * size, 0, size);
	return grown + (*count)++ * size;
}

bool parser_take_word(struct parser *p, const char *word)
{
	if (p->at->kind != TOKEN_WORD || strcmp(p->at->text, word) != 0)
		return false;
	p->at++;
	return true;
}

bool parser_unexpected(struct parser *p, const char *what)
{
	const struct token *t = p->at;

	if (t->kind == TOKEN_WORD)
		diag_error(p->diags, &t->place, "expected %s, found '%s'", what, t->text);
	else
		diag_error(p->diags, &t->place, "expected %s, found %s", what,
			   token_kind_name(t->kind));
	return false;
}

const struct token *parser_expect(struct parser *p, enum token_kind kind, const char *what)
{
	if (p->at->kind != kind) {
		parser_unexpected(p, what);
		return NULL;
	}
	return p->at++;
}

static void report_unknown(struct parser *p, const struct place *at, const char *what,
			   const char *sigil, const struct suggestion *s)
{
	if (s->best != NULL)
		diag_error(p->diags, at, "unknown %s '%s%.*s'; did you mean '%s%s'?", what, sigil,
			   (int)s->word_len, s->word, sigil, s->best);
	else
		diag_error(p->diags, at, "unknown %s '%s%.*s'", what, sigil, (int)s->word_len,
			   s->word);
}

void parser_unknown(struct parser *p, const char *what, const struct suggestion *s)
{
	report_unknown(p, &p->at->place, what, "", s);
}

int64_t parser_resolve(struct parser *p, const struct names *n, const struct token *name,
		       const char *what, const char *sigil)
{
	struct suggestion s = { .word = name->text, .word_len = strlen(name->text) };
	int64_t id = names_find(n, name->text);

	if (id >= 0)
		return id;
	for (size_t i = 0; n->slot != NULL && i <= n->mask; i++) {
		if (n->slot[i].name[0] != '\0')
			suggestion_offer(&s, n->slot[i].name);
	}
	report_unknown(p, &name->place, what, sigil, &s);
	return -1;
}

bool parser_exists(struct parser *p, const char *what, const char *name, const struct place *place,
		   const struct place *before)
{
	char where[128];

	diag_error(p->diags, place, "the %s '%s' exists already, %s", what, name,
		   parser_where(p, before, where));
	return false;
}

/* Go to the end of the statement in hand, over blocks that it holds. */
static void skip_statement(struct parser *p)
{
	unsigned depth = 0;

	for (; p->at->kind != TOKEN_END; p->at++) {
		if (p->at->kind == TOKEN_LBRACE)
			depth++;
		else if (p->at->kind == TOKEN_RBRACE && depth-- == 0)
			return;
		else if (p->at->kind == TOKEN_NEWLINE && depth == 0)
			return;
	}
}

/* The length of the first of @words, and where the next one starts; NULL at the end. */
static size_t first_word(const char *words, const char **next)
{
	const char *blank = strchr(words, ' ');

	*next = blank ? blank + 1 : NULL;
	return blank ? (size_t)(blank - words) : strlen(words);
}

bool parser_take_words(struct parser *p, const char *words)
{
	const struct token *t = p->at;

	for (const char *next; words != NULL; words = next, t++) {
		size_t len = first_word(words, &next);

		if (t->kind != TOKEN_WORD || strlen(t->text) != len ||
		    strncmp(t->text, words, len) != 0)
			return false;
	}
	p->at = t;
	return true;
}

bool parser_phrase(const struct parser *p, const char *words, char out[64])
{
	const struct token *t = p->at;
	const char *next;
	size_t len = first_word(words, &next), used = 0;

	if (next == NULL || t->kind != TOKEN_WORD || strlen(t->text) != len ||
	    strncmp(words, t->text, len) != 0)
		return false;
	for (; words != NULL; words = next, t++) {
		first_word(words, &next);
		if (t->kind != TOKEN_WORD || used >= 64)
			return false;
		used += (size_t)snprintf(out + used, 64 - used, "%s%s", used > 0 ? " " : "",
					 t->text);
	}
	return true;
}

bool parser_statement(struct parser *p, const char *what, const struct statement *table,
		      size_t rows, bool (*otherwise)(struct parser *p))
{
	struct suggestion s = { .word = NULL };
	char pair[64];

	for (size_t i = 0; i < rows; i++) {
		if (parser_take_words(p, table[i].words))
			return table[i].parse(p);
	}
	if (otherwise != NULL)
		return otherwise(p);
	if (p->at->kind != TOKEN_WORD)
		return parser_unexpected(p, what);
	s.word = p->at->text;
	for (size_t i = 0; i < rows; i++) {
		if (parser_phrase(p, table[i].words, pair))
			s.word = pair;
	}
	s.word_len = strlen(s.word);
	for (size_t i = 0; i < rows; i++)
		suggestion_offer(&s, table[i].words);
	parser_unknown(p, what, &s);
	return false;
}

bool parser_block(struct parser *p, const char *what, const struct statement *table, size_t rows,
		  bool (*otherwise)(struct parser *p))
{
	const struct token *open = parser_expect(p, TOKEN_LBRACE, "'{'");

	if (open == NULL)
		return false;
	for (;;) {
		while (p->at->kind == TOKEN_NEWLINE)
			p->at++;
		if (p->at->kind == TOKEN_RBRACE) {
			p->at++;
			return true;
		}
		if (p->at->kind == TOKEN_END) {
			diag_error(p->diags, &open->place, "this '{' is never closed");
			return true; /* reported; there is nothing left to skip */
		}
		if (!parser_statement(p, what, table, rows, otherwise)) {
			skip_statement(p);
		} else if (p->at->kind != TOKEN_NEWLINE && p->at->kind != TOKEN_RBRACE &&
			   p->at->kind != TOKEN_END) {
			parser_unexpected(p, "the end of the statement");
			skip_statement(p);
		}
	}
}

int parser_choice(struct parser *p, const char *what, const char *const *names, int count)
{
	char list[128];
	size_t used = 0;

	for (int i = 0; i < count; i++) {
		if (parser_take_word(p, names[i]))
			return i;
	}
	for (int i = 0; i < count && used < sizeof(list); i++) {
		const char *joint = i == 0 ? "" : i + 1 < count ? ", " : " or ";

		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s'%s'", joint,
					 names[i]);
	}
	if (p->at->kind == TOKEN_WORD)
		diag_error(p->diags, &p->at->place, "%s is %s, not '%s'", what, list, p->at->text);
	else
		diag_error(p->diags, &p->at->place, "%s is %s, found %s", what, list,
			   token_kind_name(p->at->kind));
	return -1;
}

bool parser_name(struct parser *p, const char *what, char out[NAME_LEN + 1], struct place *place)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, what);
	size_t n;

	if (t == NULL)
		return false;
	for (n = 0; t->text[n] != '\0'; n++) {
		char c = t->text[n];

		if (!(c >= 'a' && c <= 'z') && (n == 0 || !((c >= '0' && c <= '9') || c == '-')))
			break;
	}
	if (t->text[n] != '\0' || n > NAME_LEN) {
		diag_error(
			p->diags, &t->place,
			"'%s' is not %s: a name is a lower-case letter, then up to 30 of a-z, 0-9, '-'",
			t->text, what);
		return false;
	}
	memcpy(out, t->text, n + 1);
	*place = t->place;
	return true;
}

bool parser_string(struct parser *p, const char *what, char **out)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, what);

	if (t == NULL)
		return false;
	free(*out);
	*out = strdup(t->text);
	p->no_memory |= *out == NULL;
	return *out != NULL;
}

bool parser_number(struct parser *p, const char *what, uint32_t min, uint32_t max, uint32_t *out)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, what);
	long n = t != NULL ? number_parse(t->text, max) : -1;

	if (t != NULL && n < (long)min)
		diag_error(p->diags, &t->place, "'%s' is not %s, from %u to %u", t->text, what, min,
			   max);
	if (n < (long)min)
		return false;
	*out = (uint32_t)n;
	return true;
}

struct rule *parser_rule(struct parser *p, struct rule_ref ref)
{
	if (ref.of_resets)
		return &p->policy->reset_rule[ref.index];
	return (struct rule *)policy_rule(p->policy, ref.index);
}

bool parser_note(struct parser *p, struct pending_list *l, struct rule_ref rule, size_t match,
		 const struct token *name)
{
	struct pending *n = parser_grow(p, (void **)&l->list, &l->count, sizeof(*n));

	if (n == NULL)
		return false;
	*n = (struct pending){ rule, match, name };
	return true;
}

struct set *parser_new_set(struct parser *p, enum set_type type)
{
	struct set *s = calloc(1, sizeof(*s));
	struct set **slot;

	if (s == NULL) {
		p->no_memory = true;
		return NULL;
	}
	s->type = type;
	slot = parser_grow(p, (void **)&p->policy->set, &p->policy->sets, sizeof(*slot));
	if (slot == NULL) {
		free(s);
		return NULL;
	}
	*slot = s;
	return s;
}

static struct define *find_define(struct parser *p, const struct token *t)
{
	struct suggestion s = { .word = t->text, .word_len = strlen(t->text) };

	for (size_t i = 0; i < p->defines; i++) {
		if (strcmp(p->define[i].name, t->text) == 0)
			return &p->define[i];
		suggestion_offer(&s, p->define[i].name);
	}
	if (s.best != NULL)
		diag_error(p->diags, &t->place, "unknown variable '$%s'; did you mean '$%s'?",
			   t->text, s.best);
	else
		diag_error(p->diags, &t->place,
			   "unknown variable '$%s'; 'define %s = ...' makes one", t->text, t->text);
	return NULL;
}

static size_t add_operand(struct parser *p, const struct token *t, struct set *s, uint8_t family,
			  unsigned depth);

/* "{ value, value }" over any number of lines. Returns how many tokens it took; 0 after an error. */
static size_t add_list(struct parser *p, const struct token *t, struct set *s, uint8_t family,
		       unsigned depth)
{
	size_t n = 1, taken;
	bool good = true;

	for (;;) {
		while (t[n].kind == TOKEN_NEWLINE)
			n++;
		if (t[n].kind == TOKEN_RBRACE)
			return good ? n + 1 : 0;
		if (t[n].kind == TOKEN_END) {
			diag_error(p->diags, &t->place, "this '{' is never closed");
			return 0;
		}
		taken = add_operand(p, t + n, s, family, depth + 1);
		if (taken == 0)
			good = false;
		n += taken ? taken : 1;
		while (t[n].kind == TOKEN_NEWLINE)
			n++;
		if (t[n].kind == TOKEN_COMMA) {
			n++;
		} else if (t[n].kind != TOKEN_RBRACE) {
			if (good)
				diag_error(p->diags, &t[n].place, "expected ',' or '}', found %s",
					   token_kind_name(t[n].kind));
			return 0;
		}
	}
}

/* One value, a list or a variable. Returns how many tokens it took; 0 after an error. */
static size_t add_operand(struct parser *p, const struct token *t, struct set *s, uint8_t family,
			  unsigned depth)
{
	struct define *d;
	const char *wrong;

	if (depth > NESTING_MAX) {
		diag_error(p->diags, &t->place, "lists and variables are nested too deep here");
		return 0;
	}
	switch (t->kind) {
	case TOKEN_WORD:
	case TOKEN_STRING:
		wrong = set_add(s, t->text, family);
		if (wrong == NULL)
			return 1;
		diag_error(p->diags, &t->place, "'%s' %s", t->text, wrong);
		return 0;
	case TOKEN_VARIABLE:
		d = find_define(p, t);
		if (d == NULL)
			return 0;
		d->used = true;
		return add_operand(p, d->value, s, family, depth + 1) > 0 ? 1 : 0;
	case TOKEN_LBRACE:
		return add_list(p, t, s, family, depth);
	default:
		diag_error(p->diags, &t->place,
			   "expected %s, a list in braces or a $variable, found %s",
			   element_names[s->type], token_kind_name(t->kind));
		return 0;
	}
}

bool parser_operand(struct parser *p, struct set *s, uint8_t family)
{
	size_t taken = add_operand(p, p->at, s, family, 0);

	p->at += taken;
	return taken > 0;
}

bool parser_size(struct parser *p, uint64_t *out)
{
	static const char units[] = "KMG";
	const struct token *t = parser_expect(p, TOKEN_WORD, "a size such as 64M");
	const char *unit;
	char number[16];
	size_t len;
	long n = -1;

	if (t == NULL)
		return false;
	len = strlen(t->text);
	unit = len > 0 ? strchr(units, t->text[len - 1]) : NULL;
	if (len > 0 && len < sizeof(number)) {
		memcpy(number, t->text, len + 1);
		number[len - (unit != NULL)] = '\0';
		n = number_parse(number, 1 << 30);
	}
	if (n < 1) {
		diag_error(p->diags, &t->place,
			   "'%s' is not a size: octets, or a number and K, M or G", t->text);
		return false;
	}
	*out = (uint64_t)n << (unit ? 10 * (unit - units + 1) : 0);
	return true;
}
