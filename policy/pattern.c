/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MATCH_STEPS = 100000,
	MATCH_DEPTH = 1000,
	MATCH_HEAP_KIB = 1024,
	EXPRESSION_MAX = 1024,
};

struct pattern_scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	uint64_t limited;
};

struct pattern_scratch *pattern_scratch_new(void)
{
	struct pattern_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->data = pcre2_match_data_create(1, NULL);
	s->context = pcre2_match_context_create(NULL);
	if (s->data == NULL || s->context == NULL) {
		pattern_scratch_free(s);
		return NULL;
	}
	pcre2_set_match_limit(s->context, MATCH_STEPS);
	pcre2_set_depth_limit(s->context, MATCH_DEPTH);
	pcre2_set_heap_limit(s->context, MATCH_HEAP_KIB);
	return s;
}

void pattern_scratch_free(struct pattern_scratch *s)
{
	if (s == NULL)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	free(s);
}

uint64_t pattern_scratch_limited(const struct pattern_scratch *s)
{
	return s->limited;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	free(p->source);
	free(p->octets);
	pcre2_code_free(p->code);
	free(p);
}

static struct pattern *new_pattern(const char *source, char error[PATTERN_ERROR])
{
	struct pattern *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->source = strdup(source);
	if (p != NULL && p->source != NULL)
		return p;
	pattern_free(p);
	snprintf(error, PATTERN_ERROR, "does not fit into memory");
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The octet behind a '\', at *at, which moves over it; -1 when there is no such escape. */
static int unescape(const char **at)
{
	int high, low;

	switch (*(*at)++) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case '\\':
		return '\\';
	case 'x':
		high = hex_digit((*at)[0]);
		low = high < 0 ? -1 : hex_digit((*at)[1]);
		*at += low < 0 ? 0 : 2;
		return low < 0 ? -1 : high << 4 | low;
	default:
		return -1;
	}
}

struct pattern *pattern_octets(const char *source, char error[PATTERN_ERROR])
{
	struct pattern *p = new_pattern(source, error);

	if (p == NULL)
		return NULL;
	p->octets = malloc(strlen(source) + 1);
	if (p->octets == NULL || source[0] == '\0') {
		snprintf(error, PATTERN_ERROR, source[0] ? "does not fit into memory" : "is empty");
		pattern_free(p);
		return NULL;
	}
	for (const char *at = source; *at != '\0';) {
		int c = (uint8_t)*at++;

		if (c == '\\')
			c = unescape(&at);
		if (c < 0) {
			snprintf(error, PATTERN_ERROR,
				 "has an unknown escape; there are \\xNN, \\n, \\r, \\t and \\\\");
			pattern_free(p);
			return NULL;
		}
		p->octets[p->len++] = (uint8_t)c;
	}
	return p;
}

struct pattern *pattern_regex(const char *source, char error[PATTERN_ERROR])
{
	struct pattern *p = new_pattern(source, error);
	char why[PATTERN_ERROR - 72];
	PCRE2_SIZE at = 0;
	uint32_t options = 0;
	int code = 0;

	if (p == NULL)
		return NULL;
	if (strlen(source) <= EXPRESSION_MAX)
		p->code = pcre2_compile((PCRE2_SPTR)source, PCRE2_ZERO_TERMINATED,
					PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C,
					&code, &at, NULL);
	p->regex = true;
	if (p->code != NULL) {
		pcre2_pattern_info(p->code, PCRE2_INFO_ALLOPTIONS, &options);
		p->anchored = (options & PCRE2_ANCHORED) != 0;
		return p;
	}
	if (code == 0 || pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why)) < 0)
		snprintf(error, PATTERN_ERROR, "is longer than %d octets", EXPRESSION_MAX);
	else
		snprintf(error, PATTERN_ERROR, "is not a regular expression: %s, at octet %zu", why,
			 (size_t)at + 1);
	pattern_free(p);
	return NULL;
}

/* While more can come, the end of what is there is no end of a line; and an expression that is bound
 * to the start ("^SSH-1") is done with as soon as no continuation could match. */
static enum tri ask_regex(const struct pattern *p, struct bytes data, bool more,
			  struct pattern_scratch *s)
{
	uint32_t options = more ? PCRE2_NOTEOL | (p->anchored ? PCRE2_PARTIAL_SOFT : 0) : 0;
	int result = pcre2_match(p->code, data.at, data.len, 0, options, s->data, s->context);

	if (result >= 0)
		return TRI_YES;
	s->limited += result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_DEPTHLIMIT ||
		      result == PCRE2_ERROR_HEAPLIMIT;
	/* Of nothing PCRE2 sees no beginning of a match. */
	if (result == PCRE2_ERROR_NOMATCH && p->anchored && data.len > 0)
		return TRI_NO;
	return more ? TRI_MAYBE : TRI_NO;
}

enum tri pattern_ask(const struct pattern *p, struct bytes data, bool more,
		     struct pattern_scratch *s)
{
	if (data.at ==
	    NULL) /* nothing was seen; the library functions want a pointer all the same */
		data.at = (const uint8_t *)"";
	if (data.len >= p->within) {
		data.len = p->within;
		more = false;
	}
	if (p->regex)
		return ask_regex(p, data, more, s);
	if (memmem(data.at, data.len, p->octets, p->len) != NULL)
		return TRI_YES;
	return more ? TRI_MAYBE : TRI_NO;
}
