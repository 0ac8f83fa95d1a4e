/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reset as a line for people. All that comes off the wire was made printable ASCII when it was read. */
#include "cli/observe.h"

static const char *const kind_colors[RESET_KINDS] = {
	[RESET_KIND_UNKNOWN] = "37",   [RESET_KIND_REFUSED] = "33", [RESET_KIND_ABORT] = "31",
	[RESET_KIND_HALF_OPEN] = "34", [RESET_KIND_TIMEOUT] = "36", [RESET_KIND_POLICY] = "35",
	[RESET_KIND_FORGED] = "1;31",
};

static void paint(FILE *out, bool color, const char *with, const char *text)
{
	if (color)
		fprintf(out, "\x1b[%sm%s\x1b[0m", with, text);
	else
		fputs(text, out);
}

static void print_address(FILE *out, const struct ip_addr *a, uint16_t port)
{
	char text[ADDR_STRLEN];

	addr_format(a, text);
	if (addr_is_v4(a))
		fprintf(out, "%s:%u", text, port);
	else
		fprintf(out, "[%s]:%u", text, port);
}

static void print_time(FILE *out, int64_t time_us)
{
	char text[EVENT_TIME_TEXT];

	*strchr(event_time_text(time_us, text), 'T') = ' ';
	fprintf(out, "%s ", text);
}

static void print_diag(FILE *out, const struct reset_reading *r)
{
	const char *name_03 = reset_code_name_03(r->code), *name_02 = reset_code_name_02(r->code);

	fprintf(out, " code %u pen %u", r->code, r->pen);
	if (r->pen == 0 && r->format == RESET_FORMAT_RECORD)
		fprintf(out, " (-03: %s; -02: %s)", name_03 ? name_03 : "unassigned",
			name_02 ? name_02 : "unassigned");
}

/* What it is taken for, and why. */
static void print_evidence(FILE *out, const struct event_reset *r)
{
	const struct reset_reading *reading = &r->reading;
	const char *before = " signs ";

	if (reading->ours)
		fputs(" (ours)", out);
	for (int i = 0; i < RESET_SIGNS; i++) {
		if (!(reading->signs & 1u << i))
			continue;
		fprintf(out, "%s%s", before, reset_sign_name((enum reset_sign)i));
		before = ",";
	}
	if (r->has_ttl_delta && r->ttl_delta != 0)
		fprintf(out, " ttl %u (%+d)", r->ttl, r->ttl_delta);
	if (reading->pattern[0] != '\0')
		fprintf(out, " after %s", reading->pattern);
	if (reading->quiet_us >= 1000000)
		fprintf(out, " quiet %u s", (unsigned)(reading->quiet_us / 1000000));
}

static void print_payload(FILE *out, const struct event_reset *r, bool color)
{
	const struct reset_reading *reading = &r->reading;

	if (reading->class == RESET_CLASS_NONE)
		return;
	fprintf(out, " %s/%s, %u octets", reset_class_name(reading->class),
		reset_format_name(reading->format), r->payload_len);
	if (reading->class == RESET_CLASS_DIAG)
		print_diag(out, reading);
	if (reading->format == RESET_FORMAT_KERNEL_REASON)
		fprintf(out, " reason %u of its kernel", reading->code);
	if (reading->invalid_diag)
		fputs(" (invalid diagnostic record)", out);
	if (reading->text[0] == '\0')
		return;
	fputs(": \"", out);
	paint(out, color, "1", reading->text);
	fprintf(out, "\"%s", reading->text_truncated ? "..." : "");
}

void print_reset(const struct event *e, bool color, FILE *out)
{
	const struct event_reset *r = &e->reset;
	const struct reset_reading *reading = &r->reading;

	print_time(out, e->time_us);
	print_address(out, &e->tuple.src, e->tuple.sport);
	fputs(" > ", out);
	print_address(out, &e->tuple.dst, e->tuple.dport);
	fprintf(out, " seq %u%s ack %u", r->seq, r->seq == 0 ? " (zero)" : "", r->ack);
	if (r->went_on)
		fputs(" told again", out);
	else
		fprintf(out, " stage %s", reset_stage_name(reading->stage));
	fputs(" kind ", out);
	paint(out, color, kind_colors[reading->kind], reset_kind_name(reading->kind));
	print_evidence(out, r);
	print_payload(out, r, color);
	fputc('\n', out);
}
