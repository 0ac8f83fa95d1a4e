/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The third of the walls of confine.h: which system calls may be made. */
#ifndef EPITAPH_CLI_CONFINE_CALLS_H
#define EPITAPH_CLI_CONFINE_CALLS_H

#include <stdbool.h>

/* Load the filter, for this thread and those that it starts. With @spawns other programs may be run. False with errno
 * set when it cannot be loaded. */
bool confine_calls(bool spawns);

#endif
