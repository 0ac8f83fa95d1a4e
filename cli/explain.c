/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a flow would be decided under a policy, and which rule a text came from. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/explain_event.h"

#include "policy/endpoint.h"
#include "policy/explain.h"
#include "policy/number.h"
#include "rules/plan.h"

#include <stdlib.h>
#include <time.h>

/* "tcp A:P [->] B:P" */
static bool parse_flow(const char *text, struct ip_tuple *t)
{
	char words[256], *rest, *proto, *from, *to;
	int first, second;

	if (strlen(text) >= sizeof(words))
		return false;
	strcpy(words, text); /* it fits */
	proto = strtok_r(words, " ", &rest);
	from = proto ? strtok_r(NULL, " ", &rest) : NULL;
	to = from ? strtok_r(NULL, " ", &rest) : NULL;
	if (to != NULL && strcmp(to, "->") == 0)
		to = strtok_r(NULL, " ", &rest);
	if (to == NULL || strtok_r(NULL, " ", &rest) != NULL)
		return false;
	*t = (struct ip_tuple){ .proto = 0 };
	first = endpoint_parse(from, &t->src, &t->sport);
	second = endpoint_parse(to, &t->dst, &t->dport);
	t->family = (uint8_t)first;
	if (strcmp(proto, "tcp") == 0)
		t->proto = PROTO_TCP;
	else if (strcmp(proto, "udp") == 0)
		t->proto = PROTO_UDP;
	else if (strcmp(proto, "icmp") == 0)
		t->proto = first == 4 ? PROTO_ICMP : PROTO_ICMPV6;
	return first != 0 && first == second && t->proto != 0;
}

static int explain_rule(const struct policy *p, const char *name, size_t len)
{
	struct suggestion s = { .word = name, .word_len = len };

	for (size_t i = 0; i < p->rules + p->reset_rules; i++) {
		const struct rule *r = i < p->rules ? &p->rule[i] : &p->reset_rule[i - p->rules];

		if (strlen(r->name) == len && strncmp(r->name, name, len) == 0) {
			rule_explain(p, r, "", stdout);
			return EXIT_DONE;
		}
		suggestion_offer(&s, r->name);
	}
	fprintf(stderr, "epitaph: this policy has no rule '%.*s'", (int)len, name);
	if (s.best != NULL)
		fprintf(stderr, "; did you mean '%s'?", s.best);
	fputc('\n', stderr);
	return EXIT_FOUND;
}

/* The rule that a reset's text names: "R=NAME", then a blank or the end. */
static int explain_text(const struct policy *p, const char *text)
{
	return explain_rule(p, text + 2, strcspn(text + 2, " "));
}

/* What a client has said; once it said one thing, what it did not say will not come. */
static void fill_l7(const struct cli_args *args, bool tcp, struct l7 *l7)
{
	static const int options[] = { EXPLAIN_SNI, EXPLAIN_ALPN, EXPLAIN_HOST, EXPLAIN_METHOD,
				       EXPLAIN_PATH };
	struct l7_field *fields[] = { &l7->sni, &l7->alpn, &l7->host, &l7->method, &l7->path };
	char ascii[DOMAIN_MAX + 1];
	bool any = !tcp;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		any |= args->value[options[i]] != NULL;
	l7_init(l7, any ? L7_ABSENT : L7_PENDING);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *value = args->value[options[i]];
		bool name = options[i] == EXPLAIN_SNI || options[i] == EXPLAIN_HOST;

		if (value == NULL)
			continue;
		if (name && domain_to_ascii(value, ascii))
			value = ascii;
		l7_set(fields[i], (const uint8_t *)value, strlen(value), name);
	}
}

/* Whether the kernel hands this flow over at all. */
static void explain_plan(const struct policy *p, const struct facts *f)
{
	struct plan *plan = plan_new(p, NULL, BACKEND_NFT);
	const struct plan_term *term;
	char names[128];

	if (plan == NULL)
		return;
	term = plan_find(plan, f->tuple, f->iif, f->oif);
	if (term != NULL)
		plan_term_names(term, names, sizeof(names));
	if (term != NULL && term->pass)
		printf("in the kernel: passes unasked, by %s", names);
	else if (term != NULL)
		printf("in the kernel: queued, for %s", names);
	else if (plan->default_queue)
		printf("in the kernel: queued, for the default");
	else
		printf("in the kernel: passes unasked, as no rule can block it");
	if (plan->asks_ifaces && (f->iif[0] == '\0' || f->oif[0] == '\0'))
		printf("; by the interfaces that were given");
	putchar('\n');
	plan_free(plan);
}

static int explain_flow(const struct policy *p, const struct cli_args *args,
			const struct ip_tuple *t)
{
	struct l7 l7;
	struct facts f = {
		.tuple = t,
		.iif = args->value[EXPLAIN_IIF] ? args->value[EXPLAIN_IIF] : "",
		.oif = args->value[EXPLAIN_OIF] ? args->value[EXPLAIN_OIF] : "",
		.l7 = &l7,
		.more = { true, true },
	};
	struct moment at = { .given = true, .utc = true, .seconds = time(NULL) };
	struct decision d;

	if (args->value[EXPLAIN_AT] != NULL && !moment_parse(args->value[EXPLAIN_AT], &at)) {
		fprintf(stderr,
			"epitaph explain: '%s' is not a time such as \"2026-11-23 09:00\"\n",
			args->value[EXPLAIN_AT]);
		return EXIT_USAGE;
	}
	if (args->value[EXPLAIN_MARK] != NULL &&
	    !word32_parse(args->value[EXPLAIN_MARK], &f.mark)) {
		fprintf(stderr,
			"epitaph explain: '%s' is not a mark: a number of 32 bits, decimal or 0x...\n",
			args->value[EXPLAIN_MARK]);
		return EXIT_USAGE;
	}
	fill_l7(args, t->proto == PROTO_TCP, &l7);
	f.schedules = policy_schedules_at(p, &at);
	f.scratch = pattern_scratch_new();
	policy_explain(p, &f, stdout, &d);
	explain_plan(p, &f);
	pattern_scratch_free(f.scratch);
	return EXIT_DONE;
}

/* An event of the log, and the rule that it names. */
static int explain_event(const struct cli_args *args)
{
	const char *path = args->value[EXPLAIN_CONFIG];
	char rule[NAME_LEN + 1];
	struct policy *p;
	int result = EXIT_DONE;

	if (!event_explain(args->value[EXPLAIN_EVENTS], args->operand, rule, stdout))
		return EXIT_FOUND;
	p = cli_load_policy(path ? path : CLI_POLICY_FILE, NULL);
	if (p == NULL)
		return EXIT_FOUND;
	if (strcmp(rule, p->on_default.name) == 0 || strcmp(rule, p->on_undecided.name) == 0)
		printf("%s: what the policy says where no rule decides\n", rule);
	else
		result = explain_rule(p, rule, strlen(rule));
	policy_free(p);
	return result;
}

int command_explain(const struct cli_args *args)
{
	const char *path = args->value[EXPLAIN_CONFIG];
	bool is_text = strncmp(args->operand, "R=", 2) == 0;
	struct cli_load how = { .json = false };
	struct ip_tuple t;
	struct policy *p;
	int result;

	if (args->value[EXPLAIN_EVENTS] != NULL)
		return explain_event(args);
	if (!is_text && !parse_flow(args->operand, &t)) {
		fprintf(stderr,
			"epitaph explain: '%s' is neither a flow, such as 'tcp 10.8.0.5:40000 "
			"198.51.100.9:443', nor the text of a reset, such as 'R=social'; "
			"for the id of an event, name the log: --events FILE\n",
			args->operand);
		return EXIT_USAGE;
	}
	p = cli_load_policy(path ? path : CLI_POLICY_FILE, &how);
	if (p == NULL)
		return EXIT_FOUND;
	if (control_has_other(p->daemon.control, how.hash))
		fprintf(stderr,
			"epitaph: note: the daemon has another policy in force than this file; "
			"'epitaph reload' brings this one into force\n");
	result = is_text ? explain_text(p, args->operand) : explain_flow(p, args, &t);
	policy_free(p);
	return result;
}
