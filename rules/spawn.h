/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running another program for what it does or prints. */
#ifndef EPITAPH_RULES_SPAWN_H
#define EPITAPH_RULES_SPAWN_H

/*
 * Run @argv, found by PATH, with @input; *output gets what it printed on the stream @from (1 or 2), to be
 * freed. Returns its exit code, or -errno when it did not run.
 */
int spawn_run(char *const argv[], const char *input, int from, char **output);

#endif
