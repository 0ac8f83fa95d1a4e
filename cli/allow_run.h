/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in a running daemon. */
#ifndef EPITAPH_CLI_ALLOW_RUN_H
#define EPITAPH_CLI_ALLOW_RUN_H

#include "cli/reload.h"

/* What a request about exceptions begins with; "list", "end ID" or "add RULE SOURCE SECONDS WHY" follows. */
#define ALLOW_REQUEST "allow "

/* Do as @request says, for r->asker. Returns what happened, which is in the log as well; the caller owns it. */
json_t *run_allow(struct run *r, const char *request);

/* End what has expired; call every second or so. */
void run_expire_exceptions(struct run *r);

#endif
