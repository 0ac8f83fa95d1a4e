/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "daemon { ... }". */
#include "policy/parser.h"

#include "policy/number.h"
#include "tcp/hash.h"

#include <stdlib.h>

enum {
	QUEUE_BUFFER_MIN = 4096, /* the kernel doubles it, and takes no less */
	QUEUE_BUFFER_MAX = 1 << 30,
};

static bool parse_queues(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a queue number or range");
	unsigned long first, last;
	char *end;

	if (t == NULL)
		return false;
	first = strtoul(t->text, &end, 10);
	last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
	if (*end != '\0' || t->text[0] < '0' || t->text[0] > '9' || last > 65535 || last < first) {
		diag_error(p->diags, &t->place, "'%s' is not a queue number (0-65535) or a range",
			   t->text);
		return false;
	}
	if (last - first >= QUEUES_MAX) {
		diag_error(p->diags, &t->place, "at most %d queues; each has a thread of its own",
			   QUEUES_MAX);
		return false;
	}
	p->policy->daemon.queue_first = (uint16_t)first;
	p->policy->daemon.queue_last = (uint16_t)last;
	return true;
}

static bool parse_backend(struct parser *p)
{
	static const char *const names[] = { "auto", "nft", "iptables" };
	int choice = parser_choice(p, "the backend", names, BACKENDS);

	if (choice < 0)
		return false;
	p->policy->daemon.backend = (enum backend)choice;
	return true;
}

static bool parse_open_closed(struct parser *p, const char *what, bool *open)
{
	static const char *const names[] = { "open", "closed" };
	int choice = parser_choice(p, what, names, 2);

	if (choice < 0)
		return false;
	*open = choice == 0;
	return true;
}

static bool parse_on_loss(struct parser *p)
{
	return parse_open_closed(p, "'on daemon-loss'", &p->policy->daemon.loss_open);
}

static bool parse_on_overload(struct parser *p)
{
	return parse_open_closed(p, "'on overload'", &p->policy->daemon.overload_open);
}

/* A burst that is not given is that of one unit of time. */
static bool parse_reply(struct parser *p, struct limit *l, enum limit_key per, const char *id)
{
	l->per = per;
	l->id = hash_name(id); /* with a blank: no rule's name */
	l->burst = 0;
	if (!parse_rate(p, l))
		return false;
	if (l->burst == 0)
		l->burst = l->rate;
	return true;
}

static bool parse_reply_saddr(struct parser *p)
{
	struct daemon_settings *d = &p->policy->daemon;

	d->has_reply_saddr = parse_reply(p, &d->reply_saddr, LIMIT_SADDR, "reply saddr");
	return d->has_reply_saddr;
}

static bool parse_reply_total(struct parser *p)
{
	struct daemon_settings *d = &p->policy->daemon;

	d->has_reply_total = parse_reply(p, &d->reply_total, LIMIT_RULE, "reply total");
	return d->has_reply_total;
}

static bool parse_reply_limit(struct parser *p)
{
	static const struct statement table[] = {
		{ "per saddr", parse_reply_saddr },
		{ "total", parse_reply_total },
	};

	return parser_block(p, "reply limit", table, sizeof(table) / sizeof(table[0]), NULL);
}

static bool parse_on_off(struct parser *p, const char *what, bool *on)
{
	static const char *const names[] = { "off", "on" };
	int choice = parser_choice(p, what, names, 2);

	if (choice >= 0)
		*on = choice == 1;
	return choice >= 0;
}

static bool parse_payload_switch(struct parser *p)
{
	return parse_on_off(p, "'payload'", &p->policy->daemon.payload);
}

static bool parse_companion(struct parser *p)
{
	return parse_on_off(p, "'companion'", &p->policy->daemon.companion);
}

static bool parse_exceptions(struct parser *p)
{
	return parser_string(p, "a file name in double quotes", &p->policy->daemon.exceptions);
}

static bool parse_confine(struct parser *p)
{
	return parse_on_off(p, "'confine'", &p->policy->daemon.confine);
}

static bool parse_diag_codes(struct parser *p)
{
	const char *names[CODE_TABLES];
	int choice;

	for (int i = 0; i < CODE_TABLES; i++)
		names[i] = code_table_name((enum code_table)i);
	choice = parser_choice(p, "the numbering of codes", names, CODE_TABLES);
	if (choice < 0)
		return false;
	p->policy->daemon.codes = (enum code_table)choice;
	return true;
}

static bool parse_diag_pen(struct parser *p)
{
	return parser_number(p, "a private enterprise number (0 for IANA's codes)", 0, UINT32_MAX,
			     &p->policy->daemon.pen);
}

static bool parse_reclaim(struct parser *p)
{
	static const char *const names[] = { "time-wait" };

	if (parser_choice(p, "what to reclaim", names, 1) < 0)
		return false;
	p->policy->daemon.reclaim = true;
	return true;
}

static bool parse_queue_length(struct parser *p)
{
	return parser_number(p, "a number of packets", 16, 1 << 20,
			     &p->policy->daemon.queue_length);
}

static bool parse_queue_buffer(struct parser *p)
{
	const struct token *t = p->at;
	uint64_t size;

	if (!parser_size(p, &size))
		return false;
	if (size < QUEUE_BUFFER_MIN || size > QUEUE_BUFFER_MAX) {
		diag_error(p->diags, &t->place, "a queue's buffer has from %uK to %uM",
			   QUEUE_BUFFER_MIN >> 10, QUEUE_BUFFER_MAX >> 20);
		return false;
	}
	p->policy->daemon.queue_buffer = (uint32_t)size;
	return true;
}

static bool parse_mark_mask(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a mask of four bits");
	uint32_t mask;

	if (t == NULL)
		return false;
	if (!word32_parse(t->text, &mask) || __builtin_popcount(mask) != MARK_BITS) {
		diag_error(p->diags, &t->place,
			   "'%s' is not a mask of four bits, such as 0xf0000000", t->text);
		return false;
	}
	p->policy->daemon.mark_mask = mask;
	return true;
}

static bool parse_control(struct parser *p)
{
	struct daemon_settings *d = &p->policy->daemon;

	return parser_string(p, "the name of a socket in double quotes", &d->control) &&
	       (!parser_take_word(p, "group") ||
		parser_string(p, "the name of a group in double quotes", &d->control_group));
}

bool parse_daemon_section(struct parser *p)
{
	static const struct statement table[] = {
		{ "queues", parse_queues },
		{ "backend", parse_backend },
		{ "on daemon-loss", parse_on_loss },
		{ "on overload", parse_on_overload },
		{ "reply limit", parse_reply_limit },
		{ "control", parse_control },
		{ "payload", parse_payload_switch },
		{ "companion", parse_companion },
		{ "confine", parse_confine },
		{ "exceptions", parse_exceptions },
		{ "diag codes", parse_diag_codes },
		{ "diag pen", parse_diag_pen },
		{ "reclaim", parse_reclaim },
		{ "queue length", parse_queue_length },
		{ "queue buffer", parse_queue_buffer },
		{ "mark mask", parse_mark_mask },
	};

	return parser_block(p, "daemon setting", table, sizeof(table) / sizeof(table[0]), NULL);
}
