/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which TCP connections a command opens, and all that it starts.
 *
 * Theory of operation. The command runs under a seccomp filter that has the kernel ask us about each connect()
 * before it is done (seccomp_unotify(2)). We read the address out of the process's memory, let the call go on,
 * and take a copy of the socket for as long as it takes to learn its own port. Nothing else is held up, and
 * what is not asked about runs at full speed.
 */
#ifndef EPITAPH_CLI_OPENED_H
#define EPITAPH_CLI_OPENED_H

#include "tcp/addr.h"

#include <sys/types.h>

struct opened;

/* Start @words, a command and its arguments. NULL after a message on standard error. */
struct opened *opened_start(char **words);
void opened_free(struct opened *o);

pid_t opened_pid(const struct opened *o);

/* To poll for input: opened_take() is due. */
int opened_fd(const struct opened *o);
void opened_take(struct opened *o);

/* Whether one of the connections has these ends. */
bool opened_has(const struct opened *o, const struct ip_tuple *t);

/* How many there were. */
size_t opened_count(const struct opened *o);

#endif
