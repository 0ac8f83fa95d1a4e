/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a policy names: included policies, and lists of a set's elements. */
#include "policy/parser.h"

#include <errno.h>
#include <stdlib.h>

enum { INCLUDES_DEEP = 8, FILES_MAX = 1000, ELEMENT_LEN = 255 };

const char *parser_where(const struct parser *p, const struct place *place, char out[128])
{
	if (place->source == p->at->place.source)
		snprintf(out, 128, "in line %u", place->line);
	else
		snprintf(out, 128, "in %.90s, line %u", place->source->name, place->line);
	return out;
}

/* @name, relative to the folder of @from, as the loader wants it; to be freed. */
static char *join(const struct source *from, const char *name)
{
	const char *slash = name[0] != '/' ? strrchr(from->name, '/') : NULL;
	size_t folder = slash ? (size_t)(slash + 1 - from->name) : 0, len = strlen(name);
	char *all = malloc(folder + len + 1);

	if (all == NULL)
		return NULL;
	memcpy(all, from->name, folder);
	memcpy(all + folder, name, len + 1);
	return all;
}

/* Load the file @name, to stay until all is parsed; NULL after an error at @token. */
static struct unit *load_unit(struct parser *p, const char *name, const struct token *token)
{
	struct unit *u, **slot;
	struct bytes text;
	int result;

	if (p->units == FILES_MAX) {
		diag_error(p->diags, &token->place, "a policy names at most %d files", FILES_MAX);
		return NULL;
	}
	result = p->loader->load(p->loader->context, name, &text);
	if (result != 0) {
		diag_error(p->diags, &token->place, "cannot read %s: %s", name, strerror(-result));
		return NULL;
	}
	u = calloc(1, sizeof(*u));
	slot = u ? parser_grow(p, (void **)&p->unit, &p->units, sizeof(*slot)) : NULL;
	if (slot == NULL) {
		free(u);
		p->no_memory = true;
		return NULL;
	}
	*slot = u;
	u->source = (struct source){ strdup(name), text, (unsigned)p->units };
	if (u->source.name != NULL)
		return u;
	p->no_memory = true;
	return NULL;
}

/* What an include's glob found: one call for each file. */
struct include {
	struct parser *parser;
	const struct token *token;
	unsigned found;
};

static void include_one(void *arg, const char *name)
{
	struct include *i = arg;
	struct parser *p = i->parser;
	struct unit *u = load_unit(p, name, i->token);
	const struct token *back = p->at;

	i->found++;
	if (u == NULL)
		return;
	if (lex(&u->source, p->diags, &u->tokens) != 0) {
		p->no_memory = true;
		return;
	}
	p->at = u->tokens.list;
	p->depth++;
	parser_file(p);
	p->depth--;
	p->at = back;
}

/* The string in hand as a file name, to be freed; NULL after an error. */
static char *take_name(struct parser *p, const struct token **token)
{
	char *name;

	*token = parser_expect(p, TOKEN_STRING, "a file name in double quotes");
	if (*token == NULL)
		return NULL;
	if (p->loader == NULL) {
		diag_error(p->diags, &(*token)->place, "no other file can be read here");
		return NULL;
	}
	name = join((*token)->place.source, (*token)->text);
	p->no_memory |= name == NULL;
	return name;
}

bool parser_zone(struct parser *p, struct schedule *s, const struct token *token)
{
	const struct place *at = token ? &token->place : &s->place;
	char name[256] = "/etc/localtime";
	struct bytes file;
	int result = -ENOENT;

	if (token != NULL)
		snprintf(name, sizeof(name), "/usr/share/zoneinfo/%s", token->text);
	if (p->loader != NULL)
		result = p->loader->load(p->loader->context, name, &file);
	if (result != 0 && token == NULL)
		return true; /* UTC, as the C library has it */
	if (p->loader == NULL) {
		if (strcmp(token->text, "UTC") == 0)
			return true;
		diag_error(p->diags, at, "no other file can be read here");
		return false;
	}
	if (result != 0) {
		diag_error(p->diags, at, "unknown time zone '%s': cannot read %s: %s", token->text,
			   name, strerror(-result));
		return false;
	}
	zone_free(&s->zone);
	result = zone_parse(file, &s->zone);
	p->no_memory |= result == -ENOMEM;
	if (result != 0)
		diag_error(p->diags, at, "%s is no time zone file", name);
	return result == 0;
}

bool parse_include(struct parser *p)
{
	struct include i = { .parser = p };
	char *pattern = take_name(p, &i.token);
	int result;

	if (pattern == NULL)
		return false;
	if (p->depth == INCLUDES_DEEP) {
		diag_error(p->diags, &i.token->place,
			   "includes are nested too deep here; does a file include itself?");
		free(pattern);
		return true;
	}
	result = p->loader->expand(p->loader->context, pattern, include_one, &i);
	/* A glob may match nothing; a plain name may not. */
	if (result != 0 || (i.found == 0 && strpbrk(pattern, "*?[") == NULL))
		diag_error(p->diags, &i.token->place, "cannot read %s: %s", pattern,
			   strerror(result ? -result : ENOENT));
	free(pattern);
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One line of a list, @len octets at @at: an element, a comment behind '#' or ';', or nothing. */
static void add_line(struct parser *p, struct set *s, struct place at, size_t len)
{
	const char *line = (const char *)at.source->text.at + at.offset;
	char element[ELEMENT_LEN + 1];
	const char *wrong;
	size_t from = 0, to = 0;

	while (to < len && line[to] != '#' && line[to] != ';')
		to++;
	while (from < to && is_blank((uint8_t)line[from]))
		from++;
	while (to > from && is_blank((uint8_t)line[to - 1]))
		to--;
	if (from == to)
		return;
	at.offset += (uint32_t)from;
	at.column += (uint32_t)from;
	at.len = (uint32_t)(to - from);
	if (at.len > ELEMENT_LEN || memchr(line + from, '\0', at.len) != NULL) {
		diag_error(p->diags, &at, "this is no element of a list");
		return;
	}
	memcpy(element, line + from, at.len);
	element[at.len] = '\0';
	wrong = set_add(s, element, 0);
	if (wrong != NULL)
		diag_error(p->diags, &at, "'%s' %s", element, wrong);
}

bool parse_set_file(struct parser *p, struct set *s)
{
	const struct token *token;
	char *name = take_name(p, &token);
	struct unit *u = name ? load_unit(p, name, token) : NULL;
	struct place at = { .line = 1, .column = 1 };

	free(name);
	if (u == NULL)
		return name != NULL; /* reported; the statement itself is whole */
	for (at.source = &u->source; at.offset < u->source.text.len; at.line++) {
		size_t left = u->source.text.len - at.offset;
		const uint8_t *line = u->source.text.at + at.offset;
		const uint8_t *end = memchr(line, '\n', left);
		size_t len = end ? (size_t)(end - line) : left;

		add_line(p, s, at, len);
		at.offset += (uint32_t)len + 1;
	}
	return true;
}

void parser_units_free(struct parser *p)
{
	for (size_t i = 0; i < p->units; i++) {
		tokens_free(&p->unit[i]->tokens);
		free((char *)p->unit[i]->source.name);
		free(p->unit[i]);
	}
	free(p->unit);
}
