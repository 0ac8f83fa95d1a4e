/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs here: queues and who owns them, rules, flow tables, and counters that stand still. */
#include "cli/doctor.h"

#include "nfq/queue_proc.h"
#include "rules/offload.h"
#include "rules/rules.h"

#include <stdlib.h>
#include <unistd.h>

enum { SAMPLE_MS = 1000 };

/* Connections that a flow table has taken come to no rule any more. */
static void look_at_flow_tables(struct doctor *d, const char *ruleset)
{
	uint32_t decided = plan_marks_of(d->policy->daemon.mark_mask).decided;
	const char *at = NULL;
	struct offload o;
	char advice[128];

	snprintf(advice, sizeof(advice), "put 'ct mark & 0x%x != 0' in front, so that it waits",
		 decided);
	while ((at = offload_next(ruleset, at, &o)) != NULL) {
		if (o.waits)
			doctor_say(d, FINDING_OK, "flow table", NULL, "by a condition on marks: %s",
				   o.line);
		else
			doctor_say(d, FINDING_WARNING, "flow table", advice,
				   "takes connections past the queue before they are decided: %s",
				   o.line);
	}
	if (offload_is_hardware(ruleset))
		doctor_say(
			d, FINDING_NOTE, "flow table", NULL,
			"with 'flags offload' hardware forwards: counters of interfaces may stand still");
}

/* What is so of one queue of the policy. */
static void look_at_queue(struct doctor *d, uint16_t number, bool rules)
{
	const struct daemon_settings *s = &d->policy->daemon;
	char owner[QUEUE_OWNER];
	struct queue_line line;

	if (!queue_line_of(number, &line)) {
		if (rules)
			doctor_say(
				d, FINDING_WARNING, "queue",
				"start 'epitaph run', or 'epitaph plan --unload'",
				"nobody listens on queue %u, and rules divert to it: what is to be judged %s",
				number, s->loss_open ? "passes" : "is dropped");
		else
			doctor_say(d, FINDING_NOTE, "queue", NULL,
				   "nobody listens on queue %u; no daemon runs here", number);
		return;
	}
	if (!queue_owner(number, owner) || strstr(owner, "(epitaph)") == NULL)
		doctor_say(d, FINDING_FAILURE, "queue",
			   "stop that program, or choose other queues with 'daemon { queues N-M }'",
			   "queue %u is taken by %s", number, owner);
	else
		doctor_say(d, FINDING_OK, "queue", NULL, "queue %u: %s, %llu packets waiting",
			   number, owner, line.waiting);
	if (line.queue_dropped > 0)
		doctor_say(
			d, FINDING_WARNING, "queue", "more queues, or 'queue length' in the policy",
			"queue %u was full: %llu packets were dropped", number, line.queue_dropped);
	if (line.user_dropped > 0)
		doctor_say(d, FINDING_WARNING, "queue",
			   "more queues, or 'queue buffer' in the policy",
			   "the socket of queue %u was full: %llu packets were dropped", number,
			   line.user_dropped);
}

/* The sum of what our rules have counted. */
static unsigned long long sum_counters(const char *table)
{
	unsigned long long sum = 0, n;

	for (const char *at = table; (at = strstr(at, "counter packets ")) != NULL; at++) {
		if (sscanf(at, "counter packets %llu", &n) == 1)
			sum += n;
	}
	return sum;
}

/* Packets that this namespace has forwarded, of both families. */
static unsigned long long forwarded(void)
{
	static const char *const files[] = { "/proc/thread-self/net/snmp",
					     "/proc/thread-self/net/snmp6" };
	unsigned long long sum = 0, n;
	char line[1024];

	for (int i = 0; i < 2; i++) {
		FILE *f = fopen(files[i], "re");

		/* "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams" */
		while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
			if (sscanf(line, "Ip: %*u %*u %*u %*u %*u %llu", &n) == 1 ||
			    sscanf(line, "Ip6OutForwDatagrams %llu", &n) == 1)
				sum += n;
		}
		if (f != NULL)
			fclose(f);
	}
	return sum;
}

static void look_at_counters(struct doctor *d, const char *table)
{
	unsigned long long before = forwarded(), after;

	usleep(SAMPLE_MS * 1000);
	after = forwarded();
	if (after == before)
		doctor_say(
			d, FINDING_NOTE, "counters", NULL,
			"nothing was forwarded during a second: no telling whether rules see it");
	else if (sum_counters(table) == 0)
		doctor_say(
			d, FINDING_WARNING, "counters",
			"look for flow tables, for rules that accept in a hook of a lower priority with "
			"'notrack', for another namespace",
			"%llu packets were forwarded, and the rules have never seen a new connection",
			after - before);
	else
		doctor_say(
			d, FINDING_OK, "counters", NULL,
			"%llu packets were forwarded during a second; the rules have counted %llu so far",
			after - before, sum_counters(table));
}

void doctor_look_at_traffic(struct doctor *d)
{
	const struct daemon_settings *s = &d->policy->daemon;
	char *ruleset, *table;

	if (!d->is_privileged)
		return;
	ruleset = nft_list_ruleset();
	table = nft_list_ours();
	for (unsigned q = s->queue_first; q <= s->queue_last; q++)
		look_at_queue(d, (uint16_t)q, table != NULL);
	if (ruleset != NULL)
		look_at_flow_tables(d, ruleset);
	if (table != NULL)
		look_at_counters(d, table);
	free(ruleset);
	free(table);
}
