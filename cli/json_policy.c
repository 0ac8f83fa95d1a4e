/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json_policy.h"

#include "policy/print.h"

#include <stdlib.h>

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

json_t *json_text(const char *text)
{
	json_t *s = json_string(text);
	char *copy = s == NULL && text != NULL ? strdup(text) : NULL;

	if (copy == NULL)
		return s;
	for (char *c = copy; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	}
	s = json_string(copy);
	free(copy);
	return s;
}

static void set_string(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		set(o, key, json_text(value));
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	set(o, key, json_integer((json_int_t)value));
}

/* What a printer writes, as a string. */
static json_t *set_text(const struct set *s)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	json_t *value = NULL;

	if (out == NULL)
		return NULL;
	set_print(s, " ", out);
	if (fclose(out) == 0)
		value = json_stringn(text, size);
	free(text);
	return value;
}

static json_t *match_object(const struct policy *p, const struct match *m)
{
	json_t *o = json_object();

	set_string(o, "match", m->kind->words);
	if (m->negate)
		set(o, "negate", json_true());
	if (m->set != NULL && m->set->name != NULL)
		set_string(o, "set", m->set->name);
	else if (m->set != NULL)
		set(o, "elements", set_text(m->set));
	if (m->pattern != NULL) {
		set_string(o, "pattern", m->pattern->source);
		set_number(o, "within", m->pattern->within);
	}
	if (m->kind->operand == OPERAND_SCHEDULE)
		set_string(o, "schedule", p->schedule[m->schedule].name);
	if (m->kind->operand == OPERAND_LIMIT) {
		set(o, "over", json_boolean(m->limit.over));
		set_number(o, "rate", m->limit.rate);
		set_string(o, "unit", limit_unit_name(m->limit.unit));
		set_number(o, "burst", m->limit.burst);
		set_string(o, "per", limit_key_name(m->limit.per));
	}
	return o;
}

/* One rule, with where it stands. */
static json_t *rule_object(const struct policy *p, const struct rule *r)
{
	json_t *o = json_object(), *matches = json_array();
	char source[TEXT_SOURCE_MAX + 1];

	set_string(o, "name", r->name);
	set_string(o, "file", r->file);
	if (r->line > 0)
		set_number(o, "line", r->line);
	for (size_t i = 0; i < r->matches; i++)
		json_array_append_new(matches, match_object(p, &r->match[i]));
	set(o, "matches", matches);
	set_string(o, "action", action_name(r->action));
	if (r->action == ACTION_RESET) {
		set_string(o, "ends", reset_ends_name(r->ends));
		set_string(o, "payload", payload_mode_name(r->payload));
	}
	if (r->action == ACTION_REJECT)
		set_string(o, "with", unreachable_name(r->reject));
	if (r->annotate != NULL) {
		text_source(r->annotate, source);
		set_string(o, "annotation", source);
	}
	if (r->shadow)
		set(o, "shadow", json_true());
	if (r->log)
		set(o, "log", json_true());
	if (r->sample > 1)
		set_number(o, "sample", r->sample);
	if (r->pcap)
		set(o, "pcap", json_true());
	if (r->reason != NULL)
		set_string(o, "reason", r->reason->name);
	set_string(o, "comment", r->comment);
	return o;
}

static json_t *rules_array(const struct policy *p, const struct rule *rules, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, rule_object(p, &rules[i]));
	return list;
}

static json_t *sets_array(const struct policy *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->sets; i++) {
		json_t *o;

		if (p->set[i]->name == NULL)
			continue;
		o = json_object();
		set_string(o, "name", p->set[i]->name);
		set_string(o, "type", set_type_name(p->set[i]->type));
		set_number(o, "entries", set_count(p->set[i]));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *reasons_array(const struct policy *p)
{
	json_t *list = json_array();
	char source[TEXT_SOURCE_MAX + 1];

	for (size_t i = 0; i < p->reasons; i++) {
		const struct reason *r = p->reason[i];
		json_t *o = json_object();

		set_string(o, "name", r->name);
		if (r->code != 0)
			set_number(o, "code", r->code);
		if (r->pen != 0)
			set_number(o, "pen", r->pen);
		if (r->has_text) {
			text_source(&r->text, source);
			set_string(o, "text", source);
		}
		set_string(o, "url", r->url);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *schedules_array(const struct policy *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->schedules; i++) {
		const struct schedule *s = &p->schedule[i];
		json_t *o = json_object(), *days = json_array();

		set_string(o, "name", s->name);
		for (int d = 0; d < WEEKDAYS; d++) {
			if (s->days >> d & 1)
				json_array_append_new(days, json_string(weekday_name(d)));
		}
		set(o, "days", days);
		set_number(o, "from_minute", s->from);
		set_number(o, "to_minute", s->to);
		set_string(o, "zone", s->zone_name);
		json_array_append_new(list, o);
	}
	return list;
}

json_t *json_policy(const struct policy *p)
{
	json_t *o = json_object(), *forward = json_object();

	set(o, "sets", sets_array(p));
	set(o, "schedules", schedules_array(p));
	set(o, "reasons", reasons_array(p));
	set(forward, "default", rule_object(p, &p->on_default));
	set(forward, "on_undecided", rule_object(p, &p->on_undecided));
	set(forward, "rules", rules_array(p, p->rule, p->rules));
	set(o, "policy", forward);
	set(o, "resets", rules_array(p, p->reset_rule, p->reset_rules));
	set_number(o, "tests", p->tests);
	return o;
}

long long json_number_at(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

long long json_total_at(const json_t *list, const char *key)
{
	long long sum = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		sum += json_number_at(json_array_get(list, i), key);
	return sum;
}

const char *json_text_at(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}
