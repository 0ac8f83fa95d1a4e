/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The top level of a policy file: define, set, reason, and who reads the other sections. */
#include "policy/parser.h"

#include "tcp/reset_read.h"

#include <stdlib.h>

static bool parse_define(struct parser *p)
{
	const struct token *name = parser_expect(p, TOKEN_WORD, "a name for the variable");
	const struct token *value;
	struct define *d;
	unsigned depth = 0;
	char where[128];

	if (name == NULL || parser_expect(p, TOKEN_EQUALS, "'='") == NULL)
		return false;
	for (size_t i = 0; i < p->defines; i++) {
		if (strcmp(p->define[i].name, name->text) == 0) {
			diag_error(p->diags, &name->place, "'%s' is defined already, %s",
				   name->text, parser_where(p, &p->define[i].place, where));
			return false;
		}
	}
	value = p->at;
	if (value->kind != TOKEN_LBRACE && value->kind != TOKEN_WORD &&
	    value->kind != TOKEN_STRING && value->kind != TOKEN_VARIABLE)
		return parser_unexpected(p, "a value or a list in braces");
	do {
		if (p->at->kind == TOKEN_LBRACE)
			depth++;
		else if (p->at->kind == TOKEN_RBRACE)
			depth--;
		else if (p->at->kind == TOKEN_END) {
			diag_error(p->diags, &value->place, "this '{' is never closed");
			return true;
		}
		p->at++;
	} while (depth > 0);
	d = parser_grow(p, (void **)&p->define, &p->defines, sizeof(*d));
	if (d == NULL)
		return false;
	*d = (struct define){ name->text, name->place, value, false };
	return true;
}

/* What "set NAME {" is about: the section's own statements need it. */
static struct set *current_set(struct parser *p)
{
	return p->policy->set[p->policy->sets - 1];
}

static bool parse_set_type(struct parser *p)
{
	static const char *const names[] = { "addr", "port", "domain" };
	int type = parser_choice(p, "the type of a set", names, 3);

	if (type < 0)
		return false;
	if (current_set(p)->count > 0) {
		diag_error(p->diags, &p->at[-1].place,
			   "the type of a set stands before its elements");
		return false;
	}
	current_set(p)->type = (enum set_type)set_type_by_name(names[type]);
	return true;
}

static bool parse_set_elements(struct parser *p)
{
	struct set *s = current_set(p);

	if (s->type == SET_TYPES) {
		diag_error(
			p->diags, &p->at[-1].place,
			"'elements' needs a 'type addr', 'type port' or 'type domain' before it");
		return false;
	}
	if (p->at->kind == TOKEN_EQUALS) /* as nftables writes it */
		p->at++;
	if (p->at->kind != TOKEN_LBRACE)
		return parser_unexpected(p, "'{'");
	return parser_operand(p, s, 0);
}

static bool parse_set_list(struct parser *p)
{
	if (current_set(p)->type == SET_TYPES) {
		diag_error(p->diags, &p->at[-1].place,
			   "'file' needs a 'type addr', 'type port' or 'type domain' before it");
		return false;
	}
	return parse_set_file(p, current_set(p));
}

static bool parse_set(struct parser *p)
{
	static const struct statement table[] = {
		{ "type", parse_set_type },
		{ "elements", parse_set_elements },
		{ "file", parse_set_list },
	};
	char name[NAME_LEN + 1], where[128];
	struct place place;
	struct set *s;

	if (!parser_name(p, "the name of a set", name, &place))
		return false;
	for (size_t i = 0; i < p->policy->sets; i++) {
		s = p->policy->set[i];
		if (s->name != NULL && strcmp(s->name, name) == 0) {
			diag_error(p->diags, &place, "the set '%s' exists already, %s", name,
				   parser_where(p, &s->place, where));
			return false;
		}
	}
	s = parser_new_set(p, SET_TYPES);
	if (s == NULL || (s->name = strdup(name)) == NULL)
		return false;
	s->place = place;
	if (!parser_block(p, "set statement", table, sizeof(table) / sizeof(table[0]), NULL))
		return false;
	if (s->type == SET_TYPES)
		diag_error(p->diags, &place, "the set '%s' has no type: addr, port or domain",
			   name);
	return true;
}

static struct reason *current_reason(struct parser *p)
{
	return p->policy->reason[p->policy->reasons - 1];
}

static bool parse_reason_code(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a code's name or number");
	struct suggestion s;
	char *end;
	long n;

	if (t == NULL)
		return false;
	n = strtol(t->text, &end, 10);
	if (*end == '\0' && t->text[0] >= '0' && t->text[0] <= '9') {
		if (n < 1 || n > 65535) {
			diag_error(p->diags, &t->place, "a code is 1 to 65535; 0 must not be used");
			return false;
		}
		current_reason(p)->code = (uint16_t)n;
		return true;
	}
	current_reason(p)->code = reset_code_by_name(t->text);
	if (current_reason(p)->code != 0)
		return true;
	s = (struct suggestion){ .word = t->text, .word_len = strlen(t->text) };
	for (size_t i = 0; reset_code_name(i) != NULL; i++)
		suggestion_offer(&s, reset_code_name(i));
	p->at--;
	parser_unknown(p, "reason code", &s);
	return false;
}

static bool parse_reason_text(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a text in double quotes");

	current_reason(p)->has_text = true;
	return t != NULL && text_compile(t->text, &t->place, p->diags, &current_reason(p)->text);
}

static bool parse_reason_url(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a URL in double quotes");

	if (t == NULL)
		return false;
	free(current_reason(p)->url);
	current_reason(p)->url = strdup(t->text);
	return true;
}

static bool parse_reason(struct parser *p)
{
	static const struct statement table[] = {
		{ "code", parse_reason_code },
		{ "text", parse_reason_text },
		{ "url", parse_reason_url },
	};
	char name[NAME_LEN + 1], where[128];
	struct place place;
	struct reason *r, **slot;

	if (!parser_name(p, "the name of a reason", name, &place))
		return false;
	for (size_t i = 0; i < p->policy->reasons; i++) {
		if (strcmp(p->policy->reason[i]->name, name) == 0) {
			diag_error(p->diags, &place, "the reason '%s' exists already, %s", name,
				   parser_where(p, &p->policy->reason[i]->place, where));
			return false;
		}
	}
	slot = parser_grow(p, (void **)&p->policy->reason, &p->policy->reasons, sizeof(*slot));
	if (slot == NULL)
		return false;
	r = calloc(1, sizeof(*r));
	if (r == NULL) {
		p->policy->reasons--;
		p->no_memory = true;
		return false;
	}
	*slot = r;
	memcpy(r->name, name, sizeof(name));
	r->place = place;
	return parser_block(p, "reason statement", table, sizeof(table) / sizeof(table[0]), NULL);
}

static const struct statement sections[] = {
	{ "define", parse_define },
	{ "include", parse_include },
	{ "set", parse_set },
	{ "reason", parse_reason },
	{ "policy", parse_policy_section },
	{ "daemon", parse_daemon_section },
	{ "log", parse_log_section },
};

void parser_file(struct parser *p)
{
	while (p->at->kind != TOKEN_END && !p->no_memory) {
		const struct token *from = p->at;
		struct suggestion s;
		size_t i;

		if (p->at->kind == TOKEN_NEWLINE) {
			p->at++;
			continue;
		}
		for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
			if (!parser_take_word(p, sections[i].words))
				continue;
			if (sections[i].parse(p) && p->at->kind != TOKEN_NEWLINE &&
			    p->at->kind != TOKEN_END)
				parser_unexpected(p, "the end of the statement");
			break;
		}
		if (p->at == from && p->at->kind != TOKEN_WORD) {
			parser_unexpected(p, "define, include, set, reason, policy, daemon or log");
		} else if (p->at == from) {
			s = (struct suggestion){ .word = from->text,
						 .word_len = strlen(from->text) };
			for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
				suggestion_offer(&s, sections[i].words);
			parser_unknown(p, "section", &s);
		}
		/* Go on behind the line, and behind the block that it opened. */
		for (unsigned depth = 0; p->at->kind != TOKEN_END; p->at++) {
			depth += p->at->kind == TOKEN_LBRACE;
			depth -= depth > 0 && p->at->kind == TOKEN_RBRACE;
			if (depth == 0 && p->at->kind == TOKEN_NEWLINE)
				break;
		}
	}
}

struct policy *policy_parse(const struct source *source, const struct policy_loader *loader,
			    struct diags *d)
{
	struct tokens tokens;
	struct parser p = { .diags = d, .loader = loader };
	struct policy *result = NULL;
	struct place start = { .source = source, .line = 1, .column = 1 };

	p.policy = calloc(1, sizeof(*p.policy));
	if (lex(source, d, &tokens) != 0 || p.policy == NULL)
		p.no_memory = true;
	if (!p.no_memory) {
		p.at = tokens.list;
		p.policy->daemon = (struct daemon_settings){ .loss_open = true,
							     .overload_open = true };
		text_compile("R=$rule", &start, d, &p.policy->default_text);
		parser_file(&p);
		policy_check(&p);
	}
	if (p.no_memory)
		diag_error(d, &start, "not enough memory to read this policy");
	if (d->errors == 0) {
		result = p.policy;
		p.policy = NULL;
	}
	policy_free(p.policy);
	free(p.define);
	free(p.set_use.list);
	free(p.reason_use.list);
	parser_units_free(&p);
	tokens_free(&tokens);
	return result;
}
