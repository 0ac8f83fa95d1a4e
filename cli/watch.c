/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List resets as they pass by. */
#include "cli/live.h"
#include "cli/observe.h"
#include "events/clock.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { POLL_MS = 1000 };

struct watch {
	struct live *in;
	struct observer *observer;
	uint64_t count; /* of resets to stop after */
};

/* All that has come. False when it is enough, or failed. */
static bool take(struct watch *w, bool *failed)
{
	struct observed p;
	int got;

	while ((got = live_next(w->in, &p)) == 1) {
		observer_packet(w->observer, &p);
		if (w->count > 0 && observer_resets(w->observer) >= w->count)
			return false;
	}
	*failed = got < 0;
	return !*failed;
}

/* Until a signal, or until it is enough; false when it failed. */
static bool watch(struct watch *w, unsigned long seconds)
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

/* The number of an option, 0 when it is not given; false after a message. */
static bool number_of(const char *text, const char *option, unsigned long *out)
{
	char *end = NULL;

	*out = text != NULL ? strtoul(text, &end, 10) : 0;
	if (text == NULL || (*end == '\0' && *out > 0 && text[0] != '-'))
		return true;
	fprintf(stderr, "epitaph watch: --%s takes a number from 1 on, not '%s'\n", option, text);
	return false;
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
	unsigned long seconds;

	if (!observer_color_ok("watch", settings.color) ||
	    !number_of(args->value[WATCH_COUNT], "count", &w.count) ||
	    !number_of(args->value[WATCH_SECONDS], "time", &seconds))
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
