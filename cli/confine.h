/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walls around a daemon that reads packets of strangers.
 *
 * Theory of operation. All that needs rights is opened first: sockets, queues, logs. Then, before any thread
 * is started, three stages give up what is not needed any more, for this process and all it starts:
 *
 *   rights  capabilities(7): CAP_NET_ADMIN stays, for verdicts, rules and conntrack; and for root
 *           CAP_DAC_OVERRIDE, so that the files of others that it was started with stay at hand. Nothing that is
 *           executed can gain more (PR_SET_NO_NEW_PRIVS).
 *   files   landlock(7): writes in the folders of its own files only, executes nothing (the tools of iptables with that
 *           backend), makes no TCP connection, signals nobody.
 *   calls   seccomp(2): an allow-list. What is not in it fails with EPERM; what only an intruder would call ends
 *           the process, and the kernel goes on as "on daemon-loss" says.
 */
#ifndef EPITAPH_CLI_CONFINE_H
#define EPITAPH_CLI_CONFINE_H

#include <stdbool.h>

enum wall {
	WALL_RIGHTS = 1,
	WALL_FILES = 2,
	WALL_CALLS = 4,
	WALLS_ALL = 7,
};

struct confine_settings {
	unsigned walls; /* to build */
	bool spawns;	/* the tools of iptables are still to be run */
	const char *const *
		folder; /* that are written in; ends with NULL; those that are not there are left out */
};

/*
 * Build @settings->walls, in the order above, around this thread and those that it starts. Returns those that stand;
 * of one that cannot be built standard error tells. Not to be undone.
 */
unsigned confine(const struct confine_settings *settings);

/* Their names, in order, joined with blanks. */
const char *confine_names(unsigned walls);

#endif
