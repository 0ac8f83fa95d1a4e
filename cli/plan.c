/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include "rules/rules.h"

int command_plan(const struct cli_args *args)
{
	const char *name = args->value[PLAN_BACKEND];
	struct policy *p;
	enum backend backend;
	struct plan plan;

	if (name != NULL && strcmp(name, "nft") != 0 && strcmp(name, "iptables") != 0) {
		fprintf(stderr, "epitaph plan: the backend is 'nft' or 'iptables', not '%s'\n",
			name);
		return EXIT_USAGE;
	}
	p = cli_load_policy(args->operand, NULL);
	if (p == NULL)
		return EXIT_FOUND;
	if (name != NULL)
		backend = strcmp(name, "nft") == 0 ? BACKEND_NFT : BACKEND_IPTABLES;
	else
		backend = rules_backend(p->daemon.backend);
	plan_of(p, &plan);
	if (backend == BACKEND_NFT) {
		plan_render_nft(&plan, stdout);
	} else {
		printf("# iptables-nft-restore --noflush\n");
		plan_render_iptables(&plan, 4, 0, false, stdout);
		printf("# ip6tables-nft-restore --noflush\n");
		plan_render_iptables(&plan, 6, 0, false, stdout);
		printf("# nft -f -\n");
		plan_render_nft_output(stdout);
	}
	policy_free(p);
	return EXIT_DONE;
}
