/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A throw-away lab: client - router - server, each a network namespace without a name, so that the kernel
 * removes all of it with the process that made it. The process is in the router's; sockets stay in the one that
 * they were made in, so one thread plays all parts.
 */
#ifndef EPITAPH_CLI_DRILL_LAB_H
#define EPITAPH_CLI_DRILL_LAB_H

#include "policy/policy.h"

#include <sys/types.h>

/* Ports that the server listens on. */
enum drill_port {
	DRILL_BLOCKED = 25, /* by a rule for the port */
	DRILL_FREE = 80,    /* no rule asks for it */
	DRILL_NAMED = 8080, /* blocked or not by the host that a request names */
};

enum { DRILL_DIR = 64, DRILL_PORTS = 3 };

struct drill_lab {
	int router, client, server; /* namespaces */
	int listener[DRILL_PORTS];
	char dir[DRILL_DIR];
	pid_t daemon; /* 0: does not run */
};

/* What becomes of a connection. */
enum drill_outcome {
	DRILL_PASSES,
	DRILL_REFUSED, /* by a reset, before it was there */
	DRILL_CUT,     /* by a reset, after */
	DRILL_NOTHING, /* no answer */
};

const char *drill_outcome_name(enum drill_outcome o);

/* Make the lab. False after a message on standard error; close it in either case. */
bool drill_lab_open(struct drill_lab *lab);
void drill_lab_close(struct drill_lab *lab);

/*
 * Start a daemon on the router, with the failure settings of @policy and a queue of its own @length and @buffer;
 * its events go to @events. False after a message on standard error when it does not get its policy in force.
 */
bool drill_daemon_start(struct drill_lab *lab, const struct policy *policy, unsigned length,
			unsigned buffer, const char *events);
/* Send it a signal, and wait until it has ended or stopped when it is one for that. */
void drill_daemon_signal(struct drill_lab *lab, int signal);

/* A socket of the client, connected to the server's @port within @wait_ms, or -1 with *outcome set. */
int drill_connect(const struct drill_lab *lab, enum drill_port port, int wait_ms,
		  enum drill_outcome *outcome);

/* A new connection that sends a request for @host, when it is not NULL. */
enum drill_outcome drill_try(const struct drill_lab *lab, enum drill_port port, const char *host);

/* A connection that stays: both ends. */
struct drill_held {
	int client, server;
};

/* False when it cannot be made. */
bool drill_hold(const struct drill_lab *lab, enum drill_port port, const char *host,
		struct drill_held *out);
/* True when octets still get through, there and back. */
bool drill_held_works(const struct drill_held *h);
void drill_release(struct drill_held *h);

/* Datagrams of @size octets to a port that is blocked, @count of them, by ports of their own when @apart. */
void drill_flood(const struct drill_lab *lab, unsigned count, size_t size, bool apart);

#endif
