/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include <assert.h>
#include <stdlib.h>

static const char *const action_names[] = {
	[ACTION_ACCEPT] = "accept", [ACTION_DROP] = "drop", [ACTION_RESET] = "reset",
	[ACTION_REJECT] = "reject", [ACTION_LOG] = "log",
};
static_assert(sizeof(action_names) / sizeof(action_names[0]) == ACTIONS, "every action has a name");

static const char *const payload_names[] = {
	[PAYLOAD_TEXT] = "text",
	[PAYLOAD_DIAG] = "diag",
	[PAYLOAD_BOTH] = "both",
	[PAYLOAD_NONE] = "none",
};
static_assert(sizeof(payload_names) / sizeof(payload_names[0]) == PAYLOAD_MODES,
	      "every payload mode has a name");

static const char *const backend_names[] = {
	[BACKEND_AUTO] = "auto",
	[BACKEND_NFT] = "nft",
	[BACKEND_IPTABLES] = "iptables",
};
static_assert(sizeof(backend_names) / sizeof(backend_names[0]) == BACKENDS,
	      "every backend has a name");

const char *action_name(enum rule_action a)
{
	return action_names[a];
}

const char *payload_mode_name(enum payload_mode m)
{
	return payload_names[m];
}

const char *backend_name(enum backend b)
{
	return backend_names[b];
}

static void rule_free(struct rule *r)
{
	free(r->match);
	free(r->comment);
}

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->sets; i++) {
		set_free(p->set[i]);
		free(p->set[i]);
	}
	for (size_t i = 0; i < p->reasons; i++) {
		free(p->reason[i]->url);
		free(p->reason[i]);
	}
	for (size_t i = 0; i < p->rules; i++)
		rule_free(&p->rule[i]);
	rule_free(&p->on_default);
	rule_free(&p->on_undecided);
	free(p->set);
	free(p->reason);
	free(p->rule);
	free(p->log.file);
	free(p);
}

const struct rule *policy_rule(const struct policy *p, uint16_t index)
{
	if (index == RULE_DEFAULT)
		return &p->on_default;
	if (index == RULE_UNDECIDED)
		return &p->on_undecided;
	assert(index < p->rules);
	return &p->rule[index];
}
