/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this machine can do what a policy asks, and does it; what to do where it cannot. */
#include "cli/control.h"
#include "cli/doctor.h"

#include <jansson.h>
#include <stdarg.h>

void doctor_say(struct doctor *d, enum finding f, const char *subject, const char *advice,
		const char *format, ...)
{
	static const char *const names[] = { "ok", "note", "warning", "failure" };
	char text[512];
	va_list args;
	json_t *o;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->wrong += f >= FINDING_WARNING;
	if (!d->json) {
		printf("%-8s %-12s %s\n", names[f], subject, text);
		if (advice != NULL)
			printf("%-8s %-12s to do: %s\n", "", "", advice);
		return;
	}
	o = json_pack("{s:s, s:s, s:s, s:s*}", "finding", names[f], "subject", subject, "text",
		      text, "advice", advice);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

int command_doctor(const struct cli_args *args)
{
	const char *path = args->value[DOCTOR_CONFIG] ? args->value[DOCTOR_CONFIG]
						      : CLI_POLICY_FILE;
	bool drill = args->operand != NULL;
	struct doctor d = { .json = args->value[DOCTOR_JSON] != NULL };
	struct cli_load how = { .json = false };
	struct policy *p;
	int result;

	if (drill && strcmp(args->operand, "drill") != 0) {
		fprintf(stderr, "epitaph doctor: '%s' is not 'drill'\n", args->operand);
		return EXIT_USAGE;
	}
	p = cli_load_policy(path, &how);
	if (p == NULL)
		return EXIT_FOUND;
	if (drill) {
		result = doctor_drill(p);
	} else {
		d.policy = p;
		doctor_say(&d, FINDING_OK, "policy", NULL,
			   "%s: %zu rules, 'on daemon-loss %s', 'on overload %s'", path,
			   p->rules + p->reset_rules, open_name(p->daemon.loss_open),
			   open_name(p->daemon.overload_open));
		if (control_has_other(p->daemon.control, how.hash))
			doctor_say(&d, FINDING_WARNING, "policy", "epitaph reload",
				   "the daemon has another policy in force than this file");
		doctor_look_at_settings(&d);
		doctor_look_at_kernel(&d);
		doctor_look_at_traffic(&d);
		result = d.wrong > 0 ? EXIT_FOUND : EXIT_DONE;
	}
	policy_free(p);
	return result;
}
