/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A live view of the daemon, in a terminal or as text. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/top_page.h"

#include "events/clock.h"
#include "rules/stream.h"

#include <ncurses.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	RULES_SHOWN = 8,
	BLOCKS_SHOWN = 32,
	DELAY_MAX = 3600,
	COUNT_MAX = 1000000,
	US_PER_S = 1000000,
};

struct top {
	const char *socket;
	bool batch, paused;
	long delay_s, count; /* 0: until it is ended */
	json_t *now, *before;
	int64_t asked_us, asked_before_us;
};

/* Ask the daemon; false when it does not answer. */
static bool ask(struct top *t)
{
	json_t *answer = control_ask(t->socket, "top");

	if (!json_is_array(json_object_get(answer, "queues"))) {
		if (answer != NULL)
			fprintf(stderr, "epitaph: the daemon is of another version\n");
		json_decref(answer);
		return false;
	}
	json_decref(t->before);
	t->before = t->now;
	t->now = answer;
	t->asked_before_us = t->asked_us;
	t->asked_us = clock_us(CLOCK_MONOTONIC);
	return true;
}

static void write_page(const struct top *t, FILE *out)
{
	double seconds = (double)(t->asked_us - t->asked_before_us) / US_PER_S;

	top_page(t->now, t->before, seconds, RULES_SHOWN, BLOCKS_SHOWN, out);
}

/* As many lines, and as much of each, as the terminal has room for. */
static void draw(const struct top *t)
{
	char *text = NULL, *rest, *line;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int row = 0;

	if (out == NULL)
		return;
	write_page(t, out);
	if (!stream_close(out, &text))
		return;
	erase();
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && row < LINES - 1)
		mvaddnstr(row++, 0, line, COLS);
	attron(A_REVERSE);
	mvaddnstr(LINES - 1, 0, t->paused ? " q quit  space go on " : " q quit  space pause ",
		  COLS);
	attroff(A_REVERSE);
	refresh();
	free(text);
}

/* Until a key ends it, or the daemon does. */
static bool show(struct top *t)
{
	bool good = true;
	int key;

	initscr();
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	timeout((int)t->delay_s * 1000);
	draw(t);
	for (long n = 1; good && (t->count == 0 || n < t->count); n++) {
		key = getch(); /* after the delay at the latest, or when the window has changed */
		if (key == 'q')
			break;
		if (key == ' ')
			t->paused = !t->paused;
		good = t->paused || ask(t);
		draw(t);
	}
	endwin();
	return good || ask(t); /* what is wrong, where it can be read */
}

static bool print_pages(struct top *t)
{
	struct timespec pause = { .tv_sec = t->delay_s };
	bool good = true;

	write_page(t, stdout);
	for (long n = 1; good && (t->count == 0 || n < t->count); n++) {
		fflush(stdout);
		nanosleep(&pause, NULL);
		good = ask(t);
		putchar('\n');
		write_page(t, stdout);
	}
	return good;
}

int command_top(const struct cli_args *args)
{
	const char *path = args->value[CONTROL_SOCKET];
	struct top t = {
		.socket = path ? path : CLI_CONTROL_SOCKET,
		.batch = args->value[TOP_BATCH] != NULL,
		.delay_s = 1,
	};
	bool good;

	if (!cli_number("top", "delay", args->value[TOP_DELAY], 1, DELAY_MAX, &t.delay_s) ||
	    !cli_number("top", "count", args->value[TOP_COUNT], 1, COUNT_MAX, &t.count))
		return EXIT_USAGE;
	if (!t.batch && (!isatty(STDOUT_FILENO) || getenv("TERM") == NULL)) {
		fprintf(stderr, "epitaph top: this is no terminal; --batch prints pages\n");
		return EXIT_USAGE;
	}
	/* Once before the terminal is taken, so that what is wrong can be read. */
	good = ask(&t) && (t.batch ? print_pages(&t) : show(&t));
	json_decref(t.now);
	json_decref(t.before);
	return good ? EXIT_DONE : EXIT_FOUND;
}
