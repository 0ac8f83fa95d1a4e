/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nft backend: libnftables.
 *
 * Theory of operation. A set's name tells what is in it (plan_set_call()), so one that rules use already is
 * not loaded again. New ones are filled first, in batches, while nothing refers to them. Then one
 * transaction puts the new rules in place of the old ones, and removes the sets that are not used any more.
 */
#include "rules/rules.h"

#include "policy/room.h"
#include "rules/stream.h"

#include <nftables/libnftables.h>
#include <stdlib.h>

enum { BATCH = 8192 /* elements */ };

/* Run @commands as one transaction; @check_only has the kernel judge them and change nothing. */
bool nft_run(const char *commands, bool check_only, struct rules_error *error)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	const char *said;
	bool good;

	if (nft == NULL) {
		snprintf(error->text, sizeof(error->text), "nft: not enough memory");
		return false;
	}
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	nft_ctx_set_dry_run(nft, check_only);
	good = nft_run_cmd_from_buffer(nft, commands) == 0;
	said = nft_ctx_get_error_buffer(nft);
	if (!good)
		snprintf(error->text, sizeof(error->text), "nft: %s",
			 said && said[0] ? said : "the kernel refused the rules");
	error->text[strcspn(error->text, "\n")] = '\0';
	nft_ctx_free(nft);
	return good;
}

bool nft_can_queue(void)
{
	struct rules_error ignored = { "" };

	return nft_run(
		"table inet epitaph-probe { chain c { type filter hook forward priority 150; "
		"tcp flags & rst == rst queue num 0 bypass; }; }",
		true, &ignored);
}

/* Run what is in *text, which @stream has written, and free it. Returns 0 or -1 with @error filled. */
static int run_stream(FILE *stream, char **text, struct rules_error *error)
{
	bool good = stream_close(stream, text) && nft_run(*text, false, error);

	free(*text);
	return good ? 0 : -1;
}

static FILE *open_stream(char **text, size_t *size, struct rules_error *error)
{
	FILE *stream = open_memstream(text, size);

	if (stream == NULL)
		snprintf(error->text, sizeof(error->text), "nft: not enough memory");
	return stream;
}

/* Names of sets in our table. */
struct set_names {
	char **name; /* ends with NULL */
	size_t count, room;
};

static void free_names(struct set_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->name[i]);
	free(n->name);
}

static bool has_name(const struct set_names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++) {
		if (strcmp(n->name[i], name) == 0)
			return true;
	}
	return false;
}

static bool add_name(struct set_names *n, const char *name, size_t len)
{
	if (!room_for((void **)&n->name, n->count + 2, &n->room, sizeof(*n->name)))
		return false;
	n->name[n->count] = strndup(name, len);
	n->name[n->count + 1] = NULL;
	return n->name[n->count++] != NULL;
}

char *nft_list_ruleset(void)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char *text = NULL;

	if (nft == NULL)
		return NULL;
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_TERSE);
	if (nft_run_cmd_from_buffer(nft, "list ruleset") == 0)
		text = strdup(nft_ctx_get_output_buffer(nft));
	nft_ctx_free(nft);
	return text;
}

/* Listing one table would fetch all elements of its sets, to print none (nftables 1.0.6). */
char *nft_list_ours(void)
{
	static const char begin[] = "table " PLAN_NFT_TABLE " {\n", end[] = "\n}\n";
	char *ruleset = nft_list_ruleset(), *from, *to, *ours = NULL;

	from = ruleset != NULL ? strstr(ruleset, begin) : NULL;
	to = from != NULL ? strstr(from, end) : NULL;
	if (to != NULL)
		ours = strndup(from, (size_t)(to - from));
	free(ruleset);
	return ours;
}

/*
 * Which sets are there, and which of them rules use: those are whole, as rules come after elements.
 * False without memory.
 */
static bool find_sets(struct set_names *all, struct set_names *in_use)
{
	static const char ends[] = " \t\n{}";
	char *text = nft_list_ours();
	bool good = true;

	for (const char *at = text; at != NULL && good; at = strpbrk(at, "s@")) {
		if (strncmp(at, "set ", 4) == 0 && at > text && at[-1] == '\t')
			good = add_name(all, at + 4, strcspn(at + 4, ends));
		else if (*at == '@')
			good = add_name(in_use, at + 1, strcspn(at + 1, ends));
		at++;
	}
	free(text);
	return good;
}

/* Load a set in several transactions: one of everything takes as much memory again as the set. */
static int load_set(const struct plan_set *s, struct rules_error *error)
{
	for (size_t from = 0; from < s->count; from += BATCH) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_stream(&text, &size, error);

		if (stream == NULL)
			return -1;
		plan_render_nft_set(s, from, from + BATCH, stream);
		if (run_stream(stream, &text, error) != 0)
			return -1;
	}
	return 0;
}

static bool is_planned(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->sets; i++) {
		if (plan->set[i]->used && strcmp(plan->set[i]->name, name) == 0)
			return true;
	}
	return false;
}

/* Remove sets that an interrupted load left, perhaps with half of their elements. */
static void remove_unused(const struct set_names *all, const struct set_names *in_use)
{
	struct rules_error ignored;
	char command[64 + PLAN_SET_NAME];

	for (size_t i = 0; i < all->count; i++) {
		if (has_name(in_use, all->name[i]))
			continue;
		snprintf(command, sizeof(command), "delete set " PLAN_NFT_TABLE " %.*s",
			 PLAN_SET_NAME, all->name[i]);
		nft_run(command, false, &ignored);
	}
}

int rules_prepare(const struct plan *plan, struct rules_error *error)
{
	struct set_names all = { NULL, 0, 0 }, in_use = { NULL, 0, 0 };
	int result = 0;

	if (find_sets(&all, &in_use)) {
		remove_unused(&all, &in_use);
	} else {
		snprintf(error->text, sizeof(error->text), "nft: not enough memory");
		result = -1;
	}
	for (size_t i = 0; i < plan->sets && result == 0; i++) {
		if (plan->set[i]->used && !has_name(&in_use, plan->set[i]->name))
			result = load_set(plan->set[i], error);
	}
	free_names(&all);
	free_names(&in_use);
	return result;
}

int nft_load(const struct plan *plan, struct rules_error *error)
{
	struct set_names all = { NULL, 0, 0 }, in_use = { NULL, 0, 0 }, drop = { NULL, 0, 0 };
	char *text = NULL;
	size_t size;
	FILE *stream;
	bool good;
	int result = -1;

	good = find_sets(&all, &in_use);
	for (size_t i = 0; i < all.count && good; i++) {
		if (!is_planned(plan, all.name[i]))
			good = add_name(&drop, all.name[i], strlen(all.name[i]));
	}
	stream = good ? open_stream(&text, &size, error) : NULL;
	if (stream != NULL) {
		plan_render_nft_rules(plan, (const char *const *)drop.name, stream);
		result = run_stream(stream, &text, error);
	}
	free_names(&all);
	free_names(&in_use);
	free_names(&drop);
	return result;
}

int nft_unload(struct rules_error *error)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_stream(&text, &size, error);

	if (stream == NULL)
		return -1;
	plan_render_nft_unload(stream);
	return run_stream(stream, &text, error);
}
