/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/rules.h"

enum backend rules_backend(enum backend wanted)
{
	if (wanted != BACKEND_AUTO)
		return wanted;
	return nft_can_queue() ? BACKEND_NFT : BACKEND_IPTABLES;
}

int rules_load(const struct plan *plan, struct rules_error *error)
{
	if (plan->by_iptables && iptables_load(plan, error) != 0)
		return -1;
	return nft_load(plan, error);
}

int rules_take_over(const struct plan *plan, struct rules_error *error)
{
	struct rules_error ignored;

	if (rules_load(plan, error) != 0)
		return -1;
	if (!plan->by_iptables)
		iptables_unload(&ignored);
	return 0;
}

int rules_unload(enum backend backend, struct rules_error *error)
{
	int nft = nft_unload(error);

	return backend == BACKEND_NFT || iptables_unload(error) == 0 ? nft : -1;
}
