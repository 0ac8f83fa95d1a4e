/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/landing/landing.h"

#include "tcp/reset.h"

#include <pcap/pcap.h>
#include <stdlib.h>

enum { LINK_HEADER = 14, SNAP = 512, BUFFER = 64 << 20, SEEN_MAX = 16384, LINES = 64, LINE = 160 };

/* A segment, as much as a trace tells of it. */
struct seen {
	bool from_client, bad_checksum;
	uint8_t flags;
	uint32_t seq, ack, len;
	size_t text_len;
	uint8_t text[RESET_TEXT_MAX];
};

struct wire {
	pcap_t *pcap;
	pcap_dumper_t *file;
	const struct cell *cell;
	size_t count;
	struct seen seen[SEEN_MAX];
};

struct wire *wire_open(const char *name, const char *file)
{
	struct wire *w = calloc(1, sizeof(*w));
	char error[PCAP_ERRBUF_SIZE] = "";
	struct bpf_program filter;

	if (w == NULL)
		return NULL;
	w->pcap = pcap_create(name, error);
	if (w->pcap == NULL || pcap_set_snaplen(w->pcap, SNAP) != 0 || pcap_set_immediate_mode(w->pcap, 1) != 0 ||
	    pcap_set_buffer_size(w->pcap, BUFFER) != 0 || pcap_activate(w->pcap) < 0 ||
	    pcap_setnonblock(w->pcap, 1, error) != 0 || pcap_compile(w->pcap, &filter, "tcp or ip6", 1, 0) != 0 ||
	    pcap_setfilter(w->pcap, &filter) != 0) {
		fprintf(stderr, "landing: cannot capture on %s: %s%s\n", name, error, w->pcap ? pcap_geterr(w->pcap) : "");
		exit(2);
	}
	pcap_freecode(&filter);
	w->file = pcap_dump_open(w->pcap, file);
	return w;
}

void wire_close(struct wire *w)
{
	if (w->file != NULL)
		pcap_dump_close(w->file);
	pcap_close(w->pcap);
	free(w);
}

static void ignore(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	(void)user, (void)h, (void)bytes;
}

void wire_clear(struct wire *w)
{
	while (pcap_dispatch(w->pcap, -1, ignore, NULL) > 0)
		;
	w->count = 0;
}

static void take(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct wire *w = (struct wire *)user;
	struct packet p;
	struct seen *s;

	if (w->file != NULL)
		pcap_dump((u_char *)w->file, h, bytes);
	if (w->count == SEEN_MAX || h->caplen <= LINK_HEADER ||
	    packet_parse((struct bytes){ bytes + LINK_HEADER, h->caplen - LINK_HEADER }, &p) != PACKET_OK ||
	    !packet_is_tcp(&p) ||
	    (p.tuple.sport != w->cell->client_port && p.tuple.dport != w->cell->client_port))
		return;
	s = &w->seen[w->count++];
	*s = (struct seen){ .from_client = p.tuple.sport == w->cell->client_port, .flags = p.flags, .seq = p.seq,
			    .ack = p.ack, .len = p.payload_len };
	if ((p.flags & TCP_RST) && !p.truncated) {
		s->text_len = p.payload.len < sizeof(s->text) ? p.payload.len : sizeof(s->text);
		memcpy(s->text, p.payload.at, s->text_len);
		/* A bare RST is of an end's own kernel, which leaves the checksum to the card; ours is not. */
		s->bad_checksum = (p.flags & TCP_ACK) && !packet_checksum_ok(&p);
	}
}

void wire_read(struct wire *w, const struct cell *c)
{
	w->cell = c;
	while (pcap_dispatch(w->pcap, -1, take, (u_char *)w) > 0)
		;
}

bool wire_has_payload(const struct wire *w, struct bytes payload)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct seen *s = &w->seen[i];

		if ((s->flags & TCP_RST) && s->text_len == payload.len &&
		    memcmp(s->text, payload.at, payload.len) == 0)
			return true;
	}
	return false;
}

unsigned wire_bad_checksums(const struct wire *w)
{
	unsigned bad = 0;

	for (size_t i = 0; i < w->count; i++)
		bad += w->seen[i].bad_checksum;
	return bad;
}

static void put_flags(uint8_t flags, FILE *out)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} names[] = { { TCP_SYN, "SYN" }, { TCP_FIN, "FIN" }, { TCP_RST, "RST" }, { TCP_ACK, "ACK" } };
	const char *before = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].flag))
			continue;
		fprintf(out, "%s%s", before, names[i].name);
		before = "|";
	}
}

static void put_payload(const struct seen *s, FILE *out)
{
	bool text = s->text_len > 0;

	for (size_t i = 0; i < s->text_len; i++)
		text &= s->text[i] >= 0x20 && s->text[i] < 0x7f;
	fputs(s->text_len == 0 ? " empty" : text ? " \"" : " ", out);
	for (size_t i = 0; i < s->text_len; i++)
		fprintf(out, text ? "%c" : "%02x", s->text[i]);
	fputs(text ? "\"\n" : "\n", out);
}

/* Where the end is that the trace is of. */
struct at {
	bool acked, heard;
	uint32_t ack;	/* what it acknowledged last */
	uint32_t heard_ack; /* what it was told last that it is acknowledged */
};

static const char *relation(uint32_t number, bool known, uint32_t to)
{
	if (!known)
		return "unknown";
	return number == to ? "exact" : (int32_t)(number - to) < 0 ? "below" : "beyond";
}

/* One line of the trace; "" for what is left out. */
static void put_line(const struct seen *s, const struct at *at, bool out_going, bool noisy, FILE *out)
{
	bool reset = (s->flags & TCP_RST) != 0;
	bool exact = at->acked && s->seq == at->ack;

	/* Of what varies, only what we sent: bare ones are of the other end's kernel. */
	if (noisy ? !reset || !(s->flags & TCP_ACK) || out_going || !exact : s->len == 0 && !(s->flags & (TCP_SYN | TCP_FIN | TCP_RST)))
		return;
	fprintf(out, "%s ", out_going ? ">" : "<");
	put_flags(s->flags, out);
	if (!reset) {
		fprintf(out, s->len > 0 ? " data\n" : "\n");
		return;
	}
	fprintf(out, " seq %s", relation(s->seq, at->acked, at->ack));
	if (!noisy)
		fprintf(out, " ack %s", relation(s->ack, at->heard, at->heard_ack));
	put_payload(s, out);
}

static void follow(const struct seen *s, bool out_going, struct at *at)
{
	if (!(s->flags & TCP_ACK) || (s->flags & TCP_RST))
		return;
	if (out_going) {
		at->acked = true;
		at->ack = s->ack;
	} else {
		at->heard = true;
		at->heard_ack = s->ack;
	}
}

void wire_trace(const struct wire *w, enum side e, bool noisy, FILE *out)
{
	char lines[LINES][LINE];
	unsigned n = 0, k;
	struct at at = { .acked = false };

	for (size_t i = 0; i < w->count && n < LINES; i++) {
		const struct seen *s = &w->seen[i];
		bool out_going = s->from_client == (e == CLIENT);
		FILE *line = fmemopen(lines[n], LINE, "w");

		lines[n][0] = '\0';
		put_line(s, &at, out_going, noisy, line);
		fclose(line);
		follow(s, out_going, &at);
		for (k = 0; k < n && strcmp(lines[k], lines[n]) != 0; k++)
			;
		if (k == n && lines[n][0] != '\0')
			n++;
	}
	for (k = 0; k < n; k++)
		fprintf(out, out == stdout ? "#  %s" : "  %s", lines[k]);
}
