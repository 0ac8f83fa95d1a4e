/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The top level of a policy file: define, and who reads the other sections. */
#include "policy/parser.h"

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

static const struct statement sections[] = {
	{ "define", parse_define },
	{ "include", parse_include },
	{ "set", parse_set },
	{ "schedule", parse_schedule },
	{ "reason", parse_reason },
	{ "policy", parse_policy_section },
	{ "resets", parse_resets_section },
	{ "daemon", parse_daemon_section },
	{ "log", parse_log_section },
	{ "test", parse_test },
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
			parser_unexpected(
				p,
				"a section: define, include, set, schedule, reason, policy, resets, "
				"daemon, log or test");
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
	struct parser p = { .start = source, .diags = d, .loader = loader };
	struct policy *result = NULL;
	struct place start = { .source = source, .line = 1, .column = 1 };

	p.policy = calloc(1, sizeof(*p.policy));
	if (lex(source, d, &tokens) != 0 || p.policy == NULL)
		p.no_memory = true;
	if (!p.no_memory) {
		p.at = tokens.list;
		p.policy->daemon = (struct daemon_settings){
			.loss_open = true,
			.overload_open = true,
			.payload = true,
			.companion = true,
			.confine = true,
			.queue_length = QUEUE_LENGTH,
			.queue_buffer = QUEUE_BUFFER,
			.mark_mask = MARK_MASK,
		};
		p.policy->on_default.sample = p.policy->on_undecided.sample = 1;
		p.policy->on_default.ends = p.policy->on_undecided.ends = ENDS_BOTH;
		text_compile("R=$rule", &start, d, &p.policy->default_text);
		parser_file(&p);
		policy_check(&p);
	}
	if (p.no_memory)
		diag_error(d, &start, "not enough memory to read this policy");
	else if (d->errors == 0)
		policy_run_tests(&p);
	if (d->errors == 0) {
		result = p.policy;
		p.policy = NULL;
	}
	policy_free(p.policy);
	free(p.define);
	free(p.set_use.list);
	free(p.reason_use.list);
	free(p.schedule_use.list);
	names_free(&p.set_names);
	names_free(&p.rule_names);
	names_free(&p.reason_names);
	names_free(&p.schedule_names);
	parser_units_free(&p);
	tokens_free(&tokens);
	return result;
}
