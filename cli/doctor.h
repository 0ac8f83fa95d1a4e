/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "epitaph doctor" finds out, and how it says so. */
#ifndef EPITAPH_CLI_DOCTOR_H
#define EPITAPH_CLI_DOCTOR_H

#include "cli/cli.h"

enum finding { FINDING_OK, FINDING_NOTE, FINDING_WARNING, FINDING_FAILURE };

struct doctor {
	const struct policy *policy;
	bool json;
	unsigned wrong;	    /* warnings and failures */
	bool is_privileged; /* may ask and probe what needs CAP_NET_ADMIN */
};

/* Print a finding: @subject, what is so, and what to do about it (NULL: nothing). */
void doctor_say(struct doctor *d, enum finding f, const char *subject, const char *advice,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Its parts: what the kernel can, how it is set, what runs here. */
void doctor_look_at_kernel(struct doctor *d);
void doctor_look_at_settings(struct doctor *d);
void doctor_look_at_traffic(struct doctor *d);

/* Returns the exit code. */
int doctor_drill(const struct policy *p);

#endif
