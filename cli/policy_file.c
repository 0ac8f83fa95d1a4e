/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POLICY_SIZE_MAX = 64 * 1024 * 1024 };

/* The files of one policy, kept until it is parsed. */
struct files {
	uint8_t **text;
	size_t count;
};

/* Read a whole file; 0 or -errno. *text is to be freed. */
static int read_file(const char *path, uint8_t **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;
	size_t room = 65536, used = 0;
	uint8_t *all = fd >= 0 ? malloc(room) : NULL, *grown;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (all != NULL && (n = read(fd, all + used, room - used)) != 0) {
		if (n < 0 || used + (size_t)n > POLICY_SIZE_MAX) {
			result = n < 0 ? -errno : -EFBIG;
			break;
		}
		used += (size_t)n;
		if (used < room)
			continue;
		room *= 2;
		grown = realloc(all, room);
		if (grown == NULL)
			free(all);
		all = grown;
	}
	close(fd);
	if (all == NULL)
		return -ENOMEM;
	if (result != 0) {
		free(all);
		return result;
	}
	*text = all;
	*len = used;
	return 0;
}

static int load(void *context, const char *name, struct bytes *out)
{
	struct files *files = context;
	uint8_t **grown = reallocarray(files->text, files->count + 1, sizeof(*grown));
	size_t len = 0;
	int result;

	if (grown == NULL)
		return -ENOMEM;
	files->text = grown;
	result = read_file(name, &files->text[files->count], &len);
	if (result != 0)
		return result;
	*out = (struct bytes){ files->text[files->count++], len };
	return 0;
}

static int expand(void *context, const char *pattern, void (*each)(void *arg, const char *name),
		  void *arg)
{
	glob_t found;
	int result = glob(pattern, GLOB_ERR, NULL, &found);

	(void)context;
	if (result == GLOB_NOMATCH)
		return 0;
	if (result != 0)
		return result == GLOB_NOSPACE ? -ENOMEM : -EIO;
	for (size_t i = 0; i < found.gl_pathc; i++)
		each(arg, found.gl_pathv[i]);
	globfree(&found);
	return 0;
}

struct policy *cli_load_policy(const char *path, unsigned *warnings)
{
	struct files files = { NULL, 0 };
	struct policy_loader loader = { &files, load, expand };
	struct diags *d = calloc(1, sizeof(*d));
	struct source source = { .name = path };
	struct policy *p = NULL;
	int result = d ? load(&files, path, &source.text) : -ENOMEM;

	if (result == 0) {
		p = policy_parse(&source, &loader, d);
		diags_print(d, stderr);
		if (warnings != NULL)
			*warnings = d->warnings;
		diags_clear(d);
	} else {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, strerror(-result));
	}
	for (size_t i = 0; i < files.count; i++)
		free(files.text[i]);
	free(files.text);
	free(d);
	return p;
}
