/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules name: sets, schedules, reasons. */
#include "policy/parser.h"

#include "tcp/reset_read.h"

#include <stdlib.h>

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
	if (current_set(p)->type != SET_TYPES) {
		diag_error(p->diags, &p->at[-1].place,
			   "the type of a set is given once, before its elements");
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

bool parse_set(struct parser *p)
{
	static const struct statement table[] = {
		{ "type", parse_set_type },
		{ "elements", parse_set_elements },
		{ "file", parse_set_list },
	};
	char name[NAME_LEN + 1];
	struct place place;
	struct set *s;
	int64_t id;

	if (!parser_name(p, "the name of a set", name, &place))
		return false;
	id = names_find(&p->set_names, name);
	if (id >= 0)
		return parser_exists(p, "set", name, &place, &p->policy->set[id]->place);
	if (!names_add(&p->set_names, name, (uint32_t)p->policy->sets)) {
		p->no_memory = true;
		return false;
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

static struct schedule *current_schedule(struct parser *p)
{
	return &p->policy->schedule[p->policy->schedules - 1];
}

/* "mon" or "mon-fri", which may wrap: "sat-mon". */
static bool take_days(struct parser *p, uint8_t *days)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a day or a range such as mon-fri");
	const char *dash = t ? strchr(t->text, '-') : NULL;
	int first, last;

	if (t == NULL)
		return false;
	first = weekday_by_name(t->text, dash ? (size_t)(dash - t->text) : strlen(t->text));
	last = dash ? weekday_by_name(dash + 1, strlen(dash + 1)) : first;
	if (first < 0 || last < 0) {
		diag_error(
			p->diags, &t->place,
			"'%s' is not a day (mon, tue, wed, thu, fri, sat, sun) or a range of days",
			t->text);
		return false;
	}
	for (int i = first;; i = (i + 1) % WEEKDAYS) {
		*days |= (uint8_t)(1 << i);
		if (i == last)
			return true;
	}
}

static bool parse_days(struct parser *p)
{
	struct schedule *s = current_schedule(p);
	bool braces = p->at->kind == TOKEN_LBRACE;

	s->days = 0;
	p->at += braces;
	do {
		if (!take_days(p, &s->days))
			return false;
	} while (p->at->kind == TOKEN_COMMA && p->at++);
	return !braces || parser_expect(p, TOKEN_RBRACE, "',' or '}'") != NULL;
}

static bool parse_clock(struct parser *p, uint16_t *out)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a time such as 08:00");
	int minutes = t ? clock_parse(t->text) : -1;

	if (t != NULL && minutes < 0)
		diag_error(p->diags, &t->place, "'%s' is not a time from 00:00 to 24:00", t->text);
	if (minutes >= 0)
		*out = (uint16_t)minutes;
	return minutes >= 0;
}

static bool parse_from(struct parser *p)
{
	return parse_clock(p, &current_schedule(p)->from);
}

static bool parse_to(struct parser *p)
{
	return parse_clock(p, &current_schedule(p)->to);
}

static bool parse_zone(struct parser *p)
{
	const struct token *t = p->at;
	struct schedule *s = current_schedule(p);

	if (!parser_string(p, "a time zone in double quotes, such as \"Europe/Berlin\"",
			   &s->zone_name))
		return false;
	if (t->text[0] == '\0' || t->text[0] == '/' || strstr(t->text, "..") != NULL) {
		diag_error(p->diags, &t->place, "'%s' is not the name of a time zone", t->text);
		return false;
	}
	return parser_zone(p, s, t);
}

bool parse_schedule(struct parser *p)
{
	static const struct statement table[] = {
		{ "days", parse_days },
		{ "from", parse_from },
		{ "to", parse_to },
		{ "zone", parse_zone },
	};
	char name[NAME_LEN + 1];
	struct place place;
	struct schedule *s;
	int64_t id;

	if (!parser_name(p, "the name of a schedule", name, &place))
		return false;
	id = names_find(&p->schedule_names, name);
	if (id >= 0)
		return parser_exists(p, "schedule", name, &place, &p->policy->schedule[id].place);
	if (p->policy->schedules == SCHEDULES_MAX) {
		diag_error(p->diags, &place, "a policy has at most %d schedules", SCHEDULES_MAX);
		return false;
	}
	s = parser_grow(p, (void **)&p->policy->schedule, &p->policy->schedules, sizeof(*s));
	if (s == NULL || !names_add(&p->schedule_names, name, (uint32_t)p->policy->schedules - 1)) {
		p->no_memory = true;
		return false;
	}
	memcpy(s->name, name, sizeof(name));
	s->place = place;
	s->days = (1 << WEEKDAYS) - 1;
	s->to = DAY_MINUTES;
	if (!parser_block(p, "schedule statement", table, sizeof(table) / sizeof(table[0]), NULL))
		return false;
	return s->zone_name != NULL || parser_zone(p, s, NULL);
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
		current_reason(p)->code_name = NULL;
		return true;
	}
	s = (struct suggestion){ .word = t->text, .word_len = strlen(t->text) };
	for (size_t i = 0; reset_code_name(i) != NULL; i++) {
		if (strcmp(reset_code_name(i), t->text) == 0) {
			current_reason(p)->code = reset_code_by_name(t->text);
			current_reason(p)->code_name = reset_code_name(i);
			return true;
		}
		suggestion_offer(&s, reset_code_name(i));
	}
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
	return parser_string(p, "a URL in double quotes", &current_reason(p)->url);
}

bool parse_reason(struct parser *p)
{
	static const struct statement table[] = {
		{ "code", parse_reason_code },
		{ "text", parse_reason_text },
		{ "url", parse_reason_url },
	};
	char name[NAME_LEN + 1];
	struct place place;
	struct reason *r, **slot;
	int64_t id;

	if (!parser_name(p, "the name of a reason", name, &place))
		return false;
	id = names_find(&p->reason_names, name);
	if (id >= 0)
		return parser_exists(p, "reason", name, &place, &p->policy->reason[id]->place);
	p->no_memory |= !names_add(&p->reason_names, name, (uint32_t)p->policy->reasons);
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
