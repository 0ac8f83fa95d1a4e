/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands, their options, and what they share. Usage, help and parsing come from one table. */
#ifndef EPITAPH_CLI_CLI_H
#define EPITAPH_CLI_CLI_H

#include "policy/policy.h"

enum {
	EXIT_DONE = 0,
	EXIT_FOUND = 1, /* something is wrong, or failed */
	EXIT_USAGE = 2,
	CLI_OPTIONS = 16,
	CLI_HASH_LEN = 64,
};

#define CLI_POLICY_FILE "/etc/epitaph/epitaph.conf"
#define CLI_CONTROL_SOCKET "/run/epitaph/control.sock"

struct cli_option {
	char letter; /* 0: only the long form */
	const char *name;
	const char *value; /* what the value is called in the help; NULL: a switch */
	const char *help;
};

/* What was given: value[i] belongs to option[i] of the command; NULL when it was not. */
struct cli_args {
	const char *value[CLI_OPTIONS];
	const char *operand; /* NULL when there is none; several words are joined with blanks */
	char **words;	     /* all words from the operand on, as they were given; ends with NULL */
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
int command_policy(const struct cli_args *args);
int command_explain(const struct cli_args *args);
int command_reload(const struct cli_args *args);
int command_allow(const struct cli_args *args);
int command_top(const struct cli_args *args);
int command_commit(const struct cli_args *args);
int command_status(const struct cli_args *args);
int command_counters(const struct cli_args *args);
int command_plan(const struct cli_args *args);
int command_replay(const struct cli_args *args);
int command_read(const struct cli_args *args);
int command_watch(const struct cli_args *args);
int command_report(const struct cli_args *args);
int command_why(const struct cli_args *args);
int command_codes(const struct cli_args *args);
int command_doctor(const struct cli_args *args);
int command_completion(const struct cli_args *args);

/* The number, from @min to @max, that the option @option of @command was given; @out stays as it is
 * when @text is NULL. False after a message. */
bool cli_number(const char *command, const char *option, const char *text, long min, long max,
		long *out);

/* The @i-th command, or NULL past the end. */
const struct cli_command *cli_command_at(size_t i);

/* Options of each command, in the order of its rows in main.c. */
enum { RUN_CONFIG, RUN_EVENTS, RUN_NO_RULES, RUN_KEEP_RULES };
enum { CHECK_WERROR, CHECK_JSON };
enum { POLICY_JSON };
enum {
	EXPLAIN_CONFIG,
	EXPLAIN_SNI,
	EXPLAIN_ALPN,
	EXPLAIN_HOST,
	EXPLAIN_METHOD,
	EXPLAIN_PATH,
	EXPLAIN_IIF,
	EXPLAIN_OIF,
	EXPLAIN_MARK,
	EXPLAIN_AT,
	EXPLAIN_EVENTS,
};
enum { CONTROL_SOCKET, CONTROL_JSON, RELOAD_REJUDGE, RELOAD_RULE, RELOAD_CANARY, RELOAD_BOUND };
enum { COMMIT_RETURN = CONTROL_JSON + 1 };
enum { ALLOW_SOURCE = CONTROL_JSON + 1, ALLOW_FOR, ALLOW_WHY, ALLOW_LIST, ALLOW_END };
enum { TOP_BATCH = CONTROL_SOCKET + 1, TOP_DELAY, TOP_COUNT };
enum { COUNTERS_PROMETHEUS = CONTROL_JSON + 1, COUNTERS_OUTPUT };
enum { PLAN_BACKEND, PLAN_LOAD, PLAN_UNLOAD };
enum { REPLAY_POLICY, REPLAY_WRITE, REPLAY_IIF, REPLAY_OIF };
enum { READ_JSON, READ_SUMMARY, READ_EVENTS, READ_COLOR };
enum {
	WATCH_INTERFACE,
	WATCH_ALL,
	WATCH_JSON,
	WATCH_SUMMARY,
	WATCH_EVENTS,
	WATCH_COLOR,
	WATCH_COUNT,
	WATCH_SECONDS
};
enum { WHY_COLOR };
enum { REPORT_OUTPUT, REPORT_BLOCKS };
enum { DOCTOR_CONFIG, DOCTOR_JSON };

/* How a policy is loaded, and what there is to say about it. */
struct cli_load {
	bool json;	/* findings go to standard output as JSON, else to standard error */
	FILE *findings; /* and there as well, when it is given */
	unsigned warnings, errors;
	char hash[CLI_HASH_LEN + 1]; /* SHA-256 of all files read, hexadecimal */
};

/* Read and parse a policy file and all that it names. NULL after an error, of which the findings tell.
 * @how may be NULL. */
struct policy *cli_load_policy(const char *path, struct cli_load *how);

#endif
