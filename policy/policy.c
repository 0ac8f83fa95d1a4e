/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy.h"

#include "policy/index.h"

#include <assert.h>
#include <stdlib.h>

static const char *const action_names[] = {
	[ACTION_ACCEPT] = "accept", [ACTION_DROP] = "drop", [ACTION_RESET] = "reset",
	[ACTION_REJECT] = "reject", [ACTION_LOG] = "log",   [ACTION_ANNOTATE] = "annotate",
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

static const char *const reject_names[] = {
	[UNREACHABLE_ADMIN] = "admin-prohibited",
	[UNREACHABLE_NET] = "net-unreachable",
	[UNREACHABLE_HOST] = "host-unreachable",
	[UNREACHABLE_PORT] = "port-unreachable",
};
static_assert(sizeof(reject_names) / sizeof(reject_names[0]) == UNREACHABLES,
	      "every code has a name");

static const char *const logging_names[] = {
	[RESETS_ALL] = "all",
	[RESETS_TEXT] = "text",
	[RESETS_NONE] = "none",
};
static_assert(sizeof(logging_names) / sizeof(logging_names[0]) == RESET_LOGGINGS,
	      "every choice has a name");

const char *action_name(enum rule_action a)
{
	return action_names[a];
}

const char *payload_mode_name(enum payload_mode m)
{
	return payload_names[m];
}

static const char *const code_table_names[] = {
	[CODES_IETF_03] = "ietf-03",
	[CODES_IETF_02] = "ietf-02",
};
static_assert(sizeof(code_table_names) / sizeof(code_table_names[0]) == CODE_TABLES,
	      "every numbering has a name");

const char *code_table_name(enum code_table t)
{
	return code_table_names[t];
}

const char *open_name(bool open)
{
	return open ? "open" : "closed";
}

const char *backend_name(enum backend b)
{
	return backend_names[b];
}

const char *unreachable_name(enum unreachable c)
{
	return reject_names[c];
}

const char *reset_logging_name(enum reset_logging r)
{
	return logging_names[r];
}

const char *reset_ends_name(enum reset_ends e)
{
	return e == ENDS_SOURCE ? "source" : e == ENDS_DESTINATION ? "destination" : "both";
}

bool rule_is_sampled(const struct rule *r, uint64_t flow_id)
{
	return r->sample <= 1 || flow_id % r->sample == 0;
}

uint64_t policy_schedules(const struct policy *p, int64_t utc)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < p->schedules; i++)
		bits |= (uint64_t)schedule_holds(&p->schedule[i], utc) << i;
	return bits;
}

uint64_t policy_schedules_at(const struct policy *p, const struct moment *m)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < p->schedules; i++)
		bits |= (uint64_t)schedule_holds_at(&p->schedule[i], m) << i;
	return bits;
}

static void rule_free(struct rule *r)
{
	free(r->match);
	free(r->comment);
	free((struct text *)r->annotate);
}

static void test_free(struct policy_test *t)
{
	free(t->name);
	free(t->iif);
	free(t->oif);
	free(t->l7);
	for (int i = 0; i < 2; i++) {
		free((uint8_t *)t->payload[i].at);
		free(t->payload_source[i]);
	}
}

/* A list of things that are allocated one by one. */
#define FREE_EACH(list, count, release)                                                            \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < (count); i_++)                                            \
			release((list)[i_]);                                                       \
		free(list);                                                                        \
	} while (0)

static void set_release(struct set *s)
{
	set_free(s);
	free(s);
}

static void reason_release(struct reason *r)
{
	free(r->url);
	free(r);
}

void policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	FREE_EACH(p->set, p->sets, set_release);
	FREE_EACH(p->pattern, p->patterns, pattern_free);
	FREE_EACH(p->reason, p->reasons, reason_release);
	FREE_EACH(p->file, p->files, free);
	for (size_t i = 0; i < p->schedules; i++) {
		free(p->schedule[i].zone_name);
		zone_free(&p->schedule[i].zone);
	}
	free(p->schedule);
	for (size_t i = 0; i < p->rules; i++)
		rule_free(&p->rule[i]);
	free(p->rule);
	for (size_t i = 0; i < p->reset_rules; i++)
		rule_free(&p->reset_rule[i]);
	free(p->reset_rule);
	for (size_t i = 0; i < p->tests; i++)
		test_free(&p->test[i]);
	free(p->test);
	rule_free(&p->on_default);
	rule_free(&p->on_undecided);
	policy_index_free(p->index);
	free(p->hits);
	exceptions_free(atomic_load(&p->exceptions));
	free(p->daemon.exceptions);
	free(p->daemon.control);
	free(p->daemon.control_group);
	free(p->log.file.path);
	free(p->log.syslog);
	free(p->log.syslog_to);
	free(p->log.socket);
	free(p->log.pcap.path);
	free(p);
}

_Atomic uint64_t *policy_hits(const struct policy *p, uint16_t index)
{
	if (index == RULE_DEFAULT)
		return &p->hits[p->rules];
	if (index == RULE_UNDECIDED)
		return &p->hits[p->rules + 1];
	assert(index < p->rules);
	return &p->hits[index];
}

const struct rule *policy_find_rule(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->rules; i++) {
		if (strcmp(p->rule[i].name, name) == 0)
			return &p->rule[i];
	}
	return NULL;
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
