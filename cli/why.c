/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run a command, and tell why its connections were reset. */
#include "cli/live.h"
#include "cli/observe.h"
#include "cli/opened.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINGER_MS = 150, /* for a reset that ended the command */
	BY_SIGNAL = 128, /* as shells say it */
};

struct why {
	struct live *in;
	struct observer *observer;
	struct opened *opened;
};

static bool is_of_command(void *arg, const struct event *e)
{
	const struct why *w = arg;

	return opened_has(w->opened, &e->tuple);
}

static void take_packets(struct why *w)
{
	struct observed p;

	while (live_next(w->in, &p) == 1)
		observer_packet(w->observer, &p);
}

struct following {
	struct pollfd fds[3]; /* requests, packets, signals */
	bool ended;	      /* the command has; its status: */
	int status;
	bool alone; /* nobody is left whose connections are asked about */
	bool stop;
};

static void take_requests(struct why *w, struct following *f)
{
	if (f->fds[0].revents & POLLIN) {
		opened_take(w->opened);
	} else if (f->fds[0].revents != 0) {
		f->fds[0].fd = -1;
		f->alone = true;
	}
}

/* What the command has started may outlive it. Its calls would fail without us, so it is followed as well. */
static void take_signal(struct why *w, struct following *f)
{
	struct signalfd_siginfo s;

	if (read(f->fds[2].fd, &s, sizeof(s)) != sizeof(s))
		return;
	f->stop = f->ended && s.ssi_signo == SIGINT;
	if (f->ended ||
	    waitpid(opened_pid(w->opened), &f->status, WNOHANG) != opened_pid(w->opened))
		return;
	f->ended = true;
	if (!f->alone && poll(f->fds, 1, LINGER_MS) > 0)
		take_requests(w, f);
	if (!f->alone)
		fputs("epitaph: the command has ended; what it has started is followed, until Ctrl-C\n",
		      stderr);
}

/* Until the command and what it has started end. Returns the command's status. */
static int follow(struct why *w, int signals)
{
	struct following f = { .fds = { { .fd = opened_fd(w->opened), .events = POLLIN },
					{ .fd = live_fd(w->in), .events = POLLIN },
					{ .fd = signals, .events = POLLIN } } };

	while (!(f.ended && f.alone) && !f.stop && (poll(f.fds, 3, -1) >= 0 || errno == EINTR)) {
		/* The connection is known before the first packet of it comes. */
		take_requests(w, &f);
		if (f.fds[1].revents != 0)
			take_packets(w);
		if (f.fds[2].revents != 0)
			take_signal(w, &f);
	}
	if (poll(&f.fds[1], 1, LINGER_MS) > 0)
		usleep(LINGER_MS * 1000);
	take_packets(w);
	return f.status;
}

/* The terminal sends SIGINT to the command as well: it decides what that means. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int command_why(const struct cli_args *args)
{
	struct why w = { 0 };
	struct observer_settings settings = {
		.lines = true,
		.sees_all = true,
		.color = args->value[WHY_COLOR],
		.out = stderr,
		.wants = is_of_command,
		.wants_arg = &w,
	};
	int status = 0, signals = -1;

	if (!observer_color_ok("why", settings.color))
		return EXIT_USAGE;
	w.observer = observer_new(&settings);
	w.in = w.observer ? live_open("any", true) : NULL;
	signals = w.in ? open_signals() : -1;
	w.opened = signals >= 0 ? opened_start(args->words) : NULL;
	if (w.opened != NULL)
		status = follow(&w, signals);
	if (w.opened != NULL && observer_resets(w.observer) == 0)
		fprintf(stderr, "epitaph: none of %zu connections was reset\n",
			opened_count(w.opened));
	if (signals >= 0)
		close(signals);
	if (w.opened == NULL)
		status = EXIT_FOUND << 8;
	opened_free(w.opened);
	live_close(w.in);
	observer_free(w.observer);
	return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
}
