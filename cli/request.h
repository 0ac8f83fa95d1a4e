/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked of a running daemon, over its control socket. */
#ifndef EPITAPH_CLI_REQUEST_H
#define EPITAPH_CLI_REQUEST_H

#include "cli/reload.h"

/* Do as @request says, for r->asker. Returns the answer, which the caller owns. */
json_t *run_request(struct run *r, const char *request);

#endif
