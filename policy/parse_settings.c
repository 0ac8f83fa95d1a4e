/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "daemon { ... }" and "log { ... }". */
#include "policy/parser.h"

#include <stdlib.h>

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

bool parse_daemon_section(struct parser *p)
{
	static const struct statement table[] = {
		{ "queues", parse_queues },
		{ "backend", parse_backend },
		{ "on daemon-loss", parse_on_loss },
		{ "on overload", parse_on_overload },
	};

	return parser_block(p, "daemon setting", table, sizeof(table) / sizeof(table[0]), NULL);
}

static bool parse_log_file(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a file name in double quotes");

	if (t == NULL)
		return false;
	free(p->policy->log.file);
	p->policy->log.file = strdup(t->text);
	return true;
}

static bool parse_log_resets(struct parser *p)
{
	static const char *const names[] = { "all", "text", "none" };
	int choice = parser_choice(p, "'resets'", names, RESET_LOGGINGS);

	if (choice < 0)
		return false;
	p->policy->log.resets = (enum reset_logging)choice;
	return true;
}

bool parse_log_section(struct parser *p)
{
	static const struct statement table[] = {
		{ "file", parse_log_file },
		{ "resets", parse_log_resets },
	};

	return parser_block(p, "log setting", table, sizeof(table) / sizeof(table[0]), NULL);
}
