/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reason codes of the TCP RST Diagnostic Payload, by both numberings. */
#include "cli/cli.h"

#include "tcp/reset_read.h"

/* The name that a policy gives to a code, by -03 numbering; "" when it may not. */
static const char *policy_name(uint16_t code)
{
	for (size_t i = 0; reset_code_name(i) != NULL; i++) {
		if (reset_code_by_name(reset_code_name(i)) == code)
			return reset_code_name(i);
	}
	return "";
}

int command_codes(const struct cli_args *args)
{
	(void)args;
	printf("%-8s %-8s %-48s %s\n", "ietf-03", "ietf-02", "meaning", "name in a policy");
	for (uint16_t code = 1; reset_code_name_03(code) != NULL; code++) {
		const char *name = policy_name(code);
		char before[8] = "";

		if (*name != '\0')
			snprintf(before, sizeof(before), "%u", reset_code_in(CODES_IETF_02, code));
		printf("%-8u %-8s %-48s %s\n", code, before, reset_code_name_03(code), name);
	}
	return EXIT_DONE;
}
