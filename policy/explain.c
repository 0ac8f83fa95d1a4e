/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain.h"

#include "policy/print.h"

static const char *const answers[] = {
	[TRI_NO] = "no",
	[TRI_YES] = "yes",
	[TRI_MAYBE] = "not known yet",
};

static void print_value(const char *value, FILE *to)
{
	fprintf(to, "%s", value[0] != '\0' ? value : "(none)");
}

static void print_field(const struct l7_field *f, FILE *to)
{
	if (f->state == L7_KNOWN)
		print_value(f->text, to);
	else
		fprintf(to, f->state == L7_PENDING ? "(not seen yet)" : "(none)");
}

/* What the flow has where the match asks. */
static void print_fact(const struct match *m, const struct facts *f, FILE *to)
{
	char text[ADDR_STRLEN];

	switch (m->kind->fact) {
	case FACT_SADDR:
		fprintf(to, "%s", addr_format(&f->tuple->src, text));
		break;
	case FACT_DADDR:
		fprintf(to, "%s", addr_format(&f->tuple->dst, text));
		break;
	case FACT_SPORT:
	case FACT_DPORT:
		fprintf(to, "%s %u",
			f->tuple->proto == PROTO_TCP   ? "tcp"
			: f->tuple->proto == PROTO_UDP ? "udp"
						       : "another protocol,",
			m->kind->fact == FACT_SPORT ? (unsigned)f->tuple->sport
						    : (unsigned)f->tuple->dport);
		break;
	case FACT_IIF:
		print_value(f->iif, to);
		break;
	case FACT_OIF:
		print_value(f->oif, to);
		break;
	case FACT_SNI:
		print_field(&f->l7->sni, to);
		break;
	case FACT_ALPN:
		print_field(&f->l7->alpn, to);
		break;
	case FACT_HOST:
		print_field(&f->l7->host, to);
		break;
	case FACT_METHOD:
		print_field(&f->l7->method, to);
		break;
	case FACT_PATH:
		print_field(&f->l7->path, to);
		break;
	case FACT_CT_STATE:
		fprintf(to, "%s", ct_state_name(f->ct_state));
		break;
	case FACT_MARK:
		fprintf(to, "0x%x", f->mark);
		break;
	case FACT_SCHEDULE:
		fprintf(to, "at this time");
		break;
	case FACT_LIMIT:
		fprintf(to, "taken to be within the rate");
		break;
	default:
		fprintf(to, "%zu octets seen", f->payload[m->kind->fact == FACT_REPLY].len);
	}
}

static enum tri explain_match(const struct policy *p, const struct match *m, const struct facts *f,
			      FILE *to)
{
	enum tri answer = match_ask(m, f);
	char entry[ENTRY_LEN];

	fprintf(to, "      %-13s ", answers[answer]);
	match_print(p, m, to);
	fprintf(to, ": ");
	print_fact(m, f, to);
	if (match_entry(m, f, entry))
		fprintf(to, ", by entry %s", entry);
	fputc('\n', to);
	return answer;
}

/* The URL of the rule's reason, with its $rule. */
static void print_url(const struct rule *r, FILE *to)
{
	const char *at = r->reason->url, *variable;

	while ((variable = strstr(at, "$rule")) != NULL) {
		fprintf(to, "%.*s%s", (int)(variable - at), at, r->name);
		at = variable + strlen("$rule");
	}
	fprintf(to, "%s\n", at);
}

void rule_explain(const struct policy *p, const struct rule *r, const char *indent, FILE *to)
{
	char source[TEXT_SOURCE_MAX + 1];

	fprintf(to, "%srule   ", indent);
	rule_print(p, r, to);
	if (r->file != NULL)
		fprintf(to, "\n%sat     %s:%u", indent, r->file, r->line);
	fputc('\n', to);
	if (r->comment != NULL)
		fprintf(to, "%snote   %s\n", indent, r->comment);
	if (r->reason == NULL)
		return;
	text_source(r->reason->has_text ? &r->reason->text : &p->default_text, source);
	fprintf(to, "%sreason %s: \"%s\"", indent, r->reason->name, source);
	if (r->reason->code != 0)
		fprintf(to, ", code %u (%s)", r->reason->code,
			reset_code_name_03(r->reason->code) ? reset_code_name_03(r->reason->code)
							    : "not in the registry");
	fputc('\n', to);
	if (r->reason->url != NULL) {
		fprintf(to, "%shelp   ", indent);
		print_url(r, to);
	}
}

/* True when this rule ends the search. */
static bool explain_rule(const struct policy *p, uint16_t i, const struct facts *f, FILE *to,
			 struct decision *out)
{
	const struct rule *r = &p->rule[i];
	enum tri all = TRI_YES;

	fprintf(to, "  %s (%s:%u)\n", r->name, r->file, r->line);
	for (size_t k = 0; k < r->matches && all != TRI_NO; k++) {
		enum tri one = explain_match(p, &r->match[k], f, to);

		all = one == TRI_YES ? all : one;
	}
	if (r->matches == 0)
		fprintf(to, "      %-13s it has no matches\n", "yes");
	if (all == TRI_NO)
		return false;
	if (all == TRI_MAYBE) {
		out->decided = false;
		return true;
	}
	if (r->action == ACTION_LOG || r->shadow) {
		fprintf(to, "      %-13s and the search goes on\n",
			r->shadow ? "would fire," : "logs,");
		return false;
	}
	out->rule = i;
	return true;
}

void policy_explain(const struct policy *p, const struct facts *f, FILE *to, struct decision *out)
{
	const struct rule *r;

	*out = (struct decision){ .decided = true, .rule = RULE_DEFAULT };
	fprintf(to, "rules tried:\n");
	for (uint16_t i = 0; i < p->rules; i++) {
		if (explain_rule(p, i, f, to, out))
			break;
	}
	if (!out->decided) {
		fprintf(to,
			"decision: undecided, the rule above waits for more; if that never comes, "
			"'on undecided' says %s\n",
			action_name(p->on_undecided.action));
		return;
	}
	r = policy_rule(p, out->rule);
	fprintf(to, "decision: %s%s%s by %s%s\n", action_name(r->action),
		r->action == ACTION_RESET ? " " : "",
		r->action == ACTION_RESET ? reset_ends_name(r->ends) : "",
		out->rule == RULE_DEFAULT ? "" : "rule ", r->name);
	if (out->rule != RULE_DEFAULT)
		rule_explain(p, r, "  ", to);
}
