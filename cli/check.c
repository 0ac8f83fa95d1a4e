/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

int command_check(const struct cli_args *args)
{
	struct cli_load how = { .json = args->value[CHECK_JSON] != NULL };
	struct policy *p = cli_load_policy(args->operand, &how);
	bool good = p != NULL && (args->value[CHECK_WERROR] == NULL || how.warnings == 0);

	if (p != NULL && !how.json)
		printf("%s: %zu rules, %zu tests passed, %u warnings\n", args->operand,
		       p->rules + p->reset_rules, p->tests, how.warnings);
	policy_free(p);
	return good ? EXIT_DONE : EXIT_FOUND;
}
