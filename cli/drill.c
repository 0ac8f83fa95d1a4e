/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "doctor drill": break the daemon in every way that happens, in a throw-away lab, and compare what traffic does
 * with what the policy declares. */
#include "cli/doctor.h"

#include "cli/drill_lab.h"
#include "nfq/queue.h"
#include "nfq/queue_proc.h"
#include "rules/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SHORT_QUEUE = 32,	 /* packets: soon full */
	SHORT_BUFFER = 4096,	 /* octets: as soon */
	OVERFLOW_PACKETS = 400,	 /* more than either takes */
	LARGE_PACKET = 1400,	 /* octets */
	SMALL_PACKET = 32,	 /* as large as a SYN */
	SLOW_LOG_BLOCKS = 20000, /* more events than a pipe and the log's ring take */
	RECOVER_MS = 3000,	 /* until what was held up is worked off */
	RECOVER_STEP_MS = 50,
};

struct drill {
	const struct policy *policy;
	struct drill_lab lab;
	struct drill_held free, named; /* connections from before the faults */
	char events[DRILL_DIR + 16];
	unsigned wrong;
};

static void report(struct drill *d, bool good, const char *what, const char *declared,
		   const char *seen)
{
	d->wrong += !good;
	printf("  %-5s %-58s declared: %-10s seen: %s\n", good ? "ok" : "WRONG", what, declared,
	       seen);
	fflush(stdout);
}

static void expect(struct drill *d, const char *what, enum drill_outcome declared,
		   enum drill_outcome seen)
{
	report(d, declared == seen, what, drill_outcome_name(declared), drill_outcome_name(seen));
}

static void expect_true(struct drill *d, const char *what, bool seen)
{
	report(d, seen, what, "yes", seen ? "yes" : "no");
}

static enum drill_outcome passes_if(bool open)
{
	return open ? DRILL_PASSES : DRILL_NOTHING;
}

/* Connections that were let go before hold on, and what no rule can block is not held up, whatever is wrong. */
static void expect_decided_hold(struct drill *d)
{
	expect_true(d, "a connection that was decided goes on",
		    drill_held_works(&d->free) && drill_held_works(&d->named));
	expect(d, "a new connection that no rule can block", DRILL_PASSES,
	       drill_try(&d->lab, DRILL_FREE, NULL));
}

static void expect_enforced(struct drill *d)
{
	expect(d, "a blocked port", DRILL_REFUSED, drill_try(&d->lab, DRILL_BLOCKED, NULL));
	expect(d, "a blocked host", DRILL_CUT, drill_try(&d->lab, DRILL_NAMED, "blocked.example"));
	expect(d, "an allowed host", DRILL_PASSES, drill_try(&d->lab, DRILL_NAMED, "ok.example"));
}

/* Until the daemon has worked off what waits, and judges again. */
static void recover(struct drill *d)
{
	for (int i = 0; i < RECOVER_MS / RECOVER_STEP_MS; i++) {
		if (drill_try(&d->lab, DRILL_BLOCKED, NULL) == DRILL_REFUSED)
			return;
		usleep(RECOVER_STEP_MS * 1000);
	}
}

static bool start(struct drill *d, unsigned length, unsigned buffer)
{
	return drill_daemon_start(&d->lab, d->policy, length, buffer, d->events);
}

static void stop(struct drill *d)
{
	char *table;

	drill_daemon_signal(&d->lab, SIGTERM);
	table = nft_list_ours();
	expect_true(d, "at its end, its rules are gone", table == NULL);
	free(table);
}

/* Stopped, with more packets than @length and @buffer take. */
static void drill_overload(struct drill *d, const char *name, unsigned length, unsigned buffer,
			   bool large)
{
	bool open = d->policy->daemon.overload_open;
	struct queue_line line;

	printf("%s, 'on overload %s'\n", name, open_name(open));
	if (!start(d, length, buffer)) {
		d->wrong++;
		return;
	}
	if (!drill_held_works(&d->named)) {
		drill_release(&d->named);
		drill_hold(&d->lab, DRILL_NAMED, "ok.example", &d->named);
	}
	drill_daemon_signal(&d->lab, SIGSTOP);
	if (large)
		drill_flood(&d->lab, OVERFLOW_PACKETS, LARGE_PACKET, false);
	/* Since 6.16 what is small still fits where what is large does not (netlink_attachskb()). */
	drill_flood(&d->lab, OVERFLOW_PACKETS, SMALL_PACKET, false);
	expect(d, "a new connection that waits to be judged", passes_if(open),
	       drill_try(&d->lab, DRILL_BLOCKED, NULL));
	if (!open && queue_line_of(0, &line))
		expect_true(d, "the kernel counts what it drops",
			    large ? line.user_dropped > 0 : line.queue_dropped > 0);
	expect_decided_hold(d);
	drill_daemon_signal(&d->lab, SIGCONT);
	recover(d);
	expect_enforced(d);
	stop(d);
}

/* Another program that takes the queue, and lets all go that it gets, while a connection is tried. */
static enum drill_outcome try_with_other_owner(struct drill *d)
{
	struct queue_settings settings = { .number = 0, .length = SHORT_QUEUE, .buffer = 1 << 20 };
	static struct queue_packet packet[QUEUE_BATCH];
	struct queue_error error;
	struct queue *q = queue_open(&settings, &error);
	enum drill_outcome outcome;
	pid_t other;

	if (q == NULL)
		return DRILL_NOTHING;
	other = fork();
	if (other == 0) {
		for (;;) {
			int n = queue_receive(q, packet);

			for (int i = 0; i < n; i++)
				queue_accept(q, &packet[i]);
			queue_flush(q);
			usleep(1000);
		}
	}
	outcome = drill_try(&d->lab, DRILL_BLOCKED, NULL);
	kill(other, SIGKILL);
	while (waitpid(other, NULL, 0) < 0 && errno == EINTR)
		;
	queue_close(q);
	return outcome;
}

static void drill_loss(struct drill *d)
{
	const struct daemon_settings *s = &d->policy->daemon;
	bool guard = !s->loss_open && !s->overload_open;

	printf("kill -9, 'on daemon-loss %s'\n", open_name(s->loss_open));
	drill_daemon_signal(&d->lab, SIGKILL);
	expect(d, "a new connection to a blocked port", passes_if(s->loss_open),
	       drill_try(&d->lab, DRILL_BLOCKED, NULL));
	expect(d, "a new connection whose host was to be judged", passes_if(s->loss_open),
	       drill_try(&d->lab, DRILL_NAMED, "ok.example"));
	expect_decided_hold(d);
	if (guard)
		expect(d, "the same, while another program takes the queue", DRILL_NOTHING,
		       try_with_other_owner(d));
	printf("restart\n");
	if (!start(d, QUEUE_LENGTH, QUEUE_BUFFER)) {
		d->wrong++;
		return;
	}
	recover(d);
	expect_decided_hold(d);
	expect_enforced(d);
	stop(d);
}

/* A sink that takes nothing: the reading end of a pipe that nobody reads. */
static void drill_slow_log(struct drill *d)
{
	int pipe_fd;

	printf("a log that takes nothing\n");
	unlink(d->events);
	if (mkfifo(d->events, 0600) != 0 ||
	    (pipe_fd = open(d->events, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
		fprintf(stderr, "epitaph doctor: cannot make a pipe: %s\n", strerror(errno));
		d->wrong++;
		return;
	}
	if (start(d, QUEUE_LENGTH, QUEUE_BUFFER)) {
		drill_flood(&d->lab, SLOW_LOG_BLOCKS, SMALL_PACKET, true);
		expect_enforced(d);
		expect_decided_hold(d);
		close(pipe_fd);
		stop(d);
	} else {
		close(pipe_fd);
		d->wrong++;
	}
	unlink(d->events);
}

static void drill_all(struct drill *d)
{
	printf("before any fault\n");
	if (!start(d, QUEUE_LENGTH, QUEUE_BUFFER) ||
	    !drill_hold(&d->lab, DRILL_FREE, NULL, &d->free) ||
	    !drill_hold(&d->lab, DRILL_NAMED, "ok.example", &d->named)) {
		d->wrong++;
		return;
	}
	expect_decided_hold(d);
	expect_enforced(d);
	drill_loss(d);
	drill_overload(d, "kill -STOP, and the queue is full", SHORT_QUEUE, QUEUE_BUFFER, false);
	drill_overload(d, "kill -STOP, and its socket is full (ENOBUFS)", QUEUE_LENGTH,
		       SHORT_BUFFER, true);
	drill_slow_log(d);
}

int doctor_drill(const struct policy *p)
{
	struct drill d = { .policy = p, .free = { -1, -1 }, .named = { -1, -1 } };

	signal(SIGPIPE, SIG_IGN);
	if (drill_lab_open(&d.lab)) {
		snprintf(d.events, sizeof(d.events), "%s/events", d.lab.dir);
		drill_all(&d);
	} else {
		d.wrong++;
	}
	drill_release(&d.free);
	drill_release(&d.named);
	drill_lab_close(&d.lab);
	if (d.wrong > 0)
		printf("%u of these are not as the policy declares\n", d.wrong);
	else
		printf("all as the policy declares\n");
	return d.wrong > 0 ? EXIT_FOUND : EXIT_DONE;
}
