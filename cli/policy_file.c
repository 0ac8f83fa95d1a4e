/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include "cli/json_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <sha2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POLICY_SIZE_MAX = 512 * 1024 * 1024 };

/* The files of one policy, kept until it is parsed. */
struct files {
	uint8_t **text;
	size_t count;
	SHA2_CTX hash; /* of all of them, in the order of reading */
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
	SHA256Update(&files->hash, out->at, len);
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

/* One JSON object per finding, for editors. */
static void print_json(struct diags *d)
{
	diags_sort(d);
	for (unsigned i = 0; i < d->count; i++) {
		const struct diag *x = &d->list[i];
		json_t *o = json_pack("{s:o, s:i, s:i, s:i, s:s, s:o}", "file", json_text(x->file),
				      "line", (int)x->line, "column", (int)x->column, "length",
				      (int)x->len, "severity",
				      x->severity == SEVERITY_ERROR ? "error" : "warning",
				      "message", json_text(x->message));

		json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		json_decref(o);
	}
}

static void print_findings(struct diags *d, struct cli_load *load)
{
	if (load->json)
		print_json(d);
	else
		diags_print(d, stderr);
	if (load->findings != NULL)
		diags_print(d, load->findings);
	load->warnings = d->warnings;
	load->errors = d->errors;
}

static void finish_hash(SHA2_CTX *hash, char out[CLI_HASH_LEN + 1])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256Final(digest, hash);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

struct policy *cli_load_policy(const char *path, struct cli_load *how)
{
	struct files files = { .count = 0 };
	struct policy_loader loader = { &files, load, expand };
	struct diags *d = calloc(1, sizeof(*d));
	struct source source = { .name = path };
	struct cli_load ignored = { .json = false }, *load_how = how ? how : &ignored;
	struct policy *p = NULL;
	int result;

	SHA256Init(&files.hash);
	result = d ? load(&files, path, &source.text) : -ENOMEM;
	if (result == 0) {
		p = policy_parse(&source, &loader, d);
		print_findings(d, load_how);
		diags_clear(d);
	} else {
		fprintf(stderr, "epitaph: cannot read %s: %s\n", path, strerror(-result));
		if (load_how->findings != NULL)
			fprintf(load_how->findings, "cannot read %s: %s\n", path,
				strerror(-result));
	}
	finish_hash(&files.hash, load_how->hash);
	for (size_t i = 0; i < files.count; i++)
		free(files.text[i]);
	free(files.text);
	free(d);
	return p;
}
