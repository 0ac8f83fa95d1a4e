/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "policy forward { ... }": default, on undecided, and the rules. */
#include "policy/parser.h"

#include <stdlib.h>

static bool note(struct parser *p, struct pending_list *l, uint16_t rule, size_t match,
		 const struct token *name)
{
	struct pending *n = parser_grow(p, (void **)&l->list, &l->count, sizeof(*n));

	if (n == NULL)
		return false;
	*n = (struct pending){ rule, match, name };
	return true;
}

static const struct match_kind *find_match(struct parser *p)
{
	for (size_t i = 0; match_kind_at(i) != NULL; i++) {
		if (parser_take_words(p, match_kind_at(i)->words))
			return match_kind_at(i);
	}
	return NULL;
}

static bool parse_match(struct parser *p, uint16_t index, const struct match_kind *kind,
			const struct place *place)
{
	struct rule *r = parser_rule(p, index);
	struct match *m = parser_grow(p, (void **)&r->match, &r->matches, sizeof(*m));

	if (m == NULL)
		return false;
	m->kind = kind;
	m->place = *place;
	if (p->at->kind == TOKEN_NOT_EQUALS) {
		m->negate = true;
		p->at++;
	} else if (p->at->kind == TOKEN_EQUALS) {
		diag_error(p->diags, &p->at->place, "equality needs no '=': write '%s VALUE'",
			   kind->words);
		return false;
	}
	if (p->at->kind == TOKEN_SET)
		return note(p, &p->set_use, index, r->matches - 1, p->at++);
	m->set = parser_new_set(p, kind->operand);
	return m->set != NULL && parser_operand(p, m->set, kind->family);
}

static bool parse_reset_ends(struct parser *p, struct rule *r)
{
	r->action = ACTION_RESET;
	if (parser_take_word(p, "source"))
		r->ends = ENDS_SOURCE;
	else if (parser_take_word(p, "destination"))
		r->ends = ENDS_DESTINATION;
	else
		parser_take_word(p, "both");
	return true;
}

/* "with admin-prohibited", or nftables' spelling of a reset, "with tcp reset". */
static bool parse_reject(struct parser *p, struct rule *r)
{
	r->action = ACTION_REJECT;
	if (!parser_take_word(p, "with"))
		return true;
	if (parser_take_word(p, "admin-prohibited"))
		return true;
	if (parser_take_word(p, "tcp")) {
		if (!parser_take_word(p, "reset"))
			return parser_unexpected(p, "'reset' after 'with tcp'");
		r->action = ACTION_RESET;
		r->ends = ENDS_SOURCE;
		return true;
	}
	return parser_unexpected(p, "'admin-prohibited' or 'tcp reset'");
}

/* True when the words here are an action, which is then read into @r. */
static bool take_action(struct parser *p, struct rule *r, bool *good)
{
	*good = true;
	if (parser_take_word(p, "accept"))
		r->action = ACTION_ACCEPT;
	else if (parser_take_word(p, "drop"))
		r->action = ACTION_DROP;
	else if (parser_take_word(p, "log"))
		r->action = ACTION_LOG;
	else if (parser_take_word(p, "reset"))
		*good = parse_reset_ends(p, r);
	else if (parser_take_word(p, "reject"))
		*good = parse_reject(p, r);
	else
		return false;
	return true;
}

static bool parse_comment(struct parser *p, struct rule *r)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a comment in double quotes");

	if (t == NULL)
		return false;
	free(r->comment);
	r->comment = strdup(t->text);
	return true;
}

/* What may follow an action, to the end of the statement. */
static bool parse_options(struct parser *p, uint16_t index)
{
	static const char *const modes[] = { "text", "diag", "both", "none" };
	struct rule *r = parser_rule(p, index);

	while (p->at->kind == TOKEN_WORD) {
		struct suggestion s = { .word = p->at->text, .word_len = strlen(p->at->text) };
		const struct token *name;
		int mode;

		if (parser_take_word(p, "reason")) {
			name = parser_expect(p, TOKEN_WORD, "the name of a reason");
			if (name == NULL || !note(p, &p->reason_use, index, 0, name))
				return false;
		} else if (parser_take_word(p, "log")) {
			r->log = true;
		} else if (parser_take_word(p, "comment")) {
			if (!parse_comment(p, r))
				return false;
		} else if (parser_take_word(p, "payload")) {
			mode = parser_choice(p, "the payload of a reset", modes, PAYLOAD_MODES);
			if (mode < 0)
				return false;
			r->payload = (enum payload_mode)mode;
		} else {
			suggestion_offer(&s, "reason");
			suggestion_offer(&s, "payload");
			suggestion_offer(&s, "comment");
			suggestion_offer(&s, "log");
			parser_unknown(p, "option", &s);
			return false;
		}
	}
	return true;
}

static bool parse_action_statement(struct parser *p, uint16_t index, const char *what)
{
	struct rule *r = parser_rule(p, index);
	bool good;

	r->place = p->at->place;
	r->ends = ENDS_BOTH;
	if (!take_action(p, r, &good))
		return parser_unexpected(p, what);
	if (r->action == ACTION_LOG) {
		diag_error(p->diags, &r->place,
			   "'log' decides nothing; it needs an action beside it");
		return false;
	}
	return good && parse_options(p, index);
}

static bool parse_default(struct parser *p)
{
	return parse_action_statement(p, RULE_DEFAULT, "accept, drop, reset or reject");
}

static bool parse_undecided(struct parser *p)
{
	return parse_action_statement(p, RULE_UNDECIDED, "accept, drop, reset or reject");
}

/* Neither a match nor an action: name the nearest of both. */
static bool unknown_match(struct parser *p)
{
	static const char *const actions[] = { "accept", "drop", "reset", "reject", "log" };
	char pair[64];
	struct suggestion s = { .word = p->at->text };

	if (p->at->kind != TOKEN_WORD)
		return parser_unexpected(p, "a match or an action");
	for (size_t i = 0; match_kind_at(i) != NULL; i++) {
		if (parser_pair(p, match_kind_at(i)->words, pair))
			s.word = pair;
	}
	s.word_len = strlen(s.word);
	for (size_t i = 0; match_kind_at(i) != NULL; i++)
		suggestion_offer(&s, match_kind_at(i)->words);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		suggestion_offer(&s, actions[i]);
	parser_unknown(p, "match or action", &s);
	return false;
}

static bool parse_rule_body(struct parser *p, uint16_t index)
{
	bool good;

	for (;;) {
		struct rule *r = parser_rule(p, index);
		struct place place = p->at->place;
		const struct match_kind *kind;

		if (take_action(p, r, &good))
			return good && parse_options(p, index);
		kind = find_match(p);
		if (kind != NULL) {
			place.len = p->at[-1].place.offset + p->at[-1].place.len - place.offset;
			if (!parse_match(p, index, kind, &place))
				return false;
		} else if (p->at->kind == TOKEN_NEWLINE || p->at->kind == TOKEN_RBRACE) {
			diag_error(
				p->diags, &r->place,
				"the rule '%s' has no action: accept, drop, reset, reject or log",
				r->name);
			return false;
		} else {
			return unknown_match(p);
		}
	}
}

static bool parse_rule(struct parser *p)
{
	char name[NAME_LEN + 1], where[128];
	struct place place;
	struct rule *r;

	if (!parser_name(p, "the name of a rule", name, &place))
		return false;
	if (p->at->kind != TOKEN_COLON) {
		diag_error(
			p->diags, &p->at->place,
			"expected ':' after the name of a rule; a rule is 'NAME: MATCHES ACTION'");
		return false;
	}
	p->at++;
	if (strcmp(name, "default") == 0 || strcmp(name, "undecided") == 0) {
		diag_error(p->diags, &place, "'%s' is the name that events use for '%s%s'", name,
			   name[0] == 'u' ? "on " : "", name);
		return false;
	}
	for (size_t i = 0; i < p->policy->rules; i++) {
		if (strcmp(p->policy->rule[i].name, name) == 0) {
			diag_error(p->diags, &place, "the rule '%s' exists already, %s", name,
				   parser_where(p, &p->policy->rule[i].place, where));
			return false;
		}
	}
	if (p->policy->rules == RULE_UNDECIDED) {
		diag_error(p->diags, &place, "a policy has at most %u rules", RULE_UNDECIDED);
		return false;
	}
	r = parser_grow(p, (void **)&p->policy->rule, &p->policy->rules, sizeof(*r));
	if (r == NULL)
		return false;
	memcpy(r->name, name, sizeof(name));
	r->place = place;
	r->ends = ENDS_BOTH;
	return parse_rule_body(p, (uint16_t)(p->policy->rules - 1));
}

bool parse_policy_section(struct parser *p)
{
	static const struct statement table[] = {
		{ "default", parse_default },
		{ "on undecided", parse_undecided },
	};
	static const char *const hooks[] = { "forward" };
	const struct token *name = p->at;

	if (parser_choice(p, "the hook of a policy", hooks, 1) < 0)
		return false;
	if (p->has_policy) {
		diag_error(p->diags, &name->place, "there is a 'policy forward' already");
		return false;
	}
	p->has_policy = true;
	return parser_block(p, "policy statement", table, sizeof(table) / sizeof(table[0]),
			    parse_rule);
}
