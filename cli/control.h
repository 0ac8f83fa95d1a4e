/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's control socket: one request, one answer, each a packet. */
#ifndef EPITAPH_CLI_CONTROL_H
#define EPITAPH_CLI_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

enum { CONTROL_REQUEST_MAX = 512, CONTROL_ANSWER_MAX = 1024 * 1024 };

/* Listen on @path; a socket that nobody listens on any more is taken over. Its group becomes @group, or where that is
 * NULL that of the daemon's user; *heard is told, 0 when there is none but root's. Returns the descriptor or -errno,
 * -ENOENT when there is no such group. */
int control_listen(const char *path, const char *group, gid_t *heard);

/* Accept a client that waits on @fd and read its request, of which it may wait a second. Only root, the daemon's own
 * user and members of @group, unless that is 0, are heard. Returns the client's descriptor, to be answered, with its
 * user in *uid; or -1. */
int control_accept(int fd, gid_t group, char request[CONTROL_REQUEST_MAX], uid_t *uid);

/* Send @answer, which is freed, and close @client. */
void control_answer(int client, json_t *answer);

/* True when a daemon at @path, if one can be asked there, has another policy in force than that of @hash. */
bool control_has_other(const char *path, const char *hash);

/* Ask the daemon at @path; the answer is to be freed, NULL after a message on standard error. */
json_t *control_ask(const char *path, const char *request);

#endif
