/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Payloads of resets, behind data that the flow had carried: nothing of them reaches a log, a terminal, a capture's
 * comment or the page but as printable ASCII. The first octet says how much is data of the flow.
 */
#include "cli/observe.h"
#include "cli/report.h"
#include "events/json.h"
#include "policy/judge.h"
#include "tests/unit/segment.h"

static struct policy *policy;
static struct judge *judge; /* each input opens its flow anew */
static size_t plain_marks;  /* of a page without any text */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_printable(const char *text, size_t len, bool lines)
{
	for (size_t i = 0; i < len; i++) {
		if ((text[i] < 0x20 || text[i] > 0x7e) && !(lines && (text[i] == '\n' || text[i] == '\t')))
			abort();
	}
}

static void set_up(void)
{
	static const char text[] = "log { pcap \"x\" resets }\npolicy forward { default accept }\n";
	struct source source = { .name = "fuzz", .text = { (const uint8_t *)text, sizeof(text) - 1 } };
	static struct diags diags;
	struct flow_limits limits = judge_default_limits;

	limits.flows = 4;
	limits.streams = 1;
	policy = policy_parse(&source, NULL, &diags);
	judge = judge_new(&limits, NULL);
}

static size_t count_marks(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '<' || *text == '>';
	return n;
}

/* A page in which @text is everywhere: as two events of a log have it. */
static size_t make_page(const char *text)
{
	struct report r = { .blocks_max = 5 };
	json_t *block = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "src_ip", text, "block", "id", text, "rule", text,
				  "text", text, "host", text, "reason", text);
	json_t *reset = json_pack("{s:s, s:{s:s, s:s, s:[s]}}", "src_ip", text, "reset", "kind", text, "text", text,
				  "signs", text);
	char *lines[2] = { json_dumps(block, 0), json_dumps(reset, 0) };
	size_t len, marks;
	char *page;
	FILE *out = open_memstream(&page, &len);

	if (!report_init(&r))
		abort();
	for (int i = 0; i < 2; i++) {
		if (lines[i] != NULL) /* UTF-8 */
			report_take(&r, lines[i]);
		free(lines[i]);
	}
	json_decref(block);
	json_decref(reset);
	if (!report_write(&r, text, out))
		abort();
	fclose(out);
	expect_printable(page, len, true);
	marks = count_marks(page);
	free(page);
	report_free(&r);
	return marks;
}

static void check_event(const struct event *e)
{
	char line[JSON_LINE_MAX], *shown;
	size_t len;
	FILE *out;
	json_t *again;

	if (e->type == EVENT_PACKET) {
		expect_printable(e->packet.comment, strlen(e->packet.comment), false);
		return;
	}
	len = json_format(e, line);
	if (len == 0)
		abort();
	expect_printable(line, len, false);
	again = json_loads(line, 0, NULL);
	if (again == NULL)
		abort();
	json_decref(again);
	out = open_memstream(&shown, &len);
	print_reset(e, false, out);
	fclose(out);
	expect_printable(shown, len - 1, false);
	free(shown);
}

static void feed(int64_t now, struct segment s)
{
	struct event list[EVENTS_PER_PACKET];
	struct judgement j;
	struct judge_input in = { .now_us = now, .iif = "a", .oif = "b", .checksum_ready = true, .sees_all = true };
	unsigned n;

	s.sport = 40000;
	s.dport = 25;
	in.ip = segment_build(s);
	judge_packet(judge, policy, &in, &j);
	n = events_list(&j, policy, &in, now, list);
	for (unsigned i = 0; i < n; i++)
		check_event(&list[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int64_t start;
	size_t spoken = size > 0 ? data[0] % (size + 1) : 0;
	struct bytes all = { data, size };
	char text[512];

	if (policy == NULL) {
		set_up();
		plain_marks = make_page("x");
	}
	start += 10000000;
	feed(start + 1000, (struct segment){ .seq = 1, .flags = TCP_SYN });
	feed(start + 2000, (struct segment){ .reply = true, .seq = 1, .ack = 2, .flags = TCP_SYN | TCP_ACK });
	feed(start + 3000, (struct segment){ .seq = 2, .ack = 2, .flags = TCP_ACK });
	feed(start + 4000, (struct segment){ .reply = true, .seq = 2, .ack = 2, .flags = TCP_ACK, .payload = bytes_cut(all, 1, spoken) });
	feed(start + 5000, (struct segment){ .reply = true, .seq = 2 + (uint32_t)spoken, .ack = 2, .flags = TCP_RST | TCP_ACK, .payload = bytes_cut(all, 1 + spoken, size) });
	feed(start + 6000, (struct segment){ .seq = 2, .ack = 2, .flags = TCP_RST, .payload = bytes_cut(all, 1, size) });
	size = size < sizeof(text) ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (text[0] != '\0' && size % 4 == 0 && make_page(text) > plain_marks)
		abort();
	return 0;
}
