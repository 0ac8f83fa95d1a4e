/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/gz.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static ssize_t read_some(void *cookie, char *to, size_t len)
{
	return gzread((gzFile)cookie, to, len < 1 << 20 ? (unsigned)len : 1 << 20);
}

static int close_file(void *cookie)
{
	return gzclose((gzFile)cookie) == Z_OK ? 0 : -1;
}

FILE *gz_open(const char *path)
{
	static const cookie_io_functions_t functions = { .read = read_some, .close = close_file };
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	gzFile in;
	FILE *f;

	if (fd < 0)
		return NULL;
	in = gzdopen(fd, "rb");
	if (in == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	f = fopencookie(in, "r", functions);
	if (f == NULL)
		gzclose(in);
	return f;
}
