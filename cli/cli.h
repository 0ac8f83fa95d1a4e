/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, their options, and what they share. Usage, help and parsing come from one table. */
#ifndef EPITAPH_CLI_CLI_H
#define EPITAPH_CLI_CLI_H

#include "policy/policy.h"

enum {
	EXIT_DONE = 0,
	EXIT_FOUND = 1, /* something is wrong, or failed */
	EXIT_USAGE = 2,
	CLI_OPTIONS = 8,
};

#define CLI_POLICY_FILE "/etc/epitaph/epitaph.conf"

struct cli_option {
	char letter; /* 0: only the long form */
	const char *name;
	const char *value; /* what the value is called in the help; NULL: a switch */
	const char *help;
};

/* What was given: value[i] belongs to option[i] of the command; NULL when it was not. */
struct cli_args {
	const char *value[CLI_OPTIONS];
	const char *operand; /* the one operand, or NULL */
};

struct cli_command {
	const char *name;
	const char *operand; /* what it is called in the help; NULL: takes none */
	bool operand_needed;
	const char *summary;
	const char *details;
	struct cli_option option[CLI_OPTIONS]; /* ends with a row without a name */
	int (*run)(const struct cli_args *args);
};

int command_run(const struct cli_args *args);
int command_check(const struct cli_args *args);
int command_plan(const struct cli_args *args);
int command_replay(const struct cli_args *args);
int command_read(const struct cli_args *args);

/* Options of each command, in the order of its rows in main.c. */
enum { RUN_CONFIG, RUN_EVENTS, RUN_NO_RULES, RUN_KEEP_RULES };
enum { CHECK_WERROR };
enum { PLAN_BACKEND };
enum { REPLAY_POLICY, REPLAY_WRITE, REPLAY_IIF, REPLAY_OIF };
enum { READ_JSON };

/* Read and parse a policy file; findings go to standard error. NULL after an error. *warnings, when
 * given, gets their number. */
struct policy *cli_load_policy(const char *path, unsigned *warnings);

#endif
