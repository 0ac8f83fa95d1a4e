/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/plan.h"

static void add_rule(const struct rule *r, struct plan *plan)
{
	uint8_t family = 0, proto = 0;
	struct plan_family add;

	if (r->action == ACTION_ACCEPT && !r->log && !r->shadow)
		return;
	for (size_t i = 0; i < r->matches; i++) {
		if (r->match[i].kind->family != 0)
			family = r->match[i].kind->family;
		if (r->match[i].kind->proto != 0)
			proto = r->match[i].kind->proto;
	}
	add = (struct plan_family){ proto == 0, proto == PROTO_TCP, proto == PROTO_UDP };
	if (family != 6) {
		plan->v4.all |= add.all;
		plan->v4.tcp |= add.tcp;
		plan->v4.udp |= add.udp;
	}
	if (family != 4) {
		plan->v6.all |= add.all;
		plan->v6.tcp |= add.tcp;
		plan->v6.udp |= add.udp;
	}
}

void plan_of(const struct policy *p, struct plan *out)
{
	struct plan plan = {
		.resets = p->log.resets != RESETS_NONE || p->reset_rules > 0,
		.bypass = p->daemon.loss_open,
		.queue_first = p->daemon.queue_first,
		.queue_last = p->daemon.queue_last,
	};

	for (size_t i = 0; i < p->rules; i++)
		add_rule(&p->rule[i], &plan);
	add_rule(&p->on_default, &plan);
	*out = plan;
}

static void nft_queue(const struct plan *plan, FILE *out)
{
	fprintf(out, "queue num %u", plan->queue_first);
	if (plan->queue_last != plan->queue_first)
		fprintf(out, "-%u", plan->queue_last);
	fprintf(out, "%s\n", plan->bypass ? " bypass" : "");
}

static void nft_divert(const struct plan *plan, const struct plan_family *f, const char *family,
		       FILE *out)
{
	const char *protos = f->all		? ""
			     : f->tcp && f->udp ? " meta l4proto { tcp, udp }"
			     : f->tcp		? " meta l4proto tcp"
						: " meta l4proto udp";

	if (!f->all && !f->tcp && !f->udp)
		return;
	fprintf(out, "\t\tmeta nfproto %s%s ", family, protos);
	nft_queue(plan, out);
}

/* The chains stay while their rules are replaced: the kernel drops all that is queued when a hook goes
 * (nf_queue_nf_hook_drop() in nf_queue.c). */
static void nft_begin(bool forward, FILE *out)
{
	fprintf(out, "table " PLAN_NFT_TABLE " {\n");
	if (forward)
		fprintf(out, "\tchain forward {\n\t\ttype filter hook forward priority 150; "
			     "policy accept;\n\t}\n");
	fprintf(out, "\tchain output {\n\t\ttype filter hook output priority -300; policy accept;\n"
		     "\t}\n}\nflush table " PLAN_NFT_TABLE "\ntable " PLAN_NFT_TABLE " {\n");
}

static void nft_untracked(FILE *out)
{
	fprintf(out,
		"\tchain output {\n\t\tmeta mark & 0x%x == 0x%x notrack comment \"sent by epitaph, past conntrack\"\n\t}\n",
		PLAN_MARK_OWN | PLAN_MARK_UNTRACKED, PLAN_MARK_OWN | PLAN_MARK_UNTRACKED);
}

void plan_render_nft(const struct plan *plan, FILE *out)
{
	nft_begin(true, out);
	fprintf(out, "\tchain forward {\n");
	fprintf(out, "\t\tmeta mark & 0x%x == 0x%x accept comment \"sent by epitaph\"\n",
		PLAN_MARK_OWN, PLAN_MARK_OWN);
	fprintf(out,
		"\t\tmeta mark & 0x%x == 0x%x ct mark set ct mark | 0x%x meta mark set meta mark & "
		"0x%x accept comment \"decided just now\"\n",
		PLAN_MARK_DECIDED, PLAN_MARK_DECIDED, PLAN_MARK_DECIDED,
		~(unsigned)PLAN_MARK_DECIDED);
	if (plan->resets) {
		fprintf(out, "\t\ttcp flags & rst == rst ");
		nft_queue(plan, out);
	}
	fprintf(out, "\t\tct mark & 0x%x == 0x%x accept comment \"decided before\"\n",
		PLAN_MARK_DECIDED, PLAN_MARK_DECIDED);
	nft_divert(plan, &plan->v4, "ipv4", out);
	nft_divert(plan, &plan->v6, "ipv6", out);
	fprintf(out, "\t}\n");
	nft_untracked(out);
	fprintf(out, "}\n");
}

void plan_render_nft_output(FILE *out)
{
	nft_begin(false, out);
	nft_untracked(out);
	fprintf(out, "}\n");
}

void plan_render_nft_unload(FILE *out)
{
	fprintf(out, "table " PLAN_NFT_TABLE "\ndelete table " PLAN_NFT_TABLE "\n");
}

static void iptables_queue(const struct plan *plan, const char *match, FILE *out)
{
	fprintf(out, "-A " PLAN_IPT_CHAIN " %s-j NFQUEUE ", match);
	if (plan->queue_first == plan->queue_last)
		fprintf(out, "--queue-num %u", plan->queue_first);
	else
		fprintf(out, "--queue-balance %u:%u", plan->queue_first, plan->queue_last);
	fprintf(out, "%s\n", plan->bypass ? " --queue-bypass" : "");
}

void plan_render_iptables(const struct plan *plan, int family, unsigned jumps, bool own_table,
			  FILE *out)
{
	const struct plan_family *f = family == 4 ? &plan->v4 : &plan->v6;

	fprintf(out, "*" PLAN_IPT_TABLE "\n:" PLAN_IPT_CHAIN " - [0:0]\n:" PLAN_IPT_DECIDED
		     " - [0:0]\n");
	if (own_table)
		fprintf(out, ":" PLAN_IPT_MARKER " - [0:0]\n");
	for (unsigned i = 0; i < jumps; i++)
		fprintf(out, "-D FORWARD -j " PLAN_IPT_CHAIN "\n");
	fprintf(out, "-A FORWARD -j " PLAN_IPT_CHAIN "\n");
	fprintf(out, "-A " PLAN_IPT_DECIDED " -j CONNMARK --set-xmark 0x%x/0x%x\n",
		PLAN_MARK_DECIDED, PLAN_MARK_DECIDED);
	fprintf(out, "-A " PLAN_IPT_DECIDED " -j MARK --set-xmark 0x0/0x%x\n", PLAN_MARK_DECIDED);
	fprintf(out, "-A " PLAN_IPT_CHAIN " -m mark --mark 0x%x/0x%x -j RETURN\n", PLAN_MARK_OWN,
		PLAN_MARK_OWN);
	fprintf(out, "-A " PLAN_IPT_CHAIN " -m mark --mark 0x%x/0x%x -g " PLAN_IPT_DECIDED "\n",
		PLAN_MARK_DECIDED, PLAN_MARK_DECIDED);
	if (plan->resets)
		iptables_queue(plan, "-p tcp -m tcp --tcp-flags RST RST ", out);
	fprintf(out, "-A " PLAN_IPT_CHAIN " -m connmark --mark 0x%x/0x%x -j RETURN\n",
		PLAN_MARK_DECIDED, PLAN_MARK_DECIDED);
	if (f->all)
		iptables_queue(plan, "", out);
	if (!f->all && f->tcp)
		iptables_queue(plan, "-p tcp ", out);
	if (!f->all && f->udp)
		iptables_queue(plan, "-p udp ", out);
	fprintf(out, "COMMIT\n");
}

void plan_render_iptables_unload(unsigned jumps, bool marker, FILE *out)
{
	fprintf(out, "*" PLAN_IPT_TABLE "\n");
	for (unsigned i = 0; i < jumps; i++)
		fprintf(out, "-D FORWARD -j " PLAN_IPT_CHAIN "\n");
	fprintf(out, "-F " PLAN_IPT_CHAIN "\n-F " PLAN_IPT_DECIDED "\n");
	fprintf(out, "-X " PLAN_IPT_CHAIN "\n-X " PLAN_IPT_DECIDED "\n");
	if (marker)
		fprintf(out, "-X " PLAN_IPT_MARKER "\n");
	fprintf(out, "COMMIT\n");
}
