/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/print.h"

#include "policy/policy.h"

void print_quoted(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_text(const struct text *t, FILE *out)
{
	char source[TEXT_SOURCE_MAX + 1];

	text_source(t, source);
	print_quoted(source, out);
}

static void print_rate(const struct limit *l, FILE *out)
{
	fprintf(out, "%u/%s burst %u", l->rate, limit_unit_name(l->unit), l->burst);
}

void match_print(const struct policy *p, const struct match *m, FILE *out)
{
	bool set = m->kind->operand == OPERAND_SET;

	fprintf(out, "%s%s", m->negate && !set ? "!" : "", m->kind->words);
	switch (m->kind->operand) {
	case OPERAND_SET:
		fprintf(out, "%s ", m->negate ? " !=" : "");
		if (m->set->name != NULL) {
			fprintf(out, "@%s", m->set->name);
			break;
		}
		fprintf(out, "%s", set_count(m->set) == 1 ? "" : "{ ");
		set_print(m->set, "\t\t", out);
		fprintf(out, "%s", set_count(m->set) == 1 ? "" : " }");
		break;
	case OPERAND_OCTETS:
	case OPERAND_REGEX:
		fputc(' ', out);
		print_quoted(m->pattern->source, out);
		if (m->kind->fact != FACT_RESET_TEXT)
			fprintf(out, " within %u", m->pattern->within);
		break;
	case OPERAND_LIMIT:
		fprintf(out, "%s ", m->limit.over ? " over" : "");
		print_rate(&m->limit, out);
		fprintf(out, " per %s", limit_key_name(m->limit.per));
		break;
	case OPERAND_SCHEDULE:
		fprintf(out, " %s", p->schedule[m->schedule].name);
		break;
	default:
		break;
	}
}

static void print_log(const struct rule *r, FILE *out)
{
	fprintf(out, "log");
	if (r->sample > 1)
		fprintf(out, " sample 1/%u", r->sample);
	if (r->pcap)
		fprintf(out, " pcap");
}

static void print_action(const struct rule *r, FILE *out)
{
	if (r->action == ACTION_LOG) {
		print_log(r, out);
		return;
	}
	fprintf(out, "%s%s", r->shadow ? "shadow " : "", action_name(r->action));
	if (r->action == ACTION_RESET && r->ends != ENDS_BOTH)
		fprintf(out, " %s", reset_ends_name(r->ends));
	if (r->action == ACTION_REJECT && r->reject != UNREACHABLE_ADMIN)
		fprintf(out, " with %s", unreachable_name(r->reject));
	if (r->action == ACTION_ANNOTATE) {
		fputc(' ', out);
		print_text(r->annotate, out);
	}
}

static void print_options(const struct rule *r, FILE *out)
{
	if (r->reason != NULL)
		fprintf(out, " reason %s", r->reason->name);
	if (r->payload != PAYLOAD_TEXT)
		fprintf(out, " payload %s", payload_mode_name(r->payload));
	if (r->log) {
		fputc(' ', out);
		print_log(r, out);
	}
	if (r->comment != NULL) {
		fprintf(out, " comment ");
		print_quoted(r->comment, out);
	}
}

void rule_print(const struct policy *p, const struct rule *r, FILE *out)
{
	fprintf(out, "%s:", r->name);
	for (size_t i = 0; i < r->matches; i++) {
		fputc(' ', out);
		match_print(p, &r->match[i], out);
	}
	fputc(' ', out);
	print_action(r, out);
	print_options(r, out);
}

static void print_daemon(const struct daemon_settings *d, FILE *out)
{
	fprintf(out, "daemon {\n\tqueues %u-%u\n\tbackend %s\n", d->queue_first, d->queue_last,
		backend_name(d->backend));
	fprintf(out, "\ton daemon-loss %s\n\ton overload %s\n", open_name(d->loss_open),
		open_name(d->overload_open));
	if (d->queue_length != QUEUE_LENGTH)
		fprintf(out, "\tqueue length %u\n", d->queue_length);
	if (d->queue_buffer != QUEUE_BUFFER)
		fprintf(out, "\tqueue buffer %u\n", d->queue_buffer);
	if (d->mark_mask != MARK_MASK)
		fprintf(out, "\tmark mask 0x%x\n", d->mark_mask);
	if (d->has_reply_saddr || d->has_reply_total)
		fprintf(out, "\treply limit {");
	if (d->has_reply_saddr) {
		fprintf(out, " per saddr ");
		print_rate(&d->reply_saddr, out);
		fprintf(out, ";");
	}
	if (d->has_reply_total) {
		fprintf(out, " total ");
		print_rate(&d->reply_total, out);
	}
	if (d->has_reply_saddr || d->has_reply_total)
		fprintf(out, " }\n");
	if (!d->payload)
		fprintf(out, "\tpayload off\n");
	if (!d->companion)
		fprintf(out, "\tcompanion off\n");
	if (d->codes != CODES_IETF_03)
		fprintf(out, "\tdiag codes %s\n", code_table_name(d->codes));
	if (d->pen != 0)
		fprintf(out, "\tdiag pen %u\n", d->pen);
	if (d->exceptions != NULL) {
		fprintf(out, "\texceptions ");
		print_quoted(d->exceptions, out);
		fputc('\n', out);
	}
	if (!d->confine)
		fprintf(out, "\tconfine off\n");
	if (d->reclaim)
		fprintf(out, "\treclaim time-wait\n");
	if (d->control != NULL) {
		fprintf(out, "\tcontrol ");
		print_quoted(d->control, out);
		if (d->control_group != NULL) {
			fputs(" group ", out);
			print_quoted(d->control_group, out);
		}
		fputc('\n', out);
	}
	fprintf(out, "}\n\n");
}

static void print_size(const char *word, uint64_t size, FILE *out)
{
	if (size > 0)
		fprintf(out, "%s %llu%s", word,
			(unsigned long long)(size % 1024 ? size : size / 1024),
			size % 1024 ? "" : "K");
}

static void print_log_file(const char *word, const struct log_file *f, FILE *out)
{
	fprintf(out, "\t%s ", word);
	print_quoted(f->path, out);
	print_size(" rotate", f->rotate_size, out);
	if (f->rotate_size > 0)
		fprintf(out, " keep %u", f->rotate_keep);
	print_size(" budget", f->budget, out);
}

static void print_log_settings(const struct log_settings *l, FILE *out)
{
	fprintf(out, "log {\n");
	if (l->file.path != NULL) {
		print_log_file("file", &l->file, out);
		fputc('\n', out);
	}
	if (l->syslog != NULL)
		fprintf(out, "\tsyslog %s", l->syslog);
	if (l->syslog_to != NULL) {
		fprintf(out, " to ");
		print_quoted(l->syslog_to, out);
	}
	fprintf(out, "%s%s", l->syslog ? "\n" : "", l->journald ? "\tjournald\n" : "");
	if (l->socket != NULL) {
		fprintf(out, "\tsocket ");
		print_quoted(l->socket, out);
		fputc('\n', out);
	}
	if (l->pcap.path != NULL) {
		print_log_file("pcap", &l->pcap, out);
		fprintf(out, "%s\n", l->pcap_resets ? " resets" : "");
	}
	if (l->reserve > 0)
		fputc('\t', out);
	print_size("reserve", l->reserve, out);
	if (l->reserve > 0)
		fputc('\n', out);
	fprintf(out, "\tresets %s\n", reset_logging_name(l->resets));
	if (l->aggregate_s > 0)
		fprintf(out, "\taggregate %us\n", l->aggregate_s);
	fprintf(out, "}\n\n");
}

static void print_set(const struct set *s, FILE *out)
{
	fprintf(out, "set %s {\n\ttype %s\n", s->name, set_type_name(s->type));
	if (set_count(s) > 0) {
		fprintf(out, "\telements { ");
		set_print(s, "\t\t", out);
		fprintf(out, " }\n");
	}
	fprintf(out, "}\n\n");
}

static void print_clock(unsigned minutes, FILE *out)
{
	fprintf(out, "%02u:%02u", minutes / 60, minutes % 60);
}

static void print_schedule(const struct schedule *s, FILE *out)
{
	const char *comma = "";

	fprintf(out, "schedule %s {\n\tdays ", s->name);
	for (int i = 0; i < WEEKDAYS; i++) {
		if (s->days >> i & 1) {
			fprintf(out, "%s%s", comma, weekday_name(i));
			comma = ", ";
		}
	}
	fprintf(out, "\n\tfrom ");
	print_clock(s->from, out);
	fprintf(out, "\n\tto ");
	print_clock(s->to, out);
	fputc('\n', out);
	if (s->zone_name != NULL) {
		fprintf(out, "\tzone ");
		print_quoted(s->zone_name, out);
		fputc('\n', out);
	}
	fprintf(out, "}\n\n");
}

static void print_reason(const struct reason *r, FILE *out)
{
	fprintf(out, "reason %s {\n", r->name);
	if (r->code_name != NULL)
		fprintf(out, "\tcode %s\n", r->code_name);
	else if (r->code != 0)
		fprintf(out, "\tcode %u\n", r->code);
	if (r->has_text) {
		fprintf(out, "\ttext ");
		print_text(&r->text, out);
		fputc('\n', out);
	}
	if (r->url != NULL) {
		fprintf(out, "\turl ");
		print_quoted(r->url, out);
		fputc('\n', out);
	}
	fprintf(out, "}\n\n");
}

static void print_rules(const struct policy *p, const struct rule *rules, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		fputc('\t', out);
		rule_print(p, &rules[i], out);
		fputc('\n', out);
	}
}

static void print_default(const char *words, const struct rule *r, FILE *out)
{
	fprintf(out, "\t%s ", words);
	print_action(r, out);
	print_options(r, out);
	fputc('\n', out);
}

static void print_end(const struct ip_addr *a, uint16_t port, FILE *out)
{
	char text[ADDR_STRLEN];
	bool brackets = !addr_is_v4(a) && port != 0;

	fprintf(out, "%s%s%s", brackets ? "[" : "", addr_format(a, text), brackets ? "]" : "");
	if (port != 0)
		fprintf(out, ":%u", port);
}

static void print_known(const char *words, const char *value, FILE *out)
{
	if (value == NULL)
		return;
	fprintf(out, " %s ", words);
	print_quoted(value, out);
}

static void print_field(const char *words, const struct l7_field *f, FILE *out)
{
	print_known(words, f->state == L7_KNOWN ? f->text : NULL, out);
}

static void print_test(const struct policy_test *t, FILE *out)
{
	uint8_t proto = t->tuple.proto;
	char moment[24];

	fprintf(out, "test ");
	print_quoted(t->name, out);
	fprintf(out, " {\n\tflow %s ",
		proto == PROTO_TCP   ? "tcp"
		: proto == PROTO_UDP ? "udp"
				     : "icmp");
	print_end(&t->tuple.src, t->tuple.sport, out);
	fprintf(out, " -> ");
	print_end(&t->tuple.dst, t->tuple.dport, out);
	print_known("iif", t->iif, out);
	print_known("oif", t->oif, out);
	print_field("tls sni", &t->l7->sni, out);
	print_field("tls alpn", &t->l7->alpn, out);
	print_field("http host", &t->l7->host, out);
	print_field("http method", &t->l7->method, out);
	print_field("http path", &t->l7->path, out);
	print_known("payload", t->payload_source[0], out);
	print_known("reply payload", t->payload_source[1], out);
	if (t->ct_state != CT_NEW)
		fprintf(out, " ct state %s", ct_state_name(t->ct_state));
	if (t->mark != 0)
		fprintf(out, " meta mark %u", t->mark);
	if (t->at.given) {
		moment_format(&t->at, moment);
		print_known("at", moment, out);
	}
	if (t->repeat > 1)
		fprintf(out, " repeat %u", t->repeat);
	fprintf(out, "\n\texpect %s", action_name(t->action));
	if (t->action == ACTION_RESET && t->ends != 0)
		fprintf(out, " %s", reset_ends_name(t->ends));
	if (t->rule[0] != '\0')
		fprintf(out, " rule %s", t->rule);
	fprintf(out, "\n}\n\n");
}

void policy_print(const struct policy *p, FILE *out)
{
	print_daemon(&p->daemon, out);
	print_log_settings(&p->log, out);
	for (size_t i = 0; i < p->sets; i++) {
		if (p->set[i]->name != NULL)
			print_set(p->set[i], out);
	}
	for (size_t i = 0; i < p->schedules; i++)
		print_schedule(&p->schedule[i], out);
	for (size_t i = 0; i < p->reasons; i++)
		print_reason(p->reason[i], out);
	fprintf(out, "policy forward {\n");
	print_default("default", &p->on_default, out);
	print_default("on undecided", &p->on_undecided, out);
	print_rules(p, p->rule, p->rules, out);
	fprintf(out, "}\n");
	if (p->reset_rules > 0) {
		fprintf(out, "\nresets forward {\n");
		print_rules(p, p->reset_rule, p->reset_rules, out);
		fprintf(out, "}\n");
	}
	for (size_t i = 0; i < p->tests; i++) {
		fputs(i == 0 ? "\n" : "", out);
		print_test(&p->test[i], out);
	}
}
