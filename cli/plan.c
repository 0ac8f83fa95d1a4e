/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include "nfq/queue_proc.h"
#include "rules/rules.h"

static void print_plan(const struct plan *plan)
{
	if (plan->by_iptables) {
		printf("# iptables-nft-restore --noflush; ip6tables-nft-restore --noflush\n");
		plan_render_iptables(plan, "", false, stdout);
		printf("# nft -f -\n");
	}
	plan_render_nft(plan, stdout);
}

/* The rules of a daemon that runs are its own to change. */
static bool is_free(const char *what)
{
	char owner[QUEUE_OWNER];
	uint16_t number;

	if (!queue_find_owner("epitaph", &number, owner))
		return true;
	fprintf(stderr, "epitaph plan %s: %s listens on queue %u, and sees to its rules itself\n",
		what, owner, number);
	return false;
}

static int load(const struct plan *plan)
{
	struct rules_error error = { "" };

	if (!is_free("--load"))
		return EXIT_FOUND;
	if (rules_prepare(plan, &error) == 0 && rules_take_over(plan, &error) == 0)
		return EXIT_DONE;
	fprintf(stderr, "epitaph plan: cannot load the rules: %s\n", error.text);
	return EXIT_FOUND;
}

static int unload(void)
{
	struct rules_error error = { "" };

	if (!is_free("--unload"))
		return EXIT_FOUND;
	if (rules_unload(BACKEND_AUTO, &error) == 0)
		return EXIT_DONE;
	fprintf(stderr, "epitaph plan: cannot remove the rules: %s\n", error.text);
	return EXIT_FOUND;
}

int command_plan(const struct cli_args *args)
{
	const char *name = args->value[PLAN_BACKEND];
	struct policy *p;
	enum backend backend;
	struct plan *plan;
	int result = EXIT_FOUND;

	if (name != NULL && strcmp(name, "nft") != 0 && strcmp(name, "iptables") != 0) {
		fprintf(stderr, "epitaph plan: the backend is 'nft' or 'iptables', not '%s'\n",
			name);
		return EXIT_USAGE;
	}
	if (args->value[PLAN_UNLOAD] != NULL)
		return unload();
	if (args->operand == NULL) {
		fprintf(stderr, "epitaph plan: FILE is missing\nTry 'epitaph plan --help'.\n");
		return EXIT_USAGE;
	}
	p = cli_load_policy(args->operand, NULL);
	if (p == NULL)
		return EXIT_FOUND;
	if (name != NULL)
		backend = strcmp(name, "nft") == 0 ? BACKEND_NFT : BACKEND_IPTABLES;
	else
		backend = rules_backend(p->daemon.backend);
	plan = plan_new(p, NULL, backend);
	if (plan == NULL) {
		fprintf(stderr, "epitaph plan: not enough memory\n");
	} else if (args->value[PLAN_LOAD] != NULL) {
		result = load(plan);
	} else {
		print_plan(plan);
		result = EXIT_DONE;
	}
	plan_free(plan);
	policy_free(p);
	return result;
}
