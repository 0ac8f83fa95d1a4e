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
	bool nft = backend == BACKEND_NFT;
	struct rules_error ignored;

	if ((nft ? nft_load(plan, error) : iptables_load(plan, error)) != 0)
		return -1;
	/* The new rules first, then what a run with the other backend may have left: no gap between. */
	if (nft)
		iptables_unload(&ignored);
	else
		nft_unload(&ignored);
	return 0;
}

int rules_unload(enum backend backend, struct rules_error *error)
{
	return backend == BACKEND_NFT ? nft_unload(error) : iptables_unload(error);
}
