/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan in the words of nft(8). */
#include "rules/plan.h"

enum {
	FORWARD_PRIORITY = 150,
	MARK_PRIORITY = 49, /* in front of xtables' table "security" */
	GUARD_PRIORITY = 151,
	OUTPUT_PRIORITY = -300, /* in front of conntrack */
	COMMENT_MAX = 120,	/* nft takes 128 octets */
	DOFF_MIN = 5,		/* words of a TCP header */
	DOFF_MAX = 15,
	IPV4_HEADER = 20,
	IPV6_HEADER = 40,
};

/* Whose packets a chain is for. */
enum sender { INITIATOR, RESPONDER };

static const char *const chain_names[] = { "initiator", "responder" };

static void print_range(const struct plan_range *r, enum plan_column column, FILE *out)
{
	char text[2 * ADDR_STRLEN];

	if (column == PLAN_PORT) {
		fprintf(out, "%u", (unsigned)r->low);
		if (r->high != r->low)
			fprintf(out, "-%u", (unsigned)r->high);
		return;
	}
	addr_range_format(r->low, r->high, column == PLAN_ADDR4 ? 32 : 128, text);
	fputs(text, out);
}

static void print_elements(const struct plan_set *s, size_t from, size_t to, const char *between,
			   FILE *out)
{
	for (size_t i = from; i < to && i < s->count; i++) {
		fputs(i == from ? "" : between, out);
		for (unsigned c = 0; c < s->columns; c++) {
			fputs(c > 0 ? " . " : "", out);
			print_range(&s->range[i * s->columns + c], s->column[c], out);
		}
	}
}

static void declare_set(const struct plan_set *s, FILE *out)
{
	static const char *const types[] = { "ipv4_addr", "ipv6_addr", "inet_service" };

	fprintf(out, "\tset %s {\n\t\ttype ", s->name);
	for (unsigned c = 0; c < s->columns; c++)
		fprintf(out, "%s%s", c > 0 ? " . " : "", types[s->column[c]]);
	fprintf(out, "\n\t\tflags interval\n");
}

void plan_render_nft_set(const struct plan_set *s, size_t from, size_t to, FILE *out)
{
	fprintf(out, "table " PLAN_NFT_TABLE " {\n");
	declare_set(s, out);
	fprintf(out, "\t\telements = { ");
	print_elements(s, from, to, ",\n\t\t\t", out);
	fprintf(out, " }\n\t}\n}\n");
}

/* Begin a rule for packets or connections with these bits. */
static void print_mark(const char *which, uint32_t bits, FILE *out)
{
	fprintf(out, "\t\t%s mark & 0x%x == 0x%x ", which, bits, bits);
}

static void print_set_mark(uint32_t bits, FILE *out)
{
	fprintf(out, "\t\tmeta mark set meta mark | 0x%x", bits);
}

/* Queue a packet, or mark it to be queued. @bits, if any, say the same. */
static void print_queue(const struct plan *plan, uint32_t bits, bool bypass, FILE *out)
{
	if (plan->by_iptables) {
		print_set_mark(bits, out);
		fprintf(out, " counter accept\n");
		return;
	}
	if (plan->guard && bits == plan->marks.pending) {
		print_set_mark(bits, out);
		fprintf(out, " comment \"for the guard\"\n");
	}
	fprintf(out, "\t\tcounter queue num %u", plan->queue_first);
	if (plan->queue_last != plan->queue_first)
		fprintf(out, "-%u", plan->queue_last);
	fprintf(out, "%s\n", bypass ? " bypass" : "");
}

/* "ip saddr . tcp dport @name ", as the packet has it: a responder's source is the flow's destination. */
static void print_ask(const struct plan_ask *a, uint8_t proto, enum sender sender, FILE *out)
{
	static const char *const fields[][2] = {
		[PLAN_SADDR] = { "saddr", "daddr" },
		[PLAN_DADDR] = { "daddr", "saddr" },
		[PLAN_SPORT] = { "sport", "dport" },
		[PLAN_DPORT] = { "dport", "sport" },
	};
	static const char *const headers[] = { "ip", "ip6" };

	for (unsigned c = 0; c < a->set->columns; c++) {
		enum plan_column column = a->set->column[c];

		fprintf(out, "%s%s %s", c > 0 ? " . " : "",
			column == PLAN_PORT ? proto == PROTO_TCP ? "tcp" : "udp" : headers[column],
			fields[a->field[c]][sender]);
	}
	fprintf(out, " %s", a->negate ? "!= " : "");
	if (a->set->name[0] != '\0') {
		fprintf(out, "@%s ", a->set->name);
	} else {
		fputs(a->set->count > 1 ? "{ " : "", out);
		print_elements(a->set, 0, a->set->count, ", ", out);
		fputs(a->set->count > 1 ? " } " : " ", out);
	}
}

static bool is_pattern(const char *name)
{
	return name[strlen(name) - 1] == '*';
}

static const char *iface_word(const struct plan_iface *f, enum sender sender)
{
	return f->out == (sender == INITIATOR) ? "oifname" : "iifname";
}

/* How many ways there are to ask @f in one rule: its plain names together, each pattern by itself. */
static size_t iface_choices(const struct plan_iface *f)
{
	size_t n = 0;
	bool plain = false;

	if (f->negate)
		return 1;
	for (size_t i = 0; i < f->set->count; i++) {
		n += is_pattern(f->set->text[i]);
		plain |= !is_pattern(f->set->text[i]);
	}
	return n + plain;
}

/* The @choice-th way: patterns first, in their order. */
static void print_iface(const struct plan_iface *f, size_t choice, enum sender sender, FILE *out)
{
	const char *word = iface_word(f, sender), *between = "";

	for (size_t i = 0; i < f->set->count; i++) {
		const char *name = f->set->text[i];

		if (f->negate) {
			fprintf(out, "%s != \"%s\" ", word, name);
		} else if (is_pattern(name) && choice-- == 0) {
			fprintf(out, "%s \"%s\" ", word, name);
			return;
		}
	}
	if (f->negate)
		return;
	fprintf(out, "%s { ", word);
	for (size_t i = 0; i < f->set->count; i++) {
		if (is_pattern(f->set->text[i]))
			continue;
		fprintf(out, "%s\"%s\"", between, f->set->text[i]);
		between = ", ";
	}
	fputs(" } ", out);
}

static void print_term_rule(const struct plan_term *t, const size_t choice[PLAN_IFACES],
			    enum sender sender, FILE *out)
{
	char names[COMMENT_MAX + 1];
	bool said_family = false, said_proto = false;

	for (unsigned i = 0; i < t->asks; i++) {
		for (unsigned c = 0; c < t->ask[i].set->columns; c++) {
			said_family |= t->ask[i].set->column[c] != PLAN_PORT;
			said_proto |= t->ask[i].set->column[c] == PLAN_PORT;
		}
	}
	fprintf(out, "\t\t");
	if (t->family != 0 && !said_family)
		fprintf(out, "meta nfproto ipv%u ", t->family);
	for (unsigned i = 0; i < t->ifaces; i++)
		print_iface(&t->iface[i], choice[i], sender, out);
	if (t->proto != 0 && !said_proto)
		fprintf(out, "meta l4proto %s ", t->proto == PROTO_TCP ? "tcp" : "udp");
	for (unsigned i = 0; i < t->asks; i++)
		print_ask(&t->ask[i], t->proto, sender, out);
	plan_term_names(t, names, sizeof(names));
	fprintf(out, "goto %s comment \"%s\"\n", t->pass ? "pass" : "divert", names);
}

/* One rule for each choice of interfaces that the term leaves. */
static void print_term(const struct plan_term *t, enum sender sender, FILE *out)
{
	size_t choice[PLAN_IFACES] = { 0 };
	unsigned i;

	do {
		print_term_rule(t, choice, sender, out);
		for (i = 0; i < t->ifaces && ++choice[i] == iface_choices(&t->iface[i]); i++)
			choice[i] = 0;
	} while (i < t->ifaces);
}

static void print_terms(const struct plan *plan, enum sender sender, FILE *out)
{
	fprintf(out, "\tchain %s {\n", chain_names[sender]);
	for (size_t i = 0; i < plan->terms; i++)
		print_term(&plan->term[i], sender, out);
	fprintf(out, "\t\tgoto %s\n\t}\n",
		plan->default_queue ? "divert comment \"default\"" : "pass");
}

static void print_family(const struct plan_family *f, const char *family, FILE *out)
{
	const char *protos = f->all		? ""
			     : f->tcp && f->udp ? "meta l4proto { tcp, udp } "
			     : f->tcp		? "meta l4proto tcp "
						: "meta l4proto udp ";

	if (f->all || f->tcp || f->udp)
		fprintf(out, "\t\tmeta nfproto %s %sgoto divert\n", family, protos);
}

/* Resets with a payload are longer than their headers; what has other headers is queued as well. */
static void print_long_resets(FILE *out)
{
	fprintf(out, "\t\tmeta nfproto ipv4 ip hdrlength != %d goto queue-resets\n", DOFF_MIN);
	fprintf(out, "\t\tmeta nfproto ipv6 ip6 nexthdr != tcp goto queue-resets\n");
	for (int doff = DOFF_MIN; doff <= DOFF_MAX; doff++) {
		fprintf(out,
			"\t\tmeta nfproto ipv4 tcp doff %d meta length > %d goto queue-resets\n",
			doff, IPV4_HEADER + 4 * doff);
		fprintf(out,
			"\t\tmeta nfproto ipv6 tcp doff %d meta length > %d goto queue-resets\n",
			doff, IPV6_HEADER + 4 * doff);
	}
}

static void print_resets(const struct plan *plan, FILE *out)
{
	const struct plan_marks *m = &plan->marks;

	fprintf(out, "\tchain resets {\n");
	print_mark("meta", m->own, out);
	fprintf(out, "accept comment \"sent by epitaph\"\n");
	if (plan->resets == PLAN_RESETS_PAYLOAD)
		print_long_resets(out);
	fprintf(out, "\t\t%s\n\t}\n",
		plan->resets == PLAN_RESETS_ALL ? "goto queue-resets" : "accept");
	if (plan->resets == PLAN_RESETS_NONE)
		return;
	fprintf(out, "\tchain queue-resets {\n");
	print_queue(plan, plan->resets_bypass ? m->pending | m->untracked : m->pending,
		    plan->resets_bypass, out);
	fprintf(out, "\t}\n");
}

/* Where packets go from the hook's chain. */
static void print_ways(const struct plan *plan, FILE *out)
{
	const struct plan_marks *m = &plan->marks;

	fprintf(out, "\tchain divert {\n\t\tct mark set ct mark & 0x%x | 0x%x\n", ~m->decided,
		m->pending);
	print_queue(plan, m->pending, plan->bypass, out);
	fprintf(out, "\t}\n");
	fprintf(out,
		"\tchain pass {\n\t\tct mark set ct mark | 0x%x counter accept comment \"no rule can "
		"block it\"\n\t}\n",
		m->decided);
	fprintf(out, "\tchain errors {\n\t\ticmp type { destination-unreachable, source-quench, "
		     "redirect, time-exceeded, parameter-problem } accept\n");
	fprintf(out, "\t\ticmpv6 type { 0-127, nd-redirect } accept\n\t}\n");
	fprintf(out, "\tchain coarse {\n");
	print_family(&plan->v4, "ipv4", out);
	print_family(&plan->v6, "ipv6", out);
	fprintf(out, "\t}\n");
}

/* With iptables, packets come back behind this hook. */
static void print_decided(const struct plan *plan, FILE *out)
{
	const struct plan_marks *m = &plan->marks;

	if (plan->by_iptables)
		return;
	fprintf(out, "\tchain decided {\n");
	fprintf(out, "\t\tct mark set ct mark & 0x%x | 0x%x\n", ~m->pending, m->decided);
	fprintf(out, "\t\tmeta mark set meta mark & 0x%x counter accept\n\t}\n", ~m->decided);
}

static const char *hook_chain(const struct plan *plan)
{
	return plan->by_iptables ? "classify" : "forward";
}

static void print_forward(const struct plan *plan, FILE *out)
{
	const struct plan_marks *m = &plan->marks;

	fprintf(out, "\tchain %s {\n\t\ttcp flags & rst == rst goto resets\n", hook_chain(plan));
	if (!plan->by_iptables) {
		print_mark("meta", m->decided, out);
		fprintf(out, "goto decided comment \"back from the queue\"\n");
	}
	print_mark("ct", m->decided, out);
	/* One that conntrack expected is born with the mark of the connection that it belongs to. */
	fprintf(out, "ct status confirmed accept comment \"decided before\"\n");
	print_mark("meta", m->own, out);
	fprintf(out, "accept comment \"sent by epitaph\"\n");
	print_mark("ct", m->pending, out);
	fprintf(out, "goto divert comment \"being judged, or blocked\"\n");
	fprintf(out, "\t\tmeta l4proto { icmp, icmpv6 } jump errors comment \"they belong to other "
		     "connections\"\n");
	if (plan->asks_ifaces)
		fprintf(out, "\t\tmeta iifkind \"bridge\" meta oifkind \"bridge\" jump coarse "
			     "comment \"its port is not known here\"\n");
	fprintf(out,
		"\t\tct direction vmap { original : goto initiator, reply : goto responder }\n");
	fprintf(out, "\t\tgoto coarse comment \"not known to conntrack\"\n\t}\n");
}

/* What iptables lets pass unjudged has a mark to be taken off. */
static bool has_guard(const struct plan *plan)
{
	return plan->guard || plan->by_iptables;
}

static void print_guard(const struct plan *plan, FILE *out)
{
	uint32_t pending = plan->marks.pending, both = pending | plan->marks.untracked;

	if (!has_guard(plan))
		return;
	fprintf(out, "\tchain guard {\n");
	if (plan->guard)
		fprintf(out,
			"\t\tmeta mark & 0x%x == 0x%x counter drop comment \"queued, and not let go by "
			"epitaph\"\n",
			both, pending);
	if (plan->by_iptables) {
		print_mark("meta", pending, out);
		fprintf(out, "meta mark set meta mark & 0x%x counter comment \"passed unjudged\"\n",
			~both);
	}
	fprintf(out, "\t}\n");
}

static void print_untracked(const struct plan *plan, FILE *out)
{
	fprintf(out, "\tchain output {\n");
	print_mark("meta", plan->marks.own | plan->marks.untracked, out);
	fprintf(out, "notrack comment \"sent by epitaph, past conntrack\"\n\t}\n");
}

static void print_hook(const char *chain, const char *hook, int priority, FILE *out)
{
	fprintf(out, "\tchain %s {\n\t\ttype filter hook %s priority %d; policy accept;\n\t}\n",
		chain, hook, priority);
}

/* The chains of hooks stay while their rules are replaced: the kernel drops all that is queued when a hook
 * goes (nf_queue_nf_hook_drop() in nf_queue.c). */
static void print_begin(const struct plan *plan, FILE *out)
{
	fprintf(out, "table " PLAN_NFT_TABLE " {\n");
	print_hook(hook_chain(plan), "forward",
		   plan->by_iptables ? MARK_PRIORITY : FORWARD_PRIORITY, out);
	if (has_guard(plan))
		print_hook("guard", "forward", GUARD_PRIORITY, out);
	print_hook("output", "output", OUTPUT_PRIORITY, out);
	fprintf(out, "}\nflush table " PLAN_NFT_TABLE "\n");
}

void plan_render_nft_rules(const struct plan *plan, const char *const *drop, FILE *out)
{
	print_begin(plan, out);
	for (; drop != NULL && *drop != NULL; drop++)
		fprintf(out, "delete set " PLAN_NFT_TABLE " %s\n", *drop);
	fprintf(out, "table " PLAN_NFT_TABLE " {\n");
	print_ways(plan, out);
	print_decided(plan, out);
	print_resets(plan, out);
	print_terms(plan, INITIATOR, out);
	print_terms(plan, RESPONDER, out);
	print_forward(plan, out);
	print_guard(plan, out);
	print_untracked(plan, out);
	fprintf(out, "}\n");
}

void plan_render_nft(const struct plan *plan, FILE *out)
{
	for (size_t i = 0; i < plan->sets; i++) {
		if (plan->set[i]->used)
			plan_render_nft_set(plan->set[i], 0, SIZE_MAX, out);
	}
	plan_render_nft_rules(plan, NULL, out);
}

void plan_render_nft_unload(FILE *out)
{
	fprintf(out, "table " PLAN_NFT_TABLE "\ndelete table " PLAN_NFT_TABLE "\n");
}
