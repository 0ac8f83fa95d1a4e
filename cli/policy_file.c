/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POLICY_SIZE_MAX = 64 * 1024 * 1024 };

/* The whole file, to be freed; NULL after a message. */
static uint8_t *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 65536, used = 0;
	uint8_t *text = NULL, *grown;
	ssize_t n = 1;

	if (fd < 0) {
		fprintf(stderr, "epitaph: cannot open %s: %s\n", path, strerror(errno));
		return NULL;
	}
	while (n > 0 && used < POLICY_SIZE_MAX) {
		if (text == NULL || used == room) {
			room *= text ? 2 : 1;
			grown = realloc(text, room);
			if (grown == NULL) {
				errno = ENOMEM;
				n = -1;
				break;
			}
			text = grown;
		}
		n = read(fd, text + used, room - used);
		if (n > 0)
			used += (size_t)n;
	}
	if (n > 0)
		errno = EFBIG;
	if (n != 0) {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, strerror(errno));
		free(text);
		text = NULL;
	}
	close(fd);
	*len = used;
	return text;
}

struct policy *cli_load_policy(const char *path, unsigned *warnings)
{
	struct diags *d = calloc(1, sizeof(*d));
	struct source source = { .name = path };
	size_t len = 0;
	uint8_t *text = d ? read_file(path, &len) : NULL;
	struct policy *p = NULL;

	if (text != NULL) {
		source.text = (struct bytes){ text, len };
		p = policy_parse(&source, d);
		diags_print(d, stderr);
		if (warnings != NULL)
			*warnings = d->warnings;
		diags_clear(d);
	}
	free(text);
	free(d);
	return p;
}
