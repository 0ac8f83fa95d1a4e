/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Put a diversion plan into the kernel and take it out again; other tables are never touched. */
#ifndef EPITAPH_RULES_RULES_H
#define EPITAPH_RULES_RULES_H

#include "rules/plan.h"

enum { RULES_ERROR = 512 };

/* What could not be done, as one message with what to do about it. */
struct rules_error {
	char text[RULES_ERROR];
};

/* BACKEND_AUTO becomes BACKEND_NFT when the kernel's nftables can queue, else BACKEND_IPTABLES. */
enum backend rules_backend(enum backend wanted);

/*
 * Fill the sets that @plan needs and that are not there yet, so that rules_load() is short. Nothing uses
 * them before. Returns 0 or -1 with @error filled.
 */
int rules_prepare(const struct plan *plan, struct rules_error *error);

/*
 * Load @plan, which is prepared, in place of what an earlier run left behind, by one transaction of nftables; the
 * iptables backend has its queue put in place before. Returns 0 or -1 with @error filled; then the rules of
 * nftables are as they were.
 */
int rules_load(const struct plan *plan, struct rules_error *error);

/* The same, when one starts: what a run with the other backend may have left goes as well, behind the new rules,
 * so that there is no gap. */
int rules_take_over(const struct plan *plan, struct rules_error *error);

/* Remove all that @backend has loaded, or any (BACKEND_AUTO). It is no error when nothing is there. Returns 0 or -1
 * with @error filled. That of nftables starts no other program. */
int rules_unload(enum backend backend, struct rules_error *error);

/* The two of them. */
bool nft_can_queue(void);
int nft_load(const struct plan *plan, struct rules_error *error);
int nft_unload(struct rules_error *error);
int iptables_load(const struct plan *plan, struct rules_error *error);
int iptables_unload(struct rules_error *error);
/* All rules of this namespace, and our own table, as nft(8) lists them, without elements of sets. NULL when there
 * is no such table. To be freed. */
char *nft_list_ruleset(void);
char *nft_list_ours(void);
bool nft_run(const char *commands, bool check_only, struct rules_error *error);

#endif
