/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon: a policy in force, workers, rules, and what signals ask for. */
#include "cli/cli.h"

#include "nfq/worker.h"
#include "rules/rules.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
	WATCH_MS = 1000,
	LINGER_MS = 100, /* for packets that were queued before the rules went */
};

struct run {
	const char *path;
	bool with_rules, keep_rules;
	enum backend backend;
	struct policy *policy; /* in force */
	struct plan plan;      /* loaded */
	struct log *log;
	unsigned main_ring;
	struct workers *workers;
	int signal_fd;
};

static void log_policy(struct run *r, const struct policy *p, bool in_force, const char *message)
{
	struct event *e;
	struct timespec t;

	if (!log_reserve(r->log, r->main_ring, 1, &e))
		return;
	memset(e, 0, sizeof(*e));
	clock_gettime(CLOCK_REALTIME, &t);
	e->type = EVENT_POLICY;
	e->time_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	e->policy.in_force = in_force;
	e->policy.generation = r->policy->generation;
	e->policy.rules = p ? p->rules : 0;
	e->policy.sets = p ? p->sets : 0;
	snprintf(e->policy.message, sizeof(e->policy.message), "%s", message);
	log_publish(r->log, r->main_ring);
}

static bool same_settings(const struct policy *a, const struct policy *b)
{
	bool same_file = a->log.file == b->log.file ||
			 (a->log.file && b->log.file && strcmp(a->log.file, b->log.file) == 0);

	return same_file && a->daemon.queue_first == b->daemon.queue_first &&
	       a->daemon.queue_last == b->daemon.queue_last &&
	       a->daemon.overload_open == b->daemon.overload_open &&
	       a->daemon.backend == b->daemon.backend;
}

/* Refuse @p, or nothing that could be parsed; the old policy stays in force. */
static void refuse(struct run *r, struct policy *p, const char *why)
{
	fprintf(stderr, "epitaph: %s: %s; the policy before stays in force\n", r->path, why);
	log_policy(r, NULL, false, why);
	policy_free(p);
}

/* SIGHUP: the new policy first, then the rules that divert for it, so that nothing passes unseen
 * that either policy would block. */
static void reload(struct run *r)
{
	struct policy *p = cli_load_policy(r->path, NULL), *old;
	struct rules_error error = { "" };
	struct plan plan;

	log_reopen(r->log);
	if (p == NULL) {
		refuse(r, NULL, "the new policy has errors");
		return;
	}
	if (!same_settings(p, r->policy)) {
		refuse(r, p, "queues, backend, overload and log file change only at a restart");
		return;
	}
	p->generation = r->policy->generation + 1;
	old = workers_swap(r->workers, p);
	plan_of(p, &plan);
	if (r->with_rules && rules_load(&plan, r->backend, &error) != 0) {
		struct rules_error again;

		rules_load(&r->plan, r->backend, &again);
		old->generation = p->generation + 1;
		workers_swap(r->workers, old);
		refuse(r, p, error.text);
		return;
	}
	r->plan = plan;
	r->policy = p;
	policy_free(old);
	fprintf(stderr, "epitaph: %s: policy %u in force, %zu rules\n", r->path, p->generation,
		p->rules);
	log_policy(r, p, true, "reloaded");
}

/* True to go on. */
static bool handle_signal(struct run *r)
{
	struct signalfd_siginfo s;

	if (read(r->signal_fd, &s, sizeof(s)) != sizeof(s))
		return true;
	if (s.ssi_signo == SIGHUP)
		reload(r);
	else if (s.ssi_signo == SIGUSR1)
		workers_log_stats(r->workers);
	else
		return false;
	return true;
}

/* Until a signal ends it (0) or a worker gives up (-1). */
static int watch(struct run *r)
{
	struct pollfd fd = { .fd = r->signal_fd, .events = POLLIN };

	while (workers_alive(r->workers)) {
		if (poll(&fd, 1, WATCH_MS) > 0 && !handle_signal(r))
			return 0;
	}
	return -1;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	signal(SIGPIPE, SIG_IGN);
	/* Before any thread starts: all of them inherit it. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool start(struct run *r, const char *events)
{
	const struct policy *p = r->policy;
	struct workers_settings settings = {
		.queue_first = p->daemon.queue_first,
		.queue_last = p->daemon.queue_last,
		.fail_open = p->daemon.overload_open,
		.own_mark = PLAN_MARK_OWN,
		.decided_mark = PLAN_MARK_DECIDED,
	};
	struct queue_error queue_error;
	struct rules_error rules_error = { "" };
	const char *file = events ? events : p->log.file;
	int result;

	r->main_ring = settings.queue_last - settings.queue_first + 1u;
	if (file != NULL && strcmp(file, "-") == 0)
		file = NULL;
	result = log_open(file, r->main_ring + 1, &r->log);
	if (result != 0) {
		fprintf(stderr, "epitaph: cannot open the log %s: %s\n", file ? file : "",
			strerror(-result));
		return false;
	}
	settings.log = r->log;
	r->workers = workers_start(&settings, r->policy, &queue_error);
	if (r->workers == NULL) {
		fprintf(stderr, "epitaph: %s\n", queue_error.text);
		return false;
	}
	if (!r->with_rules)
		return true;
	r->backend = rules_backend(p->daemon.backend);
	plan_of(p, &r->plan);
	if (rules_load(&r->plan, r->backend, &rules_error) == 0)
		return true;
	fprintf(stderr, "epitaph: cannot load the rules: %s\n", rules_error.text);
	rules_unload(r->backend, &rules_error);
	return false;
}

/* In the order that leaves no packet without an answer: rules, what is still queued, workers. */
static void finish(struct run *r, bool started)
{
	struct rules_error error = { "" };

	if (started && r->with_rules && !r->keep_rules && rules_unload(r->backend, &error) != 0)
		fprintf(stderr, "epitaph: cannot remove the rules: %s\n", error.text);
	if (started && r->with_rules)
		usleep(LINGER_MS * 1000);
	if (r->workers != NULL)
		workers_stop(r->workers);
	log_close(r->log);
	policy_free(r->policy);
	if (r->signal_fd >= 0)
		close(r->signal_fd);
}

int command_run(const struct cli_args *args)
{
	struct run r = {
		.path = args->value[RUN_CONFIG] ? args->value[RUN_CONFIG] : CLI_POLICY_FILE,
		.with_rules = args->value[RUN_NO_RULES] == NULL,
		.keep_rules = args->value[RUN_KEEP_RULES] != NULL,
		.signal_fd = -1,
	};
	bool started = false;
	int result = -1;

	r.policy = cli_load_policy(r.path, NULL);
	if (r.policy == NULL)
		return EXIT_FOUND;
	r.policy->generation = 1;
	r.signal_fd = open_signals();
	if (r.signal_fd < 0)
		fprintf(stderr, "epitaph: cannot receive signals: %s\n", strerror(errno));
	else
		started = start(&r, args->value[RUN_EVENTS]);
	if (started) {
		fprintf(stderr, "epitaph: %s: policy 1 in force, %zu rules, queues %u-%u, %s\n",
			r.path, r.policy->rules, r.policy->daemon.queue_first,
			r.policy->daemon.queue_last,
			r.with_rules ? backend_name(r.backend) : "no rules loaded");
		log_policy(&r, r.policy, true, "started");
		result = watch(&r);
	}
	finish(&r, started);
	return result == 0 ? EXIT_DONE : EXIT_FOUND;
}
