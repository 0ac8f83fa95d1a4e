/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/rules.h"

enum backend rules_backend(enum backend wanted)
{
	if (wanted != BACKEND_AUTO)
		return wanted;
	return nft_can_queue() ? BACKEND_NFT : BACKEND_IPTABLES;
}

int rules_load(const struct plan *plan, enum backend backend, struct rules_error *error)
{
	/* The new rules first, then what the other backend may have left: no gap in between. */
	if (backend == BACKEND_NFT)
		return nft_load(plan, error) == 0 ? iptables_unload(error) : -1;
	return iptables_load(plan, error) == 0 ? nft_unload(error) : -1;
}

int rules_unload(struct rules_error *error)
{
	int nft = nft_unload(error), iptables = iptables_unload(error);

	return nft == 0 && iptables == 0 ? 0 : -1;
}
