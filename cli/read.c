/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List the resets of a capture. */
#include "cli/capture.h"
#include "cli/observe.h"

int command_read(const struct cli_args *args)
{
	struct observer_settings settings = {
		.json = args->value[READ_JSON] != NULL,
		.lines = args->value[READ_SUMMARY] == NULL,
		.summary = args->value[READ_SUMMARY] != NULL,
		.sees_all = true,
		.color = args->value[READ_COLOR],
		.events = args->value[READ_EVENTS],
	};
	struct observer *o;
	struct capture *in;
	struct observed p = { .made_here = false };
	int got = -1;

	if (!observer_color_ok("read", settings.color))
		return EXIT_USAGE;
	o = observer_new(&settings);
	in = o ? capture_open(args->operand) : NULL;
	while (in != NULL && (got = capture_next(in, &p.ip, &p.time_us)) == 1) {
		p.frame = capture_meta(in)->frame;
		observer_packet(o, &p);
	}
	if (in != NULL)
		observer_finish(o);
	capture_close(in);
	observer_free(o);
	return got == 0 ? EXIT_DONE : EXIT_FOUND;
}
