/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, of anyone's, that take connections past all hooks: flow tables. */
#ifndef EPITAPH_RULES_OFFLOAD_H
#define EPITAPH_RULES_OFFLOAD_H

#include <stdbool.h>

enum { OFFLOAD_LINE = 512 };

struct offload {
	char line[OFFLOAD_LINE]; /* the rule, as nft(8) lists it */
	bool waits;		 /* it asks for a connection mark: it may wait for ours */
};

/* The next such rule of @ruleset behind @after (NULL: the first). Returns where it is, to go on from, or NULL. */
const char *offload_next(const char *ruleset, const char *after, struct offload *out);

/* True when a flow table of @ruleset has the hardware forward. */
bool offload_is_hardware(const char *ruleset);

#endif
