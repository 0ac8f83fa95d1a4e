/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon: a policy in force, workers, rules, and what signals ask for. */
#include "cli/reload.h"

#include "cli/allow_run.h"
#include "cli/canary_run.h"
#include "cli/confine.h"
#include "cli/control.h"
#include "cli/request.h"
#include "cli/service.h"
#include "events/clock.h"
#include "nfq/queue_proc.h"
#include "rules/offload.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	WATCH_MS = 1000,
	WATCHDOG_SHARE = 3, /* of its time, after which it is fed */
	LINGER_MS = 100,    /* for packets that were queued before the rules went */
	MAIN_NICE = 5,	    /* of the thread that reads policies: packets come first */
};

/* Sanitizers need what the walls forbid: to run another process, to look at this one. */
#ifdef EPITAPH_SANITIZED
#define CONFINED_WALLS 0
#else
#define CONFINED_WALLS WALLS_ALL
#endif

/* Tell the service manager @state, and which policy is in force. */
static void tell_state(const struct run *r, const char *state)
{
	char text[128];

	snprintf(text, sizeof(text), "%sSTATUS=policy %u in force, %zu rules", state,
		 r->policy->generation, r->policy->rules);
	service_notify(text);
}

/* True to go on. */
static bool handle_signal(struct run *r)
{
	struct signalfd_siginfo s;

	if (read(r->signal_fd, &s, sizeof(s)) != sizeof(s))
		return true;
	if (s.ssi_signo == SIGHUP) {
		json_decref(run_reload(r, NULL));
		tell_state(r, "");
	} else if (s.ssi_signo == SIGUSR1) {
		workers_log_stats(r->workers);
	} else {
		return false;
	}
	return true;
}

static void handle_request(struct run *r)
{
	char request[CONTROL_REQUEST_MAX];
	uint32_t generation = r->policy->generation;
	int client = control_accept(r->control_fd, r->control_group, request, &r->asker);

	if (client < 0)
		return;
	control_answer(client, run_request(r, request));
	if (r->policy->generation != generation)
		tell_state(r, "");
}

/* Tell that we are alive, as long as the queues' workers are: one that hangs would be restarted. */
static void feed_watchdog(struct run *r, int64_t every_us, int64_t *fed_us)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);

	if (every_us == 0 || now_us - *fed_us < every_us / WATCHDOG_SHARE ||
	    !workers_went_on(r->workers))
		return;
	service_notify("WATCHDOG=1");
	*fed_us = now_us;
}

/* Until a signal ends it (0) or a worker gives up (-1). */
static int watch(struct run *r)
{
	struct pollfd fds[] = {
		{ .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->control_fd, .events = POLLIN },
	};

	int64_t watchdog_us = service_watchdog_us(), fed_us = 0;

	setpriority(PRIO_PROCESS, (id_t)gettid(), MAIN_NICE);
	while (workers_alive(r->workers)) {
		int ready = poll(fds, 2, WATCH_MS);

		feed_watchdog(r, watchdog_us, &fed_us);
		run_expire_exceptions(r);
		run_watch_canary(r);
		if (ready <= 0)
			continue;
		if (fds[0].revents != 0 && !handle_signal(r))
			return 0;
		if (fds[1].revents != 0)
			handle_request(r);
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

/* True when there is a socket, or none is asked for. */
static bool start_control(struct run *r)
{
	const char *path = r->policy->daemon.control, *group = r->policy->daemon.control_group;

	if (path == NULL)
		return true;
	r->control_fd = control_listen(path, group, &r->control_group);
	if (r->control_fd >= 0)
		return true;
	if (r->control_fd == -ENOENT && group != NULL)
		fprintf(stderr, "epitaph: cannot listen on %s: there is no group '%s'\n", path,
			group);
	else
		fprintf(stderr, "epitaph: cannot listen on %s: %s\n", path,
			strerror(-r->control_fd));
	r->control_fd = -1;
	return false;
}

/* Two of us would take turns at one table of rules. */
static bool is_alone(const struct run *r)
{
	char owner[QUEUE_OWNER];
	uint16_t number;

	if (!r->with_rules || !queue_find_owner("epitaph", &number, owner))
		return true;
	fprintf(stderr,
		"epitaph: queue %u of this network namespace is taken by %s already; stop that one, or "
		"run this one with --no-rules and queues of its own\n",
		number, owner);
	return false;
}

/* Say it when a flow table may take connections before they are decided. */
static void warn_of_offload(const struct plan_marks *marks)
{
	char *ruleset = nft_list_ruleset();
	const char *at = NULL;
	struct offload o;

	while (ruleset != NULL && (at = offload_next(ruleset, at, &o)) != NULL) {
		if (!o.waits)
			fprintf(stderr,
				"epitaph: a flow table takes connections past the queue before they are "
				"decided: put 'ct mark & 0x%x != 0' in front of '%s'\n",
				marks->decided, o.line);
	}
	free(ruleset);
}

/* What takes long, before the queues are bound: what is queued waits for the threads. */
static bool prepare_rules(struct run *r, struct rules_error *error)
{
	char *before;

	if (!r->with_rules)
		return true;
	r->backend = rules_backend(r->policy->daemon.backend);
	before = nft_list_ours();
	r->were_rules = before != NULL;
	free(before);
	r->plan = run_prepare_plan(r, r->policy, NULL, error);
	return r->plan != NULL;
}

static bool load_rules(struct run *r, struct rules_error *error)
{
	if (!r->with_rules)
		return true;
	if (rules_take_over(r->plan, error) != 0)
		return false;
	warn_of_offload(&r->plan->marks);
	return true;
}

static bool refuse_rules(const struct run *r, const struct rules_error *error)
{
	struct rules_error ignored;

	fprintf(stderr, "epitaph: cannot load the rules%s: %s\n",
		r->were_rules ? "; those from before stay in force" : "", error->text);
	if (!r->were_rules)
		rules_unload(BACKEND_AUTO, &ignored);
	return false;
}

/* Where events go; NULL: standard output. */
static const char *events_file(const struct run *r, const char *events)
{
	const char *file = events ? events : r->policy->log.file.path;

	return file != NULL && strcmp(file, "-") == 0 ? NULL : file;
}

static bool open_book(struct run *r)
{
	r->book = book_open(r->policy->daemon.exceptions);
	if (r->book == NULL) {
		fprintf(stderr, "epitaph: not enough memory for exceptions\n");
		return false;
	}
	r->policy->exceptions = book_compile(r->book, r->policy);
	return true;
}

static bool open_log(struct run *r, const char *events)
{
	const char *file = events_file(r, events);
	int result;

	r->main_ring = r->policy->daemon.queue_last - r->policy->daemon.queue_first + 1u;
	result = log_open(file, &r->policy->log, r->main_ring + 1, &r->log);
	if (result != 0)
		fprintf(stderr, "epitaph: cannot open the log %s: %s\n", file ? file : "",
			strerror(-result));
	return result == 0;
}

/* Give up what is not needed once all is open; threads inherit it. */
static void build_walls(struct run *r, const char *events)
{
	const struct policy *p = r->policy;
	const char *file[] = { events_file(r, events), p->log.pcap.path, p->daemon.control,
			       p->daemon.exceptions };
	enum { FILES = sizeof(file) / sizeof(file[0]) };
	char name[FILES][PATH_MAX];
	const char *folder[FILES + 1] = { NULL };
	size_t n = 0;

	if (!p->daemon.confine || CONFINED_WALLS == 0)
		return;
	for (size_t i = 0; i < FILES; i++) {
		if (file[i] == NULL || strlen(file[i]) >= PATH_MAX)
			continue;
		folder[n] = dirname(strcpy(name[n], file[i]));
		n++;
	}
	r->walls = confine(&(struct confine_settings){
		.walls = CONFINED_WALLS,
		.spawns = r->with_rules && r->backend == BACKEND_IPTABLES,
		.folder = folder,
	});
}

static bool start_threads(struct run *r)
{
	int result = log_start(r->log);

	if (result == 0)
		result = workers_start(r->workers);
	if (result != 0) {
		fprintf(stderr, "epitaph: cannot start a thread: %s\n", strerror(-result));
		return false;
	}
	if (r->policy->daemon.reclaim && (result = reclaim_start(&r->reclaim)) != 0)
		fprintf(stderr, "epitaph: 'reclaim time-wait': cannot listen to conntrack: %s\n",
			strerror(-result));
	return result == 0;
}

static bool start(struct run *r, const char *events)
{
	const struct policy *p = r->policy;
	struct rules_error rules_error = { "" };
	struct workers_settings settings = {
		.queue_first = p->daemon.queue_first,
		.queue_last = p->daemon.queue_last,
		.fail_open = p->daemon.overload_open,
		.queue_length = p->daemon.queue_length,
		.queue_buffer = p->daemon.queue_buffer,
		.marks = plan_marks_of(p->daemon.mark_mask),
	};
	struct queue_error queue_error;

	if (!is_alone(r) || !open_log(r, events) || !start_control(r) || !open_book(r))
		return false;
	if (!prepare_rules(r, &rules_error))
		return refuse_rules(r, &rules_error);
	settings.log = r->log;
	r->workers = workers_open(&settings, r->policy, &queue_error);
	if (r->workers == NULL) {
		fprintf(stderr, "epitaph: %s\n", queue_error.text);
		return false;
	}
	if (!load_rules(r, &rules_error))
		return refuse_rules(r, &rules_error);
	build_walls(r, events);
	if (start_threads(r))
		return true;
	if (r->with_rules && !r->were_rules)
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
	reclaim_stop(r->reclaim);
	log_close(r->log);
	if (r->control_fd >= 0) {
		unlink(r->policy->daemon.control);
		close(r->control_fd);
	}
	plan_free(r->plan);
	policy_free(r->canary.policy);
	book_free(r->book);
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
		.control_fd = -1,
	};
	struct cli_load how = { .json = false };
	json_t *answer;
	bool started = false;
	int result = -1;

	r.policy = cli_load_policy(r.path, &how);
	if (r.policy == NULL)
		return EXIT_FOUND;
	r.policy->generation = 1;
	memcpy(r.hash, how.hash, sizeof(r.hash));
	r.signal_fd = open_signals();
	if (r.signal_fd < 0)
		fprintf(stderr, "epitaph: cannot receive signals: %s\n", strerror(errno));
	else
		started = start(&r, args->value[RUN_EVENTS]);
	if (started) {
		fprintf(stderr, "epitaph: %s: policy 1 in force, %zu rules, queues %u-%u, %s%s\n",
			r.path, r.policy->rules, r.policy->daemon.queue_first,
			r.policy->daemon.queue_last,
			r.with_rules ? backend_name(r.backend) : "no rules loaded",
			workers_have_conntrack(r.workers)
				? ""
				: "; the queue lacks NFQA_CT, so connections are looked up");
		answer = run_status(&r, "started");
		run_log_policy(&r, answer);
		json_decref(answer);
		tell_state(&r, "READY=1\n");
		result = watch(&r);
		service_notify("STOPPING=1");
	}
	finish(&r, started);
	return result == 0 ? EXIT_DONE : EXIT_FOUND;
}
