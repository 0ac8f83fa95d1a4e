/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "policy forward { ... }" and "resets forward { ... }": default, on undecided, and the rules. */
#include "policy/parser.h"

#include "policy/number.h"

#include <stdlib.h>

static const char *const flow_actions[] = { "accept", "drop", "reset", "reject", "log", "shadow" };
static const char *const reset_actions[] = { "accept", "drop", "log", "annotate" };

enum {
	FLOW_ACTIONS = sizeof(flow_actions) / sizeof(flow_actions[0]),
	RESET_ACTIONS = sizeof(reset_actions) / sizeof(reset_actions[0]),
	NAME_OF_RESETS = 0x10000, /* in a name's number, above the index */
};

static enum reset_ends parse_ends(struct parser *p)
{
	if (parser_take_word(p, "source"))
		return ENDS_SOURCE;
	if (parser_take_word(p, "destination"))
		return ENDS_DESTINATION;
	parser_take_word(p, "both");
	return ENDS_BOTH;
}

/* "with CODE", or nftables' spelling of a reset, "with tcp reset". */
static bool parse_reject(struct parser *p, enum rule_action *action, enum reset_ends *ends,
			 enum unreachable *code)
{
	struct suggestion s;

	*action = ACTION_REJECT;
	*code = UNREACHABLE_ADMIN;
	if (!parser_take_word(p, "with"))
		return true;
	for (int i = 0; i < UNREACHABLES; i++) {
		*code = (enum unreachable)i;
		if (parser_take_word(p, unreachable_name(*code)))
			return true;
	}
	if (parser_take_word(p, "tcp")) {
		if (!parser_take_word(p, "reset"))
			return parser_unexpected(p, "'reset' after 'with tcp'");
		*action = ACTION_RESET;
		*ends = ENDS_SOURCE;
		return true;
	}
	if (p->at->kind != TOKEN_WORD)
		return parser_unexpected(p, "a code of 'reject', or 'tcp reset'");
	s = (struct suggestion){ .word = p->at->text, .word_len = strlen(p->at->text) };
	for (int i = 0; i < UNREACHABLES; i++)
		suggestion_offer(&s, unreachable_name((enum unreachable)i));
	if (s.best != NULL)
		diag_error(p->diags, &p->at->place,
			   "'%s' is no code of 'reject'; did you mean '%s'?", p->at->text, s.best);
	else
		diag_error(p->diags, &p->at->place,
			   "'%s' is no code of 'reject': admin-prohibited, net-unreachable, "
			   "host-unreachable, port-unreachable or 'tcp reset'",
			   p->at->text);
	return false;
}

bool parse_action(struct parser *p, enum rule_action *action, enum reset_ends *ends,
		  enum unreachable *reject, bool *good)
{
	*good = true;
	if (parser_take_word(p, "accept")) {
		*action = ACTION_ACCEPT;
	} else if (parser_take_word(p, "drop")) {
		*action = ACTION_DROP;
	} else if (parser_take_word(p, "reset")) {
		*action = ACTION_RESET;
		*ends = parse_ends(p);
	} else if (parser_take_word(p, "reject")) {
		*good = parse_reject(p, action, ends, reject);
	} else {
		return false;
	}
	return true;
}

/* "sample 1/N" and "pcap" behind "log". */
static bool parse_log(struct parser *p, struct rule *r)
{
	const struct token *t;
	long n;

	for (;;) {
		if (parser_take_word(p, "pcap")) {
			r->pcap = true;
			continue;
		}
		if (!parser_take_word(p, "sample"))
			return true;
		t = parser_expect(p, TOKEN_WORD, "1/N");
		if (t == NULL)
			return false;
		n = strncmp(t->text, "1/", 2) == 0 ? number_parse(t->text + 2, 1000000) : -1;
		if (n < 1) {
			diag_error(p->diags, &t->place,
				   "'%s' is not a sample: 1/N, one of so many, N from 1 to 1000000",
				   t->text);
			return false;
		}
		r->sample = (uint32_t)n;
	}
}

static bool parse_annotate(struct parser *p, struct rule *r)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a text in double quotes");
	struct text *text = t ? calloc(1, sizeof(*text)) : NULL;

	r->action = ACTION_ANNOTATE;
	if (t == NULL)
		return false;
	if (text == NULL) {
		p->no_memory = true;
		return false;
	}
	r->annotate = text;
	if (t->text[0] == '\0') {
		diag_error(p->diags, &t->place, "an empty text annotates nothing");
		return false;
	}
	return text_compile(t->text, &t->place, p->diags, text);
}

/* True when the words here are an action of the rule's section, which is then read into @r. */
static bool take_action(struct parser *p, struct rule *r, bool *good)
{
	static const char *const of_flows[] = { "reset", "reject", "shadow" };

	*good = true;
	if (parser_take_word(p, "log")) {
		r->action = ACTION_LOG;
		*good = parse_log(p, r);
		return true;
	}
	if (!r->of_resets) {
		r->shadow = parser_take_word(p, "shadow");
		if (parse_action(p, &r->action, &r->ends, &r->reject, good))
			return true;
		if (r->shadow)
			*good = parser_unexpected(p,
						  "accept, drop, reset or reject after 'shadow'");
		return r->shadow;
	}
	for (size_t i = 0; i < sizeof(of_flows) / sizeof(of_flows[0]); i++) {
		if (p->at->kind == TOKEN_WORD && strcmp(p->at->text, of_flows[i]) == 0) {
			*good = parser_unexpected(
				p, "accept, drop, log or annotate: a reset itself is "
				   "judged here");
			return true;
		}
	}
	if (parser_take_word(p, "annotate")) {
		*good = parse_annotate(p, r);
		return true;
	}
	return parse_action(p, &r->action, &r->ends, &r->reject, good);
}

static bool parse_reason_option(struct parser *p, struct rule_ref ref)
{
	const struct token *name = parser_expect(p, TOKEN_WORD, "the name of a reason");

	return name != NULL && parser_note(p, &p->reason_use, ref, 0, name);
}

static bool parse_payload_option(struct parser *p, struct rule_ref ref)
{
	static const char *const modes[] = { "text", "diag", "both", "none" };
	int mode = parser_choice(p, "the payload of a reset", modes, PAYLOAD_MODES);

	if (mode < 0)
		return false;
	parser_rule(p, ref)->payload = (enum payload_mode)mode;
	return true;
}

static bool parse_comment_option(struct parser *p, struct rule_ref ref)
{
	return parser_string(p, "a comment in double quotes", &parser_rule(p, ref)->comment);
}

static bool parse_log_option(struct parser *p, struct rule_ref ref)
{
	parser_rule(p, ref)->log = true;
	return parse_log(p, parser_rule(p, ref));
}

static const struct {
	const char *word;
	bool (*parse)(struct parser *p, struct rule_ref ref);
	bool of_flows; /* alone */
} options[] = {
	{ "reason", parse_reason_option, true },
	{ "payload", parse_payload_option, true },
	{ "comment", parse_comment_option, false },
	{ "log", parse_log_option, false },
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

/* What may follow an action, to the end of the statement. */
static bool parse_options(struct parser *p, struct rule_ref ref)
{
	while (p->at->kind == TOKEN_WORD) {
		struct suggestion s = { .word = p->at->text, .word_len = strlen(p->at->text) };
		size_t i;

		for (i = 0; i < OPTIONS; i++) {
			if (ref.of_resets && options[i].of_flows)
				continue;
			if (parser_take_word(p, options[i].word))
				break;
			suggestion_offer(&s, options[i].word);
		}
		if (i == OPTIONS) {
			parser_unknown(p, "option", &s);
			return false;
		}
		if (!options[i].parse(p, ref))
			return false;
	}
	return true;
}

static bool parse_action_statement(struct parser *p, uint16_t index, const char *what)
{
	struct rule_ref ref = { false, index };
	struct rule *r = parser_rule(p, ref);
	bool good;

	r->place = p->at->place;
	if (!take_action(p, r, &good))
		return parser_unexpected(p, what);
	if (r->action == ACTION_LOG || r->shadow) {
		diag_error(p->diags, &r->place,
			   "'%s' decides nothing; it needs an action beside it",
			   r->shadow ? "shadow" : "log");
		r->shadow = false;
		return false;
	}
	return good && parse_options(p, ref);
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
static bool unknown_match(struct parser *p, bool of_resets)
{
	const enum match_scope other = of_resets ? SCOPE_FLOW : SCOPE_RESET;
	const char *const *actions = of_resets ? reset_actions : flow_actions;
	size_t count = of_resets ? (size_t)RESET_ACTIONS : (size_t)FLOW_ACTIONS;
	char phrase[64];
	struct suggestion s = { .word = p->at->text };

	if (p->at->kind != TOKEN_WORD)
		return parser_unexpected(p, "a match or an action");
	for (size_t i = 0; match_kind_at(i) != NULL; i++) {
		if (match_kind_at(i)->scope != other &&
		    parser_phrase(p, match_kind_at(i)->words, phrase))
			s.word = phrase;
	}
	s.word_len = strlen(s.word);
	for (size_t i = 0; match_kind_at(i) != NULL; i++) {
		if (match_kind_at(i)->scope != other)
			suggestion_offer(&s, match_kind_at(i)->words);
	}
	for (size_t i = 0; i < count; i++)
		suggestion_offer(&s, actions[i]);
	parser_unknown(p, "match or action", &s);
	return false;
}

static bool parse_rule_body(struct parser *p, struct rule_ref ref)
{
	bool good;

	for (;;) {
		struct rule *r = parser_rule(p, ref);

		if (parse_match(p, ref, &good)) {
			if (!good)
				return false;
		} else if (take_action(p, r, &good)) {
			return good && parse_options(p, ref);
		} else if (p->at->kind == TOKEN_NEWLINE || p->at->kind == TOKEN_RBRACE) {
			diag_error(p->diags, &r->place, "the rule '%s' has no action: %s", r->name,
				   ref.of_resets ? "accept, drop, log or annotate"
						 : "accept, drop, reset, reject or log");
			return false;
		} else {
			return unknown_match(p, ref.of_resets);
		}
	}
}

/* True when @name may name one more rule. */
static bool check_rule_name(struct parser *p, const char *name, const struct place *place,
			    size_t rules)
{
	int64_t id = names_find(&p->rule_names, name);

	if (strcmp(name, "default") == 0 || strcmp(name, "undecided") == 0) {
		diag_error(p->diags, place, "'%s' is the name that events use for '%s%s'", name,
			   name[0] == 'u' ? "on " : "", name);
		return false;
	}
	if (id >= 0) {
		struct rule_ref ref = { (id & NAME_OF_RESETS) != 0, (uint16_t)id };

		return parser_exists(p, "rule", name, place, &parser_rule(p, ref)->place);
	}
	if (rules == RULE_UNDECIDED) {
		diag_error(p->diags, place, "a policy has at most %u rules", RULE_UNDECIDED);
		return false;
	}
	return true;
}

static bool parse_rule(struct parser *p, bool of_resets)
{
	struct policy *policy = p->policy;
	size_t *count = of_resets ? &policy->reset_rules : &policy->rules;
	struct rule **list = of_resets ? &policy->reset_rule : &policy->rule;
	struct rule_ref ref = { of_resets, (uint16_t)*count };
	char name[NAME_LEN + 1];
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
	if (!check_rule_name(p, name, &place, *count))
		return false;
	r = parser_grow(p, (void **)list, count, sizeof(*r));
	if (r == NULL ||
	    !names_add(&p->rule_names, name, ref.index | (of_resets ? NAME_OF_RESETS : 0u))) {
		p->no_memory = true;
		return false;
	}
	memcpy(r->name, name, sizeof(name));
	r->place = place;
	r->of_resets = of_resets;
	r->ends = ENDS_BOTH;
	r->sample = 1;
	return parse_rule_body(p, ref);
}

static bool parse_flow_rule(struct parser *p)
{
	return parse_rule(p, false);
}

static bool parse_reset_rule(struct parser *p)
{
	return parse_rule(p, true);
}

/* "forward", once. */
static bool parse_hook(struct parser *p, const char *section, bool *seen)
{
	static const char *const hooks[] = { "forward" };
	const struct token *name = p->at;

	if (parser_choice(p, section[0] == 'p' ? "the hook of a policy" : "the hook of resets",
			  hooks, 1) < 0)
		return false;
	if (*seen)
		diag_error(p->diags, &name->place, "there is a '%s forward' already", section);
	if (*seen)
		return false;
	*seen = true;
	return true;
}

bool parse_policy_section(struct parser *p)
{
	static const struct statement table[] = {
		{ "default", parse_default },
		{ "on undecided", parse_undecided },
	};

	return parse_hook(p, "policy", &p->has_policy) &&
	       parser_block(p, "policy statement", table, sizeof(table) / sizeof(table[0]),
			    parse_flow_rule);
}

bool parse_resets_section(struct parser *p)
{
	return parse_hook(p, "resets", &p->has_resets) &&
	       parser_block(p, "rule", NULL, 0, parse_reset_rule);
}
