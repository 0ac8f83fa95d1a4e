/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/sink.h"

#include "events/datagrams.h"
#include "events/files.h"
#include "events/json.h"
#include "events/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SYSLOG_SOCKET "/dev/log"
#define JOURNALD_SOCKET "/run/systemd/journal/socket"

enum { TARGETS = LOST_BY_SOCKET - LOST_BY_SYSLOG + 1 };

struct sinks {
	struct file *out, *pcap;	   /* pcap may be NULL */
	struct datagrams *target[TARGETS]; /* syslog, journald, socket; NULL: not wanted */
};

/* What is asked for but not there is for lack of memory. */
static int open_targets(struct sinks *s, const struct log_settings *l)
{
	const char *syslog_to = l->syslog_to ? l->syslog_to : SYSLOG_SOCKET;
	struct datagrams **t = s->target;

	if (l->syslog != NULL &&
	    (t[0] = datagrams_new(DATAGRAM_SYSLOG, syslog_to, syslog_facility(l->syslog))) == NULL)
		return -ENOMEM;
	if (l->journald && (t[1] = datagrams_new(DATAGRAM_JOURNALD, JOURNALD_SOCKET, 0)) == NULL)
		return -ENOMEM;
	if (l->socket != NULL && (t[2] = datagrams_new(DATAGRAM_JSON, l->socket, 0)) == NULL)
		return -ENOMEM;
	return 0;
}

int sinks_open(const char *path, const struct log_settings *settings, struct sinks **out)
{
	struct sinks *s = calloc(1, sizeof(*s));
	struct log_file file = settings->file;
	struct file_start start = pcapng_start();
	int result;

	if (s == NULL)
		return -ENOMEM;
	file.path = (char *)(uintptr_t)path;
	result = file_open(&file, settings->reserve, NULL, &s->out);
	if (result == 0 && settings->pcap.path != NULL) {
		result = file_open(&settings->pcap, settings->reserve, &start, &s->pcap);
		if (result != 0)
			fprintf(stderr, "epitaph: cannot append to %s: %s\n", settings->pcap.path,
				result == -EEXIST ? "it is no pcapng file of epitaph's"
						  : strerror(-result));
	}
	if (result == 0)
		result = open_targets(s, settings);
	if (result == 0)
		*out = s;
	else
		sinks_close(s);
	return result;
}

void sinks_close(struct sinks *s)
{
	file_close(s->out);
	file_close(s->pcap);
	for (int i = 0; i < TARGETS; i++)
		datagrams_free(s->target[i]);
	free(s);
}

void sinks_reopen(struct sinks *s)
{
	file_reopen(s->out);
	if (s->pcap != NULL)
		file_reopen(s->pcap);
}

static bool write_packet(struct sinks *s, const struct event *e)
{
	uint8_t block[PCAPNG_BLOCK_MAX];
	const struct event_packet *p = &e->packet;

	return s->pcap != NULL && file_write(s->pcap, block,
					     pcapng_packet(e->time_us, p->octets, p->len,
							   p->full_len, p->comment, block));
}

/* While nobody reads, events are not even written down. */
static bool has_taker(const struct sinks *s)
{
	for (int i = 0; i < TARGETS; i++) {
		if (s->target[i] != NULL)
			return true;
	}
	return file_has_room(s->out, JSON_LINE_MAX);
}

void sinks_write(struct sinks *s, const struct event *e, uint64_t lost[EVENT_LOSSES])
{
	char line[JSON_LINE_MAX];
	size_t len;

	if (e->type == EVENT_PACKET) {
		lost[LOST_BY_PCAP] += !write_packet(s, e);
		return;
	}
	if (!has_taker(s)) {
		lost[LOST_BY_FILE]++;
		return;
	}
	len = json_format(e, line);
	for (int i = 0; i < TARGETS; i++) {
		if (s->target[i] != NULL)
			lost[LOST_BY_SYSLOG + i] += len == 0 ||
						    !datagrams_send(s->target[i], e, line);
	}
	line[len++] = '\n';
	lost[LOST_BY_FILE] += len == 1 || !file_write(s->out, line, len);
}

void sinks_flush(struct sinks *s)
{
	file_flush(s->out);
	if (s->pcap != NULL)
		file_flush(s->pcap);
}

int sinks_wait_for(const struct sinks *s)
{
	return file_waits_for(s->out);
}
