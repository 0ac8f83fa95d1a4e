/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *read_all(int fd)
{
	size_t size = 0, room = 4096;
	char *text = malloc(room), *grown;
	ssize_t n;

	while (text != NULL && (n = read(fd, text + size, room - size - 1)) > 0) {
		size += (size_t)n;
		if (room - size > 1)
			continue;
		room *= 2;
		grown = realloc(text, room);
		if (grown == NULL)
			free(text);
		text = grown;
	}
	if (text != NULL)
		text[size] = '\0';
	return text;
}

/* Write all of @text; a reader that ends early is seen in its exit code. */
static void write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n <= 0)
			return;
		text += n;
		left -= (size_t)n;
	}
}

int spawn_run(char *const argv[], const char *input, int from, char **output)
{
	posix_spawn_file_actions_t actions;
	int in[2], out[2], status = 0, result;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) != 0) {
		result = -errno;
		close(in[0]);
		close(in[1]);
		return result;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], from);
	if (from == 1)
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	result = -posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	if (result == 0) {
		write_all(in[1], input);
		close(in[1]);
		*output = read_all(out[0]);
		if (waitpid(pid, &status, 0) < 0)
			result = -errno;
		else
			result = WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
	} else {
		close(in[1]);
	}
	close(out[0]);
	return result;
}
