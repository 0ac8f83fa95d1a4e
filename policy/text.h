/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a reason: literal pieces and variables, expanded when a flow is cut. */
#ifndef EPITAPH_POLICY_TEXT_H
#define EPITAPH_POLICY_TEXT_H

#include "policy/diag.h"
#include "tcp/addr.h"

enum {
	TEXT_MAX = 255,	    /* octets on the wire */
	TEXT_VISIBLE = 30,  /* what tcpdump -v shows of a reset's text */
	TEXT_HOST_MAX = 64, /* of $host, which comes from the peer */
	TEXT_ENTRY_MAX = 64,
	TEXT_DATE_LEN = 10,
	TEXT_PARTS = 24,
	EVENT_ID_LEN = 8,
	TEXT_SOURCE_MAX = 2 * TEXT_MAX,
};

enum text_variable {
	TEXT_LITERAL,
	TEXT_RULE,
	TEXT_SET,
	TEXT_ENTRY,
	TEXT_EVENT,
	TEXT_DATE,
	TEXT_SADDR,
	TEXT_DADDR,
	TEXT_DPORT,
	TEXT_HOST,
	TEXT_VARIABLES,
};

struct text_part {
	enum text_variable variable;
	uint16_t from, len; /* of a literal in struct text's pool */
};

struct text {
	struct text_part part[TEXT_PARTS];
	unsigned parts;
	char pool[TEXT_MAX + 1];
	bool uses_host, uses_entry, uses_date;
};

/* What the variables stand for; NULL strings expand to nothing. */
struct text_values {
	const char *rule, *set, *entry, *event, *date, *host;
	const struct ip_tuple *tuple; /* original direction */
};

/* Compile @source, reporting at @at: unknown variables, octets that are no printable ASCII, and
 * what can expand past TEXT_MAX. Returns false after an error. */
bool text_compile(const char *source, const struct place *at, struct diags *d, struct text *out);

/* Expand into @out, TEXT_MAX + 1 octets, NUL-terminated. Returns the length. */
size_t text_expand(const struct text *t, const struct text_values *v, char *out);

/* The text as it was written, with its variables, at most TEXT_SOURCE_MAX octets and a NUL. */
void text_source(const struct text *t, char out[TEXT_SOURCE_MAX + 1]);

/* True when the first TEXT_VISIBLE octets hold @rule, whatever the variables before it expand to. */
bool text_shows_rule(const struct text *t, const char *rule);

#endif
