/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iptables backend: iptables-nft-save and iptables-nft-restore.
 *
 * Theory of operation. What is ours is two chains and a jump to one of them in a table that others
 * may use too. A restore with --noflush empties and refills our chains in one transaction; jumps that
 * an earlier run left are counted first and deleted in the same transaction. If the table did not
 * exist before, a third, empty chain records that in the kernel itself, so that whoever cleans up,
 * a later run after a crash included, removes the table as well when nothing else is in it.
 */
#include "rules/rules.h"

#include "rules/spawn.h"
#include "rules/stream.h"

#include <errno.h>
#include <stdlib.h>

/* What stands in the kernel of one family. */
struct present {
	bool table, chain, marker, foreign; /* foreign: rules or chains that are not ours */
	char deletions[512];		    /* lines that take out the jumps to our chain */
};

static const char *tool(int family, bool save)
{
	if (family == 4)
		return save ? "iptables-nft-save" : "iptables-nft-restore";
	return save ? "ip6tables-nft-save" : "ip6tables-nft-restore";
}

static const char *family_name(int family)
{
	return family == 4 ? "ip" : "ip6";
}

static bool starts_with(const char *line, const char *prefix)
{
	return strncmp(line, prefix, strlen(prefix)) == 0;
}

/* "-A FORWARD ... -j epitaph" */
static bool is_jump(const char *line)
{
	static const char end[] = " -j " PLAN_IPT_CHAIN;
	size_t len = strlen(line);

	return starts_with(line, "-A FORWARD ") && len > strlen(end) &&
	       strcmp(line + len - strlen(end), end) == 0;
}

static void read_saved_line(const char *line, struct present *p)
{
	if (starts_with(line, ":" PLAN_IPT_CHAIN " "))
		p->chain = true;
	else if (starts_with(line, ":" PLAN_IPT_MARKER " "))
		p->marker = true;
	else if (is_jump(line))
		snprintf(p->deletions + strlen(p->deletions),
			 sizeof(p->deletions) - strlen(p->deletions), "-D%s\n", line + 2);
	else if ((line[0] == '-' && !starts_with(line, "-A " PLAN_IPT_CHAIN)) ||
		 (line[0] == ':' && strstr(line, " - [") != NULL &&
		  !starts_with(line, ":" PLAN_IPT_CHAIN)) ||
		 strstr(line, " DROP [") != NULL)
		p->foreign = true;
}

/* iptables-nft-save shows a table that does not exist as an empty one, so nft is asked: the kernel
 * would agree to delete what is there. Nothing is deleted. */
static bool table_exists(int family)
{
	struct rules_error ignored = { "" };
	char command[64];

	snprintf(command, sizeof(command), "delete table %s " PLAN_IPT_TABLE, family_name(family));
	return nft_run(command, true, &ignored);
}

static int look(int family, struct present *out, struct rules_error *error)
{
	char *argv[] = { (char *)tool(family, true), "-t", PLAN_IPT_TABLE, NULL };
	struct present p = { .table = table_exists(family) };
	char *text = NULL, *rest, *line;
	int result = spawn_run(argv, "", 1, &text);

	if (result != 0 || text == NULL) {
		snprintf(error->text, sizeof(error->text), "%s: %s", argv[0],
			 result == -ENOENT ? "not found; install the package iptables"
					   : "could not read the table " PLAN_IPT_TABLE);
		free(text);
		return result == -ENOENT ? -ENOENT : -EIO;
	}
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		read_saved_line(line, &p);
	free(text);
	*out = p;
	return 0;
}

static int restore(int family, const char *input, struct rules_error *error)
{
	char *argv[] = { (char *)tool(family, false), "--noflush", NULL };
	char *said = NULL;
	int result = spawn_run(argv, input, 2, &said);

	if (result != 0)
		snprintf(error->text, sizeof(error->text), "%s: %s", argv[0],
			 said != NULL && said[0] != '\0' ? said : "could not be run");
	error->text[strcspn(error->text, "\n")] = '\0';
	free(said);
	return result == 0 ? 0 : -1;
}

/* Take our table away, when it is there only because of us. */
static void remove_table(int family)
{
	struct rules_error ignored = { "" };
	char command[64];

	snprintf(command, sizeof(command), "delete table %s " PLAN_IPT_TABLE, family_name(family));
	nft_run(command, false, &ignored);
}

static int unload_family(int family, struct rules_error *error)
{
	struct present p;
	char *text = NULL;
	size_t size;
	FILE *stream;
	int result = look(family, &p, error);

	if (result == -ENOENT)
		return 0; /* no tool, so nothing that it loaded */
	if (result != 0)
		return -1;
	if (!p.chain)
		return 0;
	stream = open_memstream(&text, &size);
	if (stream == NULL)
		return -1;
	plan_render_iptables_unload(p.deletions, p.marker, stream);
	result = stream_close(stream, &text) ? restore(family, text, error) : -1;
	free(text);
	if (result == 0 && p.marker && !p.foreign)
		remove_table(family);
	return result;
}

static int load_family(const struct plan *plan, int family, struct rules_error *error)
{
	struct present p;
	char *text = NULL;
	size_t size;
	FILE *stream;
	int result;

	if (look(family, &p, error) != 0)
		return -1;
	stream = open_memstream(&text, &size);
	if (stream == NULL)
		return -1;
	plan_render_iptables(plan, p.deletions, !p.table || p.marker, stream);
	result = stream_close(stream, &text) ? restore(family, text, error) : -1;
	free(text);
	return result;
}

int iptables_load(const struct plan *plan, struct rules_error *error)
{
	struct rules_error ignored;

	if (load_family(plan, 4, error) == 0 && load_family(plan, 6, error) == 0)
		return 0;
	iptables_unload(&ignored);
	return -1;
}

int iptables_unload(struct rules_error *error)
{
	int v4 = unload_family(4, error), v6 = unload_family(6, error);

	return v4 == 0 && v6 == 0 ? 0 : -1;
}
