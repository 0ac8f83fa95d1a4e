/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/set.h"

#include "policy/number.h"
#include "policy/print.h"
#include "policy/room.h"
#include "tcp/hash.h"
#include "tcp/reset_read.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { IFNAME_MAX = 15, ELEMENT_MAX = 255, PRINT_WIDTH = 90 };

static const char *const type_names[] = {
	[SET_ADDR] = "addr",	 [SET_PORT] = "port",	[SET_DOMAIN] = "domain",
	[SET_IFNAME] = "ifname", [SET_TEXT] = "text",	[SET_MARK] = "mark",
	[SET_CODE] = "code",	 [SET_STAGE] = "stage", [SET_CT_STATE] = "state",
};
static_assert(sizeof(type_names) / sizeof(type_names[0]) == SET_TYPES, "every type has a name");

static const char *const ct_names[] = {
	[CT_NEW] = "new",	  [CT_ESTABLISHED] = "established", [CT_RELATED] = "related",
	[CT_INVALID] = "invalid", [CT_UNTRACKED] = "untracked",
};
static_assert(sizeof(ct_names) / sizeof(ct_names[0]) == CT_STATES, "every state has a name");

const char *ct_state_name(enum ct_state s)
{
	return ct_names[s];
}

const char *set_type_name(enum set_type t)
{
	return type_names[t];
}

int set_type_by_name(const char *name)
{
	for (int i = 0; i < SET_TYPES_NAMED; i++) {
		if (strcmp(type_names[i], name) == 0)
			return i;
	}
	return -1;
}

/* Room for one more element of @size; the list is any of the union's. */
static bool grow(struct set *s, size_t size)
{
	void *list = s->span;
	bool good = room_for(&list, s->count + 1, &s->room, size);

	s->span = list;
	return good;
}

static const char *add_span(struct set *s, uint32_t low, uint32_t high)
{
	if (low > high)
		return "is a range whose end lies before its start";
	if (!grow(s, sizeof(*s->span)))
		return "does not fit into memory";
	s->span[s->count++] = (struct span){ low, high };
	return NULL;
}

/* "N" or "N-M", up to 65535. */
static const char *add_numbers(struct set *s, char *text, const char *wrong)
{
	char *dash = strchr(text, '-');
	long low, high;

	if (dash != NULL)
		*dash = '\0';
	low = number_parse(text, 65535);
	high = dash ? number_parse(dash + 1, 65535) : low;
	if (low < 0 || high < 0)
		return wrong;
	return add_span(s, (uint32_t)low, (uint32_t)high);
}

static const char *add_code(struct set *s, char *text)
{
	uint16_t code = reset_code_by_name(text);

	if (code != 0)
		return add_span(s, code, code);
	return add_numbers(s, text, "is not a code: a number, a range or a name of the registry");
}

static const char *add_text(struct set *s, const char *text)
{
	char *copy = grow(s, sizeof(*s->text)) ? strdup(text) : NULL;

	if (copy == NULL)
		return "does not fit into memory";
	s->text[s->count++] = copy;
	return NULL;
}

static const char *add_ifname(struct set *s, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > IFNAME_MAX || strpbrk(text, "/ \t\"\\") != NULL)
		return "is not an interface name (1 to 15 characters)";
	return add_text(s, text);
}

static const char *add_mark(struct set *s, char *text)
{
	char *slash = strchr(text, '/');
	struct mark m = { .mask = UINT32_MAX };

	if (slash != NULL)
		*slash = '\0';
	if (!word32_parse(text, &m.value) || (slash != NULL && !word32_parse(slash + 1, &m.mask)))
		return "is not a mark: VALUE or VALUE/MASK, decimal or 0x...";
	if ((m.value & ~m.mask) != 0)
		return "can never match: the value has bits outside of the mask";
	if (!grow(s, sizeof(*s->mark)))
		return "does not fit into memory";
	s->mark[s->count++] = m;
	return NULL;
}

static const char *choice_name(enum set_type t, unsigned i)
{
	if (t == SET_CT_STATE)
		return i < CT_STATES ? ct_names[i] : NULL;
	return i < RESET_STAGES ? reset_stage_name((enum reset_stage)i) : NULL;
}

static const char *add_choice(struct set *s, const char *text)
{
	for (unsigned i = 0; choice_name(s->type, i) != NULL; i++) {
		if (strcmp(choice_name(s->type, i), text) != 0)
			continue;
		s->count += (s->bits >> i & 1) == 0;
		s->bits |= 1u << i;
		return NULL;
	}
	return s->type == SET_CT_STATE ? "is not new, established, related, invalid or untracked"
				       : "is not syn, handshake, established, closing or unknown";
}

const char *set_add(struct set *s, const char *text, uint8_t family)
{
	char copy[ELEMENT_MAX + 1];
	size_t len = strlen(text);

	if (len > ELEMENT_MAX)
		return "is longer than any element";
	memcpy(copy, text, len + 1);
	switch (s->type) {
	case SET_ADDR:
		return prefix_set_add(&s->addr, copy, family);
	case SET_PORT:
		return add_numbers(s, copy, "is not a port (0-65535) or a range of ports");
	case SET_DOMAIN:
		return domain_set_add(&s->domain, copy);
	case SET_IFNAME:
		return add_ifname(s, copy);
	case SET_MARK:
		return add_mark(s, copy);
	case SET_CODE:
		return add_code(s, copy);
	case SET_CT_STATE:
	case SET_STAGE:
		return add_choice(s, copy);
	default:
		return len > 0 ? add_text(s, copy) : "is empty";
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

static void merge_spans(struct set *s)
{
	size_t out = 0;

	if (s->count == 0)
		return;
	qsort(s->span, s->count, sizeof(*s->span), compare_spans);
	for (size_t i = 1; i < s->count; i++) {
		struct span *last = &s->span[out];

		if (s->span[i].low <= last->high + 1) { /* both fit in 16 bits */
			if (s->span[i].high > last->high)
				last->high = s->span[i].high;
		} else {
			s->span[++out] = s->span[i];
		}
	}
	s->count = out + 1;
}

int set_seal(struct set *s)
{
	if (s->type == SET_ADDR)
		return prefix_set_seal(&s->addr);
	if (s->type == SET_DOMAIN)
		domain_set_seal(&s->domain);
	else if (s->type == SET_PORT || s->type == SET_CODE)
		merge_spans(s);
	return 0;
}

void set_free(struct set *s)
{
	switch (s->type) {
	case SET_ADDR:
		prefix_set_free(&s->addr);
		break;
	case SET_DOMAIN:
		domain_set_free(&s->domain);
		break;
	case SET_IFNAME:
	case SET_TEXT:
		for (size_t i = 0; i < s->count; i++)
			free(s->text[i]);
		free(s->text);
		break;
	case SET_CT_STATE:
	case SET_STAGE:
		break;
	default:
		free(s->span);
	}
	free(s->name);
	*s = (struct set){ .type = s->type };
}

size_t set_count(const struct set *s)
{
	if (s->type == SET_ADDR)
		return s->addr.v4_count + s->addr.v6_count;
	return s->type == SET_DOMAIN ? s->domain.count : s->count;
}

bool set_has_addr(const struct set *s, const struct ip_addr *a)
{
	return prefix_set_has(&s->addr, a);
}

static const struct span *find_span(const struct set *s, uint32_t n)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (n < s->span[mid].low)
			high = mid;
		else if (n > s->span[mid].high)
			low = mid + 1;
		else
			return &s->span[mid];
	}
	return NULL;
}

bool set_has_number(const struct set *s, uint32_t n)
{
	return find_span(s, n) != NULL;
}

bool set_has_domain(const struct set *s, const char *name, size_t len)
{
	return domain_set_find(&s->domain, name, len) != NULL;
}

bool set_has_text(const struct set *s, const char *text, size_t len)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t n = strlen(s->text[i]);

		if (n > 0 && s->text[i][n - 1] == '*'
			    ? n - 1 <= len && memcmp(s->text[i], text, n - 1) == 0
			    : n == len && memcmp(s->text[i], text, n) == 0)
			return true;
	}
	return false;
}

bool set_has_mark(const struct set *s, uint32_t mark)
{
	for (size_t i = 0; i < s->count; i++) {
		if ((mark & s->mark[i].mask) == s->mark[i].value)
			return true;
	}
	return false;
}

bool set_has_choice(const struct set *s, unsigned choice)
{
	return s->bits >> choice & 1;
}

static void format_span(const struct span *p, char out[ENTRY_LEN])
{
	if (p->low == p->high)
		snprintf(out, ENTRY_LEN, "%u", p->low);
	else
		snprintf(out, ENTRY_LEN, "%u-%u", p->low, p->high);
}

bool set_find_number(const struct set *s, uint32_t n, char out[ENTRY_LEN])
{
	const struct span *p = find_span(s, n);

	if (p != NULL)
		format_span(p, out);
	return p != NULL;
}

/* Elements on lines of some width; the first line is the caller's. */
struct list_printer {
	const char *indent;
	FILE *out;
	size_t column, printed;
};

static void print_element(struct list_printer *p, const char *text, bool quoted)
{
	size_t len = strlen(text) + 2;

	if (p->printed++ > 0) {
		p->column += len;
		fputs(p->column > PRINT_WIDTH ? ",\n" : ", ", p->out);
		if (p->column > PRINT_WIDTH) {
			fputs(p->indent, p->out);
			p->column = len;
		}
	}
	if (quoted)
		print_quoted(text, p->out);
	else
		fputs(text, p->out);
}

static void print_domains(const struct set *s, struct list_printer *p)
{
	char text[DOMAIN_MAX + 2];

	for (const char *e = domain_set_next(&s->domain, NULL); e != NULL;
	     e = domain_set_next(&s->domain, e)) {
		snprintf(text, sizeof(text), "%s%s", domain_entry_below(e) ? "." : "",
			 domain_entry_name(e));
		print_element(p, text, true);
	}
}

void set_print(const struct set *s, const char *indent, FILE *out)
{
	struct list_printer p = { .indent = indent, .out = out };
	char text[ENTRY_LEN];

	switch (s->type) {
	case SET_ADDR:
		for (size_t i = 0; prefix_set_entry(&s->addr, i, text); i++)
			print_element(&p, text, false);
		break;
	case SET_DOMAIN:
		print_domains(s, &p);
		break;
	case SET_CT_STATE:
	case SET_STAGE:
		for (unsigned i = 0; choice_name(s->type, i) != NULL; i++) {
			if (set_has_choice(s, i))
				print_element(&p, choice_name(s->type, i), false);
		}
		break;
	case SET_MARK:
		for (size_t i = 0; i < s->count; i++) {
			snprintf(text, sizeof(text), "0x%x/0x%x", s->mark[i].value,
				 s->mark[i].mask);
			print_element(&p, text, false);
		}
		break;
	case SET_IFNAME:
	case SET_TEXT:
		for (size_t i = 0; i < s->count; i++)
			print_element(&p, s->text[i], true);
		break;
	default:
		for (size_t i = 0; i < s->count; i++) {
			format_span(&s->span[i], text);
			print_element(&p, text, false);
		}
	}
}

/* Names stand in no order: what each adds does not depend on the others. */
static uint64_t digest_domains(const struct domain_set *d)
{
	uint64_t sum = d->count;

	for (const char *e = domain_set_next(d, NULL); e != NULL; e = domain_set_next(d, e))
		sum += hash_mix(domain_entry_hash(e), 1 + domain_entry_below(e));
	return sum;
}

uint64_t set_digest(const struct set *s)
{
	uint64_t h = s->type;

	switch (s->type) {
	case SET_ADDR:
		for (size_t i = 0; i < s->addr.v4_count; i++)
			h = hash_mix(hash_mix(h, s->addr.v4[i].low), s->addr.v4[i].high);
		for (size_t i = 0; i < s->addr.v6_count; i++) {
			h = hash_mix(hash_mix(h, (uint64_t)(s->addr.v6[i].low >> 64)),
				     (uint64_t)s->addr.v6[i].low);
			h = hash_mix(hash_mix(h, (uint64_t)(s->addr.v6[i].high >> 64)),
				     (uint64_t)s->addr.v6[i].high);
		}
		return h;
	case SET_DOMAIN:
		return digest_domains(&s->domain);
	case SET_PORT:
		for (size_t i = 0; i < s->count; i++)
			h = hash_mix(hash_mix(h, s->span[i].low), s->span[i].high);
		return h;
	default: /* never a named one */
		return h;
	}
}
