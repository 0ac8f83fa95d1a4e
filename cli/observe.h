/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets in, resets out: a line or an object for each, and a summary. For captures and for what passes by now. */
#ifndef EPITAPH_CLI_OBSERVE_H
#define EPITAPH_CLI_OBSERVE_H

#include "cli/cli.h"
#include "events/event.h"

struct observer;

struct observer_settings {
	bool json;
	bool lines, summary; /* what is printed */
	bool sees_all;	     /* all packets of TCP flows are fed, not some of them */
	const char *color;   /* "auto", "always", "never" */
	const char *events;  /* log of resets of ours, or NULL */
	FILE *out;	     /* NULL: standard output */
	/* Which resets count; NULL: all. */
	bool (*wants)(void *arg, const struct event *e);
	void *wants_arg;
};

/* NULL after a message on standard error. The caller owns it. */
struct observer *observer_new(const struct observer_settings *settings);
void observer_free(struct observer *o);

struct observed {
	struct bytes ip; /* the datagram */
	int64_t time_us;
	uint64_t frame; /* its number in a capture file; 0: it is of none */
	bool made_here; /* this host sends it in the name of another one */
};

/* Take in a datagram. */
void observer_packet(struct observer *o, const struct observed *p);

/* The resets so far. */
uint64_t observer_resets(const struct observer *o);

/* Print the summary, when it is wanted. */
void observer_finish(struct observer *o);

/* True when @word is one that --color takes; else EXIT_USAGE is due, and a message was printed. */
bool observer_color_ok(const char *command, const char *word);

/* Print a "reset" event as a line. */
void print_reset(const struct event *e, bool color, FILE *out);

#endif
