/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Print a policy in its canonical form, or as JSON for other programs. */
#include "cli/cli.h"

#include "cli/json_policy.h"
#include "policy/print.h"

#include <jansson.h>

int command_policy(const struct cli_args *args)
{
	struct policy *p = cli_load_policy(args->operand, NULL);
	json_t *o;

	if (p == NULL)
		return EXIT_FOUND;
	if (args->value[POLICY_JSON] == NULL) {
		policy_print(p, stdout);
	} else {
		o = json_policy(p);
		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(o);
	}
	policy_free(p);
	return EXIT_DONE;
}
