/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/reload.h"

#include "cli/canary_run.h"
#include "events/clock.h"
#include "events/json.h"

#include "cli/confine.h"
#include "cli/diff.h"
#include "cli/hits.h"
#include "cli/json_policy.h"
#include "nfq/conntrack.h"
#include "policy/decide.h"
#include "rules/stream.h"

#include <stdlib.h>
#include <time.h>

static size_t size_of(const json_t *answer, const char *key)
{
	return json_array_size(json_object_get(answer, key));
}

static enum policy_result result_of(const char *name)
{
	enum policy_result r = POLICY_REFUSED;

	while (r < POLICY_RETURNED && strcmp(policy_result_name(r), name) != 0)
		r++;
	return r;
}

struct event *run_reserve_event(struct run *r, enum event_type type)
{
	struct event *e;

	if (!log_reserve(r->log, r->main_ring, 1, &e))
		return NULL;
	memset(e, 0, sizeof(*e));
	e->type = type;
	e->time_us = clock_us(CLOCK_REALTIME);
	return e;
}

void run_log_policy(struct run *r, const json_t *answer)
{
	struct event *e = run_reserve_event(r, EVENT_POLICY);

	if (e == NULL)
		return;
	e->policy = (struct event_policy){
		.result = result_of(json_text_at(answer, "result")),
		.generation = (uint32_t)json_number_at(answer, "generation"),
		.rules = (size_t)json_number_at(answer, "rules"),
		.sets = (size_t)json_number_at(answer, "sets"),
		.entries = (size_t)json_number_at(answer, "entries"),
		.added = size_of(answer, "added"),
		.removed = size_of(answer, "removed"),
		.changed = size_of(answer, "changed"),
	};
	snprintf(e->policy.hash, sizeof(e->policy.hash), "%s", json_text_at(answer, "hash"));
	snprintf(e->policy.message, sizeof(e->policy.message), "%s",
		 json_text_at(answer, "message"));
	log_publish(r->log, r->main_ring);
}

json_t *run_status(const struct run *r, const char *message)
{
	const struct policy *p = r->policy;
	size_t sets = 0;
	json_t *answer;

	for (size_t i = 0; i < p->sets; i++)
		sets += p->set[i]->name != NULL;
	answer = json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "result", "in-force",
		"message", message, "policy", r->path, "generation", (json_int_t)p->generation,
		"rules", (json_int_t)(p->rules + p->reset_rules), "sets", (json_int_t)sets,
		"entries", (json_int_t)policy_entries(p), "hash", r->hash, "backend",
		r->with_rules ? backend_name(r->backend) : "none", "daemon_loss",
		open_name(p->daemon.loss_open), "overload", open_name(p->daemon.overload_open));
	json_object_set_new(answer, "exceptions", json_integer((json_int_t)book_count(r->book)));
	json_object_set_new(answer, "walls", json_string(confine_names(r->walls)));
	if (r->canary.policy != NULL)
		json_object_set_new(answer, "canary", run_canary_status(r));
	if (r->reclaim != NULL)
		json_object_set_new(answer, "reclaimed",
				    json_integer((json_int_t)reclaim_count(r->reclaim)));
	return answer;
}

json_t *run_counters(struct run *r)
{
	json_t *answer = run_status(r, "in force"), *queues = json_array();
	struct event_stats stats[QUEUES_MAX];
	unsigned n = workers_stats(r->workers, stats);

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(queues, json_stats(&stats[i]));
	json_object_set_new(answer, "queues", queues);
	json_object_set_new(answer, "by_rule", hits_list(r->policy));
	return answer;
}

json_t *run_top(struct run *r)
{
	json_t *answer = run_counters(r), *recent = json_array();
	struct event *blocks = calloc(RECENT_BLOCKS, sizeof(*blocks));
	char line[JSON_LINE_MAX];
	unsigned n = blocks != NULL ? log_recent(r->log, blocks) : 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = json_format(&blocks[i], line);

		json_array_append_new(recent, json_loadb(line, len, 0, NULL));
	}
	free(blocks);
	json_object_set_new(answer, "recent", recent);
	return answer;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_file(const struct log_file *a, const struct log_file *b)
{
	return same_text(a->path, b->path) && a->rotate_size == b->rotate_size &&
	       a->rotate_keep == b->rotate_keep && a->budget == b->budget;
}

/* What is settled when the daemon starts. */
static bool same_settings(const struct policy *a, const struct policy *b)
{
	return same_file(&a->log.file, &b->log.file) && same_file(&a->log.pcap, &b->log.pcap) &&
	       a->log.reserve == b->log.reserve && same_text(a->log.syslog, b->log.syslog) &&
	       same_text(a->log.syslog_to, b->log.syslog_to) &&
	       a->log.journald == b->log.journald && same_text(a->log.socket, b->log.socket) &&
	       a->log.aggregate_s == b->log.aggregate_s &&
	       same_text(a->daemon.control, b->daemon.control) &&
	       same_text(a->daemon.exceptions, b->daemon.exceptions) &&
	       same_text(a->daemon.control_group, b->daemon.control_group) &&
	       a->daemon.queue_first == b->daemon.queue_first &&
	       a->daemon.queue_last == b->daemon.queue_last &&
	       a->daemon.overload_open == b->daemon.overload_open &&
	       a->daemon.queue_length == b->daemon.queue_length &&
	       a->daemon.queue_buffer == b->daemon.queue_buffer &&
	       a->daemon.mark_mask == b->daemon.mark_mask &&
	       a->daemon.reclaim == b->daemon.reclaim && a->daemon.confine == b->daemon.confine &&
	       a->daemon.backend == b->daemon.backend;
}

json_t *run_refuse(struct run *r, struct policy *p, const char *why)
{
	json_t *answer = run_status(r, why);

	json_object_set_new(answer, "result", json_string("refused"));
	fprintf(stderr, "epitaph: %s: %s; the policy before stays in force\n", r->path, why);
	run_log_policy(r, answer);
	policy_free(p);
	return answer;
}

/* Read the policy; *findings gets what there is to say about it, for whoever asked. */
static struct policy *load_again(struct run *r, struct cli_load *how, json_t **findings)
{
	char *text = NULL;
	size_t size = 0;
	struct policy *p;

	how->findings = open_memstream(&text, &size);
	p = cli_load_policy(r->path, how);
	if (how->findings != NULL && stream_close(how->findings, &text))
		*findings = json_text(text);
	free(text);
	return p;
}

static bool is_about(const void *rule, const struct ip_tuple *view)
{
	return rule_may_hold(rule, view);
}

/* Have connections come to the queues again: all, or those that @rule may be about. */
static void forget_decisions(const struct run *r, const struct rule *rule, json_t *answer)
{
	size_t cleared = 0;
	uint32_t bit = plan_marks_of(r->policy->daemon.mark_mask).decided;
	int result = conntrack_clear_mark(bit, rule != NULL ? is_about : NULL, rule, &cleared);

	if (result != 0)
		fprintf(stderr, "epitaph: cannot have connections judged again: %s\n",
			strerror(-result));
	json_object_set_new(answer, "rejudged", json_integer((json_int_t)cleared));
}

struct plan *run_prepare_plan(const struct run *r, const struct policy *p,
			      const struct policy *beside, struct rules_error *error)
{
	struct plan *plan = plan_new(p, beside, r->backend);

	if (plan == NULL)
		snprintf(error->text, sizeof(error->text), "not enough memory for its rules");
	if (plan != NULL && rules_prepare(plan, error) == 0)
		return plan;
	plan_free(plan);
	return NULL;
}

/*
 * Put @p in force: the sets that it needs, then the policy, then the rules that divert for it, so that
 * nothing passes unseen that both policies would block, and what the new one blocks alone passes no longer
 * than it takes. Returns false with @error filled; then the old one is in force.
 */
static bool put_in_force(struct run *r, struct policy *p, struct rules_error *error)
{
	struct plan *plan = NULL;
	struct rules_error again;
	struct policy *old;

	if (r->with_rules) {
		plan = run_prepare_plan(r, p, NULL, error);
		if (plan == NULL)
			return false;
	}
	old = workers_swap(r->workers, p);
	hits_carry(old, p);
	if (plan != NULL && rules_load(plan, error) != 0) {
		rules_load(r->plan, &again);
		old->generation = p->generation + 1;
		workers_swap(r->workers, old);
		plan_free(plan);
		return false;
	}
	plan_free(r->plan);
	policy_free(old);
	r->plan = plan;
	r->policy = p;
	return true;
}

struct policy *run_load_new(struct run *r, struct cli_load *how, json_t **answer)
{
	json_t *findings = NULL;
	struct policy *p = load_again(r, how, &findings);

	log_reopen(r->log);
	if (p == NULL) {
		*answer = run_refuse(r, NULL, "the new policy has errors");
		json_object_set_new(*answer, "findings", findings);
		return NULL;
	}
	json_decref(findings);
	if (same_settings(p, r->policy))
		return p;
	*answer = run_refuse(
		r, p,
		"queues, backend, overload, marks, reclaim, confine, control, exceptions and the "
		"files of the log change only at a restart");
	return NULL;
}

json_t *run_bring_into_force(struct run *r, struct policy *p, const char *hash, const char *message)
{
	struct rules_error error = { "" };
	json_t *answer, *diff = policy_diff(r->policy, p);

	p->generation = r->policy->generation + 1;
	if (!put_in_force(r, p, &error)) {
		json_decref(diff);
		return run_refuse(r, NULL, error.text);
	}
	memcpy(r->hash, hash, sizeof(r->hash));
	answer = run_status(r, message);
	json_object_update(answer, diff);
	json_decref(diff);
	fprintf(stderr, "epitaph: %s: policy %u in force, %zu rules\n", r->path, p->generation,
		p->rules);
	run_log_policy(r, answer);
	return answer;
}

json_t *run_reload(struct run *r, const char *rejudge)
{
	struct cli_load how = { .json = false };
	const struct rule *rule = NULL;
	struct policy *p;
	json_t *answer;

	if (r->canary.policy != NULL)
		json_decref(run_return(r, "the trial ends, the policy is reloaded"));
	p = run_load_new(r, &how, &answer);
	if (p == NULL)
		return answer;
	if (rejudge != NULL && rejudge[0] != '\0' && (rule = policy_find_rule(p, rejudge)) == NULL)
		return run_refuse(r, p, "the policy has no rule of that name to judge again by");
	p->exceptions = book_compile(r->book, p);
	p->rejudge_from = rejudge != NULL ? r->policy->generation + 1 : r->policy->rejudge_from;
	answer = run_bring_into_force(r, p, how.hash, "reloaded");
	if (r->policy != p)
		policy_free(p);
	else if (rejudge != NULL)
		forget_decisions(r, rule, answer);
	return answer;
}
