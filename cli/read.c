/* SPDX-License-Identifier: GPL-2.0-or-later */
/* List the resets of a capture. */
#include "cli/capture.h"
#include "cli/cli.h"

#include "events/json.h"

#include <time.h>

/* A policy that lets everything pass and logs every reset. */
static const char pass_all[] = "policy forward { default accept }\n";

static void print_address(const struct ip_addr *a, uint16_t port)
{
	char text[ADDR_STRLEN];

	addr_format(a, text);
	if (addr_is_v4(a))
		printf("%s:%u", text, port);
	else
		printf("[%s]:%u", text, port);
}

static void print_diag(const struct reset_reading *r)
{
	const char *name_03 = reset_code_name_03(r->code), *name_02 = reset_code_name_02(r->code);

	printf(" code %u pen %u", r->code, r->pen);
	if (r->pen == 0 && r->format == RESET_FORMAT_RECORD)
		printf(" (-03: %s; -02: %s)", name_03 ? name_03 : "unassigned",
		       name_02 ? name_02 : "unassigned");
}

static void print_line(const struct event *e)
{
	const struct event_reset *r = &e->reset;
	const struct reset_reading *reading = &r->reading;
	time_t s = (time_t)(e->time_us / 1000000);
	char clock[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s.%06u ", clock, (unsigned)(e->time_us % 1000000));
	print_address(&e->tuple.src, e->tuple.sport);
	printf(" > ");
	print_address(&e->tuple.dst, e->tuple.dport);
	printf(" seq %u%s ack %u stage %s kind %s", r->seq, r->seq == 0 ? " (zero)" : "", r->ack,
	       reset_stage_name(reading->stage), reset_kind_name(reading->kind));
	if (reading->class != RESET_CLASS_NONE)
		printf(" %s/%s, %u octets", reset_class_name(reading->class),
		       reset_format_name(reading->format), r->payload_len);
	if (reading->class == RESET_CLASS_DIAG)
		print_diag(reading);
	if (reading->invalid_diag)
		printf(" (invalid diagnostic record)");
	if (reading->text[0] != '\0')
		printf(": \"%s\"%s", reading->text, reading->text_truncated ? "..." : "");
	putchar('\n');
}

int command_read(const struct cli_args *args)
{
	struct source source = { .name = "built in",
				 .text = { (const uint8_t *)pass_all, sizeof(pass_all) - 1 } };
	static struct diags diags;
	struct policy *p = policy_parse(&source, NULL, &diags);
	struct judge *judge = p ? judge_new(&judge_default_limits, NULL) : NULL;
	struct capture *in = judge ? capture_open(args->operand) : NULL;
	struct judge_input input = { .iif = "", .oif = "", .checksum_ready = true };
	int got = -1;

	while (in != NULL && (got = capture_next(in, &input.ip, &input.now_us)) == 1) {
		struct event list[EVENTS_PER_PACKET];
		struct judgement j;
		unsigned n;

		judge_packet(judge, p, &input, &j);
		n = events_list(&j, p, &input, input.now_us, list);
		for (unsigned i = 0; i < n; i++) {
			if (args->value[READ_JSON] != NULL)
				json_write(&list[i], stdout);
			else
				print_line(&list[i]);
		}
		judge_expire(judge, input.now_us);
	}
	capture_close(in);
	judge_free(judge);
	policy_free(p);
	diags_clear(&diags);
	return got == 0 ? EXIT_DONE : EXIT_FOUND;
}
