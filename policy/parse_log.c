/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "log { ... }". */
#include "policy/parser.h"

#include "policy/number.h"

#include <stdlib.h>

enum {
	KEEP_DEFAULT = 4,
	SOCKET_NAME_MAX = 107, /* unix(7) */
};

/* "FILE" [rotate SIZE] [keep N] [budget SIZE], in this order; a budget alone rotates as it allows. */
static bool parse_file(struct parser *p, struct log_file *f)
{
	if (!parser_string(p, "a file name in double quotes", &f->path))
		return false;
	if (parser_take_word(p, "rotate") && !parser_size(p, &f->rotate_size))
		return false;
	f->rotate_keep = KEEP_DEFAULT;
	if (parser_take_word(p, "keep") &&
	    !parser_number(p, "a number of files", 1, 999, &f->rotate_keep))
		return false;
	if (parser_take_word(p, "budget") && !parser_size(p, &f->budget))
		return false;
	if (f->rotate_size == 0 && f->budget > 0)
		f->rotate_size = f->budget > f->rotate_keep ? f->budget / (f->rotate_keep + 1) : 1;
	return true;
}

static bool parse_log_file(struct parser *p)
{
	return parse_file(p, &p->policy->log.file);
}

static bool parse_reserve(struct parser *p)
{
	return parser_size(p, &p->policy->log.reserve);
}

static bool parse_journald(struct parser *p)
{
	p->policy->log.journald = true;
	return true;
}

/* The name of a socket, or an address with a port when @udp. */
static bool parse_target(struct parser *p, bool udp, char **out)
{
	const struct token *t = p->at;
	struct ip_addr a;
	uint16_t port;

	if (!parser_string(p,
			   udp ? "\"ADDRESS:PORT\", or the name of a socket, in double quotes"
			       : "the name of a socket in double quotes",
			   out))
		return false;
	if ((*out)[0] == '/' ? strlen(*out) <= SOCKET_NAME_MAX
			     : udp && addr_parse_port(*out, &a, &port) != 0)
		return true;
	diag_error(p->diags, &t->place, "'%s' is no %s", *out,
		   udp ? "address with a port, such as 192.0.2.1:514, nor the name of a socket"
		       : "name of a socket: a path from / on, of at most 107 octets");
	return false;
}

static bool parse_log_socket(struct parser *p)
{
	return parse_target(p, false, &p->policy->log.socket);
}

static bool parse_log_syslog(struct parser *p)
{
	static const char *const names[] = { "daemon", "user",	 "auth",   "authpriv",
					     "local0", "local1", "local2", "local3",
					     "local4", "local5", "local6", "local7" };
	enum { NAMES = sizeof(names) / sizeof(names[0]) };
	int choice = parser_choice(p, "a syslog facility", names, NAMES);

	if (choice < 0)
		return false;
	free(p->policy->log.syslog);
	p->policy->log.syslog = strdup(names[choice]);
	p->no_memory |= p->policy->log.syslog == NULL;
	return !parser_take_word(p, "to") || parse_target(p, true, &p->policy->log.syslog_to);
}

static bool parse_log_pcap(struct parser *p)
{
	struct log_settings *l = &p->policy->log;

	if (!parse_file(p, &l->pcap))
		return false;
	l->pcap_resets = parser_take_word(p, "resets");
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

/* "10s", "5m", "1h" */
static bool parse_log_aggregate(struct parser *p)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "a time such as 10s");
	long n = t ? duration_parse(t->text, 3600) : 0;

	if (t == NULL)
		return false;
	if (n < 1) {
		diag_error(p->diags, &t->place, "'%s' is not a time from 1s to 60m", t->text);
		return false;
	}
	p->policy->log.aggregate_s = (uint32_t)n;
	return true;
}

bool parse_log_section(struct parser *p)
{
	static const struct statement table[] = {
		{ "file", parse_log_file },	      { "syslog", parse_log_syslog },
		{ "pcap", parse_log_pcap },	      { "resets", parse_log_resets },
		{ "aggregate", parse_log_aggregate }, { "journald", parse_journald },
		{ "socket", parse_log_socket },	      { "reserve", parse_reserve },
	};

	return parser_block(p, "log setting", table, sizeof(table) / sizeof(table[0]), NULL);
}
