/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's control socket: one request, one answer, each a packet. */
#ifndef EPITAPH_CLI_CONTROL_H
#define EPITAPH_CLI_CONTROL_H

#include <jansson.h>

enum { CONTROL_REQUEST_MAX = 64, CONTROL_ANSWER_MAX = 1024 * 1024 };

/* Listen on @path; a socket that nobody listens on any more is taken over. Returns the descriptor or
 * -errno. */
int control_listen(const char *path);

/* Accept a client that waits on @fd and read its request, of which it may wait a second. Only root and
 * the daemon's own user are heard. Returns the client's descriptor, to be answered, or -1. */
int control_accept(int fd, char request[CONTROL_REQUEST_MAX]);

/* Send @answer, which is freed, and close @client. */
void control_answer(int client, json_t *answer);

/* Ask the daemon at @path; the answer is to be freed, NULL after a message on standard error. */
json_t *control_ask(const char *path, const char *request);

#endif
