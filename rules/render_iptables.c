/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the iptables backend needs in iptables-restore(8)'s words: the queue itself, for kernels whose nftables
 * have none. The rules of nftables mark what is to be queued; here it is queued by that mark.
 */
#include "rules/plan.h"

static void print_match(const char *chain, uint32_t bits, FILE *out)
{
	fprintf(out, "-A %s -m mark --mark 0x%x/0x%x ", chain, bits, bits);
}

static void print_queue(const struct plan *plan, uint32_t bits, bool bypass, FILE *out)
{
	print_match(PLAN_IPT_CHAIN, bits, out);
	fprintf(out, "-j NFQUEUE ");
	if (plan->queue_first == plan->queue_last)
		fprintf(out, "--queue-num %u", plan->queue_first);
	else
		fprintf(out, "--queue-balance %u:%u", plan->queue_first, plan->queue_last);
	fprintf(out, "%s\n", bypass ? " --queue-bypass" : "");
}

void plan_render_iptables(const struct plan *plan, const char *deletions, bool own_table, FILE *out)
{
	const struct plan_marks *m = &plan->marks;

	fprintf(out, "*" PLAN_IPT_TABLE "\n:" PLAN_IPT_CHAIN " - [0:0]\n:" PLAN_IPT_DECIDED
		     " - [0:0]\n");
	if (own_table)
		fprintf(out, ":" PLAN_IPT_MARKER " - [0:0]\n");
	fputs(deletions, out);
	fprintf(out, "-A FORWARD -m mark ! --mark 0x0/0x%x -j " PLAN_IPT_CHAIN "\n",
		m->decided | m->pending);
	fprintf(out, "-A " PLAN_IPT_DECIDED " -j CONNMARK --set-xmark 0x%x/0x%x\n", m->decided,
		m->decided | m->pending);
	fprintf(out, "-A " PLAN_IPT_DECIDED " -j MARK --set-xmark 0x0/0x%x\n", m->decided);
	print_match(PLAN_IPT_CHAIN, m->decided, out);
	fprintf(out, "-g " PLAN_IPT_DECIDED "\n");
	print_queue(plan, m->pending | m->untracked, true, out);
	print_queue(plan, m->pending, plan->bypass, out);
	fprintf(out, "COMMIT\n");
}

void plan_render_iptables_unload(const char *deletions, bool marker, FILE *out)
{
	fprintf(out, "*" PLAN_IPT_TABLE "\n%s", deletions);
	fprintf(out, "-F " PLAN_IPT_CHAIN "\n-F " PLAN_IPT_DECIDED "\n");
	fprintf(out, "-X " PLAN_IPT_CHAIN "\n-X " PLAN_IPT_DECIDED "\n");
	if (marker)
		fprintf(out, "-X " PLAN_IPT_MARKER "\n");
	fprintf(out, "COMMIT\n");
}
