/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matches of a rule: a keyword of the match table, "!=" or "!", an operand. */
#include "policy/parser.h"

#include "policy/number.h"
#include "tcp/hash.h"

#include <stdlib.h>

static const struct match_kind *find_kind(struct parser *p, bool of_resets)
{
	const enum match_scope other = of_resets ? SCOPE_FLOW : SCOPE_RESET;

	for (size_t i = 0; match_kind_at(i) != NULL; i++) {
		const struct match_kind *k = match_kind_at(i);

		if (k->scope != other && parser_take_words(p, k->words))
			return k;
	}
	return NULL;
}

bool parse_rate(struct parser *p, struct limit *l)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a rate such as 50/second");
	char number[16];
	const char *slash = t ? strchr(t->text, '/') : NULL;
	long rate = -1;
	int unit = -1;

	if (t == NULL)
		return false;
	if (slash != NULL && (size_t)(slash - t->text) < sizeof(number)) {
		memcpy(number, t->text, (size_t)(slash - t->text));
		number[slash - t->text] = '\0';
		rate = number_parse(number, LIMIT_RATE_MAX);
		for (int i = 0; i < LIMIT_UNITS; i++) {
			if (strcmp(slash + 1, limit_unit_name((enum limit_unit)i)) == 0)
				unit = i;
		}
	}
	if (rate < 1 || unit < 0) {
		diag_error(
			p->diags, &t->place,
			"'%s' is not a rate: N/second, N/minute, N/hour or N/day, N from 1 to %d",
			t->text, LIMIT_RATE_MAX);
		return false;
	}
	l->rate = (uint32_t)rate;
	l->unit = (enum limit_unit)unit;
	if (!parser_take_word(p, "burst"))
		return true;
	if (!parser_number(p, "a burst", 1, LIMIT_RATE_MAX, &l->burst))
		return false;
	parser_take_word(p, "packets"); /* as nftables writes it */
	return true;
}

/* "[rate] [over] 50/second [burst N] [per saddr|daddr|rule]" */
static bool parse_limit(struct parser *p, struct rule *r, struct match *m)
{
	if (r->asks_limit) {
		diag_error(p->diags, &m->place,
			   "a rule has one 'limit'; put the other into a rule of "
			   "its own");
		return false;
	}
	r->asks_limit = true;
	parser_take_word(p, "rate");
	m->limit.over = parser_take_word(p, "over");
	m->limit.burst = LIMIT_BURST;
	if (!parse_rate(p, &m->limit))
		return false;
	m->limit.id = hash_name(r->name);
	m->limit.per = LIMIT_KEYS;
	if (!parser_take_word(p, "per"))
		return true;
	for (int i = 0; i < LIMIT_KEYS; i++) {
		if (parser_take_word(p, limit_key_name((enum limit_key)i))) {
			m->limit.per = (enum limit_key)i;
			return true;
		}
	}
	return parser_unexpected(p, "saddr, daddr or rule after 'per'");
}

static bool parse_pattern(struct parser *p, struct match *m)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a text in double quotes");
	bool regex = m->kind->operand == OPERAND_REGEX;
	char error[PATTERN_ERROR];
	struct pattern *pattern, **slot;
	uint32_t within = PATTERN_WITHIN_MAX;

	if (t == NULL)
		return false;
	pattern = regex ? pattern_regex(t->text, error) : pattern_octets(t->text, error);
	if (pattern == NULL) {
		diag_error(p->diags, &t->place, "'%s' %s", t->text, error);
		return false;
	}
	slot = parser_grow(p, (void **)&p->policy->pattern, &p->policy->patterns, sizeof(*slot));
	if (slot == NULL) {
		pattern_free(pattern);
		return false;
	}
	*slot = pattern;
	m->pattern = pattern;
	if (m->kind->fact != FACT_RESET_TEXT && parser_take_word(p, "within") &&
	    !parser_number(p, "a number of octets", 1, PATTERN_WITHIN_MAX, &within))
		return false;
	pattern->within = within;
	return true;
}

static bool parse_set_operand(struct parser *p, struct rule_ref ref, struct rule *r,
			      struct match *m)
{
	if (p->at->kind == TOKEN_SET)
		return parser_note(p, &p->set_use, ref, r->matches - 1, p->at++);
	m->set = parser_new_set(p, m->kind->type);
	if (m->set == NULL || !parser_operand(p, m->set, m->kind->family))
		return false;
	if (set_count(m->set) > 0)
		return true;
	diag_error(p->diags, &p->at[-1].place, "this list is empty: '%s' could never hold",
		   m->kind->words);
	return false;
}

static bool parse_operand(struct parser *p, struct rule_ref ref, struct rule *r, struct match *m)
{
	const struct token *name;

	switch (m->kind->operand) {
	case OPERAND_SET:
		return parse_set_operand(p, ref, r, m);
	case OPERAND_OCTETS:
	case OPERAND_REGEX:
		return parse_pattern(p, m);
	case OPERAND_LIMIT:
		return parse_limit(p, r, m);
	case OPERAND_SCHEDULE:
		name = parser_expect(p, TOKEN_WORD, "the name of a schedule");
		return name != NULL && parser_note(p, &p->schedule_use, ref, r->matches - 1, name);
	default:
		return true;
	}
}

bool parse_match(struct parser *p, struct rule_ref ref, bool *good)
{
	struct place place = p->at->place;
	bool negate = p->at->kind == TOKEN_NOT;
	const struct match_kind *kind;
	struct rule *r = parser_rule(p, ref);
	struct match *m;

	p->at += negate;
	kind = find_kind(p, ref.of_resets);
	if (kind == NULL) {
		p->at -= negate;
		return false;
	}
	*good = false;
	m = parser_grow(p, (void **)&r->match, &r->matches, sizeof(*m));
	if (m == NULL)
		return true;
	place.len = p->at[-1].place.offset + p->at[-1].place.len - place.offset;
	m->kind = kind;
	m->place = place;
	m->negate = negate;
	if (p->at->kind == TOKEN_NOT_EQUALS && !negate && kind->operand != OPERAND_LIMIT &&
	    kind->operand != OPERAND_NONE) {
		m->negate = true;
		p->at++;
	} else if (p->at->kind == TOKEN_EQUALS) {
		diag_error(p->diags, &p->at->place, "equality needs no '=': write '%s VALUE'",
			   kind->words);
		return true;
	}
	if (m->negate && kind->operand == OPERAND_LIMIT) {
		diag_error(p->diags, &m->place,
			   "'limit' is not negated; write 'limit over' or 'limit'");
		return true;
	}
	*good = parse_operand(p, ref, r, m);
	return true;
}
