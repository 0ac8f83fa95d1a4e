/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page itself. Whatever came from the log is put into it by html() or json_data(), as text; the only script is
 * ours, which the page's own policy names by its hash, so that nothing else would run if it got in.
 */
#include "cli/report.h"

#include <inttypes.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BUCKETS = 96,
	SHOWN = 10,
	WIDTH = 960,
	HEIGHT = 180,
	LEFT = 44,
	FOOT = 20,
	HASH_TEXT = 48, /* SHA-256 in base 64 */
};

/* The style and the script, as they are beside this file. */
__asm__(".section .rodata\n"
	".global report_css\nreport_css:\n.incbin \"cli/report.css\"\n.byte 0\n"
	".global report_js\nreport_js:\n.incbin \"cli/report.js\"\n.byte 0\n"
	".previous\n");
extern const char report_css[], report_js[];

static const struct {
	const char *title;
	bool resets; /* counts those that passed, not blocks */
} lists[REPORT_LISTS] = {
	[BY_RULE] = { "Blocks by rule", false },
	[BY_CLIENT] = { "Blocks by client", false },
	[BY_HOST] = { "Blocks by name asked for", false },
	[BY_DESTINATION] = { "Blocks by destination", false },
	[BY_REASON] = { "Blocks by reason", false },
	[BY_WOULD] = { "Would be blocked, by rule in shadow", false },
	[BY_KIND] = { "Resets that passed, by kind", true },
	[BY_SENDER] = { "Resets that passed, by sender", true },
	[BY_TEXT] = { "What resets said (not authenticated)", true },
	[BY_SIGN] = { "Signs of a forger", true },
};

static const char *const series_class[REPORT_SERIES] = { "block", "would", "reset" };

static void html(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e ? '?'
											 : *text,
			      out);
		}
	}
}

/* JSON inside of an element: no octet of it can end that. */
static bool json_data(const json_t *data, FILE *out)
{
	char *text = json_dumps(data, JSON_COMPACT | JSON_ENSURE_ASCII);

	for (const char *c = text; c != NULL && *c != '\0'; c++) {
		if (*c == '<' || *c == '>' || *c == '&')
			fprintf(out, "\\u%04x", *c);
		else
			fputc(*c, out);
	}
	free(text);
	return text != NULL;
}

/* RFC 4648 4, of the script's SHA-256, as a Content-Security-Policy names it. */
static void script_hash(char out[HASH_TEXT])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t hash[SHA256_DIGEST_LENGTH + 1] = { 0 };
	SHA2_CTX c;
	size_t n = 0;

	SHA256Init(&c);
	SHA256Update(&c, (const uint8_t *)report_js, strlen(report_js));
	SHA256Final(hash, &c);
	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i += 3) {
		uint32_t three = (uint32_t)hash[i] << 16 | (uint32_t)hash[i + 1] << 8 |
				 (i + 2 < SHA256_DIGEST_LENGTH ? hash[i + 2] : 0u);

		for (int shift = 18; shift >= 0; shift -= 6)
			out[n++] = digits[three >> shift & 63];
	}
	out[n - 1] = '='; /* two octets in the last group */
	out[n] = '\0';
}

static void format_time(int64_t s, const char *format, char out[32])
{
	time_t t = (time_t)s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 32, format, &tm);
}

struct buckets {
	int64_t first, step; /* seconds */
	uint64_t count[BUCKETS][REPORT_SERIES];
	uint64_t most; /* of one, all series together */
};

static void fill_buckets(const struct report *r, struct buckets *b)
{
	int64_t last = 0;

	memset(b, 0, sizeof(*b));
	for (size_t i = 0; i < r->points; i++) {
		int64_t t = r->point[i].time_s;

		b->first = i == 0 || t < b->first ? t : b->first;
		last = i == 0 || t > last ? t : last;
	}
	b->step = (last - b->first) / BUCKETS + 1;
	for (size_t i = 0; i < r->points; i++) {
		const struct report_point *p = &r->point[i];

		b->count[(p->time_s - b->first) / b->step][p->series] += p->count;
	}
	for (int i = 0; i < BUCKETS; i++) {
		uint64_t sum = 0;

		for (int s = 0; s < REPORT_SERIES; s++)
			sum += b->count[i][s];
		b->most = sum > b->most ? sum : b->most;
	}
}

static void write_axes(const struct buckets *b, FILE *out)
{
	const char *format = b->step * BUCKETS > 2 * 86400 ? "%Y-%m-%d" : "%H:%M:%S";
	char text[32];

	fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", LEFT, HEIGHT - FOOT, WIDTH,
		HEIGHT - FOOT);
	fprintf(out, "<text x=\"0\" y=\"12\">%" PRIu64 "</text><text x=\"0\" y=\"%d\">0</text>",
		b->most, HEIGHT - FOOT);
	for (int i = 0; i < 4; i++) {
		format_time(b->first + b->step * BUCKETS * i / 4, format, text);
		fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>", LEFT + (WIDTH - LEFT) * i / 4,
			HEIGHT - 4, text);
	}
}

static void write_chart(const struct report *r, FILE *out)
{
	double width = (double)(WIDTH - LEFT) / BUCKETS, room = HEIGHT - FOOT - 4;
	struct buckets b;
	char text[32];

	fill_buckets(r, &b);
	fputs("<section class=\"wide\"><h2>Over time (UTC) <span class=\"key dim\"><i class=\"block\"></i>blocked"
	      "<i class=\"would\"></i>would be blocked<i class=\"reset\"></i>resets that passed</span></h2>",
	      out);
	fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"events over time\">",
		WIDTH, HEIGHT);
	for (int i = 0; i < BUCKETS && b.most > 0; i++) {
		double y = HEIGHT - FOOT;

		for (int s = 0; s < REPORT_SERIES; s++) {
			double h = (double)b.count[i][s] * room / (double)b.most;

			if (b.count[i][s] == 0)
				continue;
			y -= h;
			format_time(b.first + b.step * i, "%Y-%m-%d %H:%M:%S", text);
			fprintf(out,
				"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s: "
				"%" PRIu64 "</title></rect>",
				series_class[s], LEFT + i * width, y, width - 1, h, text,
				b.count[i][s]);
		}
	}
	write_axes(&b, out);
	fputs("</svg></section>\n", out);
}

static void write_list(const struct report *r, enum report_list list, FILE *out)
{
	uint64_t others;
	size_t n;
	struct counts_row *rows = counts_top(r->list[list], SHOWN, &n, &others);

	if (rows != NULL && n > 0) {
		fprintf(out, "<section%s><h2>%s</h2><table>",
			lists[list].resets ? " class=\"resets\"" : "", lists[list].title);
		for (size_t i = 0; i < n; i++) {
			fprintf(out,
				"<tr><td class=\"n\">%" PRIu64
				"</td><td class=\"bar\"><span style=\"width:%.1f%%\">"
				"</span></td><td>",
				rows[i].count,
				100.0 * (double)rows[i].count / (double)rows[0].count);
			html(rows[i].key, out);
			fputs("</td></tr>", out);
		}
		if (others > 0)
			fprintf(out,
				"<tr><td class=\"n\">%" PRIu64
				"</td><td></td><td class=\"dim\">others</td></tr>",
				others);
		fputs("</table></section>\n", out);
	}
	free(rows);
}

static void write_head(const struct report *r, const char *source, FILE *out)
{
	char hash[HASH_TEXT];

	script_hash(hash);
	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
		"script-src 'sha256-%s'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\"><title>epitaph: what was blocked, and why</title>\n"
		"<style>\n%s</style></head><body>\n<h1>What was blocked, and why</h1>\n<p class=\"dim\">",
		hash, report_css);
	html(source, out);
	fprintf(out, ", %" PRIu64 " events</p>\n<div class=\"totals\">", r->events);
	fprintf(out,
		"<div><b>%" PRIu64 "</b>blocked</div><div><b>%" PRIu64
		"</b>would be blocked (rules in shadow)</div>"
		"<div><b>%" PRIu64 "</b>answers held back by the reply limit</div>"
		"<div><b>%" PRIu64 "</b>resets that passed</div></div>\n",
		r->total[SERIES_BLOCK], r->total[SERIES_WOULD], r->suppressed,
		r->total[SERIES_RESET] - r->ours);
}

static bool write_blocks(const struct report *r, FILE *out)
{
	bool good;

	fputs("<section class=\"wide\"><h2>Find a block</h2>\n<input id=\"search\" type=\"search\" placeholder=\"event id "
	      "(E=... in the reset's text), client, name, rule\" aria-label=\"search\">\n<p class=\"dim\"><span "
	      "id=\"said\"></span>",
	      out);
	if (r->blocks_left_out > 0)
		fprintf(out, "; %zu older ones are not in this page", r->blocks_left_out);
	fputs("</p><table><thead><tr><th>time</th><th>event</th><th>rule</th><th>action</th><th>client</th>"
	      "<th>destination</th><th>name</th><th>text</th><th>sent to</th><th>times</th></tr></thead>"
	      "<tbody id=\"found\"></tbody></table><noscript>Searching needs JavaScript.</noscript></section>\n"
	      "<script type=\"application/json\" id=\"data\">",
	      out);
	good = json_data(r->blocks, out);
	fprintf(out, "</script>\n<script>%s</script></body></html>\n", report_js);
	return good;
}

bool report_write(const struct report *r, const char *source, FILE *out)
{
	bool good;

	write_head(r, source, out);
	write_chart(r, out);
	fputs("<div class=\"grid\">\n", out);
	for (int i = 0; i < REPORT_LISTS; i++)
		write_list(r, (enum report_list)i, out);
	fputs("</div>\n", out);
	good = write_blocks(r, out);
	return fflush(out) == 0 && good && !ferror(out);
}
