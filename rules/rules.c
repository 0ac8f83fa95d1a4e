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
	struct rules_error ignored;

	/* The new rules first, then what a run with the other backend may have left: no gap between. */
	if (backend == BACKEND_NFT) {
		if (nft_load(plan, error) != 0)
			return -1;
		iptables_unload(&ignored);
		return 0;
	}
	if (iptables_load(plan, error) != 0)
		return -1;
	if (nft_load_output(error) == 0)
		return 0;
	iptables_unload(&ignored);
	return -1;
}

int rules_unload(enum backend backend, struct rules_error *error)
{
	int nft = nft_unload(error);

	return backend == BACKEND_NFT ? nft : iptables_unload(error);
}
