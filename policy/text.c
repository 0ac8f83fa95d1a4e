/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/text.h"

#include <assert.h>

enum { NAME_MAX_LEN = 31 };

static const struct {
	const char *name;
	size_t max; /* octets it can expand to */
} variables[] = {
	[TEXT_LITERAL] = { "", 0 },
	[TEXT_RULE] = { "rule", NAME_MAX_LEN },
	[TEXT_SET] = { "set", NAME_MAX_LEN },
	[TEXT_ENTRY] = { "entry", TEXT_ENTRY_MAX },
	[TEXT_EVENT] = { "event", EVENT_ID_LEN },
	[TEXT_DATE] = { "date", TEXT_DATE_LEN },
	[TEXT_SADDR] = { "saddr", ADDR_STRLEN - 1 },
	[TEXT_DADDR] = { "daddr", ADDR_STRLEN - 1 },
	[TEXT_DPORT] = { "dport", 5 },
	[TEXT_HOST] = { "host", TEXT_HOST_MAX },
};
static_assert(sizeof(variables) / sizeof(variables[0]) == TEXT_VARIABLES,
	      "every variable has a name");

static int find_variable(const char *name, size_t len)
{
	for (int i = 1; i < TEXT_VARIABLES; i++) {
		if (strlen(variables[i].name) == len && memcmp(variables[i].name, name, len) == 0)
			return i;
	}
	return -1;
}

static void report_variable(struct diags *d, const struct place *at, const char *name, size_t len)
{
	struct suggestion s = { .word = name, .word_len = len };

	for (int i = 1; i < TEXT_VARIABLES; i++)
		suggestion_offer(&s, variables[i].name);
	if (s.best != NULL)
		diag_error(d, at, "unknown variable '$%.*s' in a text; did you mean '$%s'?",
			   (int)len, name, s.best);
	else
		diag_error(d, at, "unknown variable '$%.*s' in a text", (int)len, name);
}

static size_t variable_length(const char *at)
{
	size_t n = 0;

	while ((at[n] >= 'a' && at[n] <= 'z') || (at[n] >= 'A' && at[n] <= 'Z') || at[n] == '_')
		n++;
	return n;
}

/* Append one part; a literal that follows a literal becomes part of it. */
static bool add_part(struct text *t, enum text_variable v, const char *literal, size_t used)
{
	struct text_part *last = t->parts > 0 ? &t->part[t->parts - 1] : NULL;

	if (v == TEXT_LITERAL) {
		if (used >= TEXT_MAX)
			return false;
		t->pool[used] = *literal;
		if (last != NULL && last->variable == TEXT_LITERAL) {
			last->len++;
			return true;
		}
	}
	if (t->parts == TEXT_PARTS)
		return false;
	t->part[t->parts++] = (struct text_part){ v, (uint16_t)used, v == TEXT_LITERAL };
	t->uses_host |= v == TEXT_HOST;
	t->uses_entry |= v == TEXT_ENTRY;
	t->uses_date |= v == TEXT_DATE;
	return true;
}

bool text_compile(const char *source, const struct place *at, struct diags *d, struct text *out)
{
	struct text t = { .parts = 0 };
	size_t max = 0, literal = 0;
	bool fits = true, good = true;

	for (const char *c = source; *c != '\0' && fits; c++) {
		size_t len = *c == '$' ? variable_length(c + 1) : 0;
		int v = TEXT_LITERAL;

		if (len > 0) {
			v = find_variable(c + 1, len);
			if (v < 0) {
				report_variable(d, at, c + 1, len);
				good = false;
			} else {
				fits = add_part(&t, (enum text_variable)v, NULL, 0);
				max += variables[v].max;
			}
			c += len;
			continue;
		}
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
			diag_error(d, at,
				   "a text on the wire is printable ASCII; it holds octet 0x%02x",
				   (unsigned char)*c);
			return false;
		}
		fits = add_part(&t, TEXT_LITERAL, c, literal);
		literal++;
		max++;
	}
	if (good && (!fits || max > TEXT_MAX)) {
		diag_error(d, at,
			   "this text can expand past %d octets; shorten it or use fewer variables",
			   TEXT_MAX);
		good = false;
	}
	if (good)
		*out = t;
	return good;
}

static size_t append(char *out, size_t used, const char *from, size_t len, size_t max)
{
	if (len > max)
		len = max;
	if (len > TEXT_MAX - used)
		len = TEXT_MAX - used;
	memcpy(out + used, from, len);
	return used + len;
}

/* Decimal digits of @n into @out, 6 octets. */
static const char *format_port(uint16_t n, char *out)
{
	char *p = out + 5;

	*p = '\0';
	do {
		*--p = (char)('0' + n % 10);
		n = (uint16_t)(n / 10);
	} while (n > 0);
	return p;
}

static const char *value_of(enum text_variable v, const struct text_values *values, char *buffer)
{
	switch (v) {
	case TEXT_RULE:
		return values->rule;
	case TEXT_SET:
		return values->set;
	case TEXT_ENTRY:
		return values->entry;
	case TEXT_EVENT:
		return values->event;
	case TEXT_DATE:
		return values->date;
	case TEXT_HOST:
		return values->host;
	case TEXT_SADDR:
		return values->tuple ? addr_format(&values->tuple->src, buffer) : NULL;
	case TEXT_DADDR:
		return values->tuple ? addr_format(&values->tuple->dst, buffer) : NULL;
	default:
		return values->tuple ? format_port(values->tuple->dport, buffer) : NULL;
	}
}

size_t text_expand(const struct text *t, const struct text_values *v, char *out)
{
	char buffer[ADDR_STRLEN];
	size_t used = 0;

	for (unsigned i = 0; i < t->parts; i++) {
		const struct text_part *p = &t->part[i];
		const char *value;

		if (p->variable == TEXT_LITERAL) {
			used = append(out, used, t->pool + p->from, p->len, TEXT_MAX);
			continue;
		}
		value = value_of(p->variable, v, buffer);
		if (value != NULL)
			used = append(out, used, value, strlen(value), variables[p->variable].max);
	}
	out[used] = '\0';
	return used;
}

bool text_shows_rule(const struct text *t, const char *rule)
{
	size_t used = 0, name = strlen(rule);

	for (unsigned i = 0; i < t->parts; i++) {
		const struct text_part *p = &t->part[i];
		const char *at = t->pool + p->from;

		if (p->variable == TEXT_RULE)
			return used + name <= TEXT_VISIBLE;
		if (p->variable == TEXT_LITERAL) {
			const char *found = memmem(at, p->len, rule, name);

			if (found != NULL)
				return used + (size_t)(found - at) + name <= TEXT_VISIBLE;
			used += p->len;
		} else {
			used += variables[p->variable].max;
		}
	}
	return false;
}

void text_source(const struct text *t, char out[TEXT_SOURCE_MAX + 1])
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < t->parts && used < TEXT_SOURCE_MAX; i++) {
		const struct text_part *p = &t->part[i];
		bool literal = p->variable == TEXT_LITERAL;

		used += (size_t)snprintf(out + used, TEXT_SOURCE_MAX + 1 - used, "%s%.*s",
					 literal ? "" : "$", literal ? p->len : TEXT_SOURCE_MAX,
					 literal ? t->pool + p->from : variables[p->variable].name);
	}
}
