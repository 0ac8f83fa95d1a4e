/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List resets as they pass by. */
#include "cli/live.h"
#include "cli/observe.h"
#include "events/clock.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { POLL_MS = 1000, NUMBER_MAX = 1000000000 };

struct watch {
	struct live *in;
	struct observer *observer;
	long count; /* of resets to stop after; 0: none */
};

/* All that has come. False when it is enough, or failed. */
static bool take(struct watch *w, bool *failed)
{
	struct observed p;
	int got;

	while ((got = live_next(w->in, &p)) == 1) {
		observer_packet(w->observer, &p);
		if (w->count > 0 && observer_resets(w->observer) >= (uint64_t)w->count)
			return false;
	}
	*failed = got < 0;
	return !*failed;
}

/* Until a signal, or until it is enough; false when it failed. */
static bool watch(struct watch *w, long seconds)
{
	int64_t end = clock_us(CLOCK_MONOTONIC) / 1000 + (int64_t)seconds * 1000;
	struct pollfd fds[2] = { { .fd = live_fd(w->in), .events = POLLIN }, { .events = POLLIN } };
	bool failed = false;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	while (fds[1].revents == 0) {
		int64_t left = seconds > 0 ? end - clock_us(CLOCK_MONOTONIC) / 1000 : POLL_MS;

		if (left <= 0 || poll(fds, 2, (int)(left < POLL_MS ? left : POLL_MS)) < 0)
			break;
		if (!take(w, &failed))
			break;
		fflush(stdout);
	}
	close(fds[1].fd);
	return !failed;
}

int command_watch(const struct cli_args *args)
{
	const char *interface = args->value[WATCH_INTERFACE] ? args->value[WATCH_INTERFACE] : "any";
	bool all = args->value[WATCH_ALL] != NULL, json = args->value[WATCH_JSON] != NULL,
	     good = false;
	struct observer_settings settings = {
		.json = json,
		.lines = args->value[WATCH_SUMMARY] == NULL,
		.summary = args->value[WATCH_SUMMARY] != NULL || !json,
		.sees_all = all,
		.color = args->value[WATCH_COLOR],
		.events = args->value[WATCH_EVENTS],
	};
	struct watch w = { 0 };
	long seconds = 0;

	if (!observer_color_ok("watch", settings.color) ||
	    !cli_number("watch", "count", args->value[WATCH_COUNT], 1, NUMBER_MAX, &w.count) ||
	    !cli_number("watch", "time", args->value[WATCH_SECONDS], 1, NUMBER_MAX, &seconds))
		return EXIT_USAGE;
	w.observer = observer_new(&settings);
	if (w.observer != NULL)
		w.in = live_open(interface, all);
	if (w.in != NULL) {
		fprintf(stderr, "epitaph: watching %s for resets%s; Ctrl-C ends it\n",
			strcmp(interface, "any") == 0 ? "all interfaces" : interface,
			all ? ", by all of TCP" : "");
		good = watch(&w, seconds);
		observer_finish(w.observer);
		if (live_lost(w.in) > 0)
			fprintf(stderr, "epitaph: %u packets came faster than they could be read\n",
				live_lost(w.in));
	}
	live_close(w.in);
	observer_free(w.observer);
	return good ? EXIT_DONE : EXIT_FOUND;
}
