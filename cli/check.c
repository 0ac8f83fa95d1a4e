/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

int command_check(const struct cli_args *args)
{
	unsigned warnings = 0;
	struct policy *p = cli_load_policy(args->operand, &warnings);
	bool good = p != NULL && (args->value[CHECK_WERROR] == NULL || warnings == 0);

	if (p != NULL)
		printf("%s: %zu rules, %u warnings\n", args->operand, p->rules, warnings);
	policy_free(p);
	return good ? EXIT_DONE : EXIT_FOUND;
}
