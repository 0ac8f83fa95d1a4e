/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/sink.h"

#include "events/json.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

struct sinks {
	char *path;	 /* NULL: standard output */
	char *pcap_path; /* NULL: no captures */
	uint64_t rotate_size;
	unsigned rotate_keep;
	FILE *out;
	uint64_t size; /* of the file */
	int facility;  /* -1: no syslog */
	pcap_t *dead;
	pcap_dumper_t *pcap;
	bool complained;
};

static const struct {
	const char *name;
	int facility;
} facilities[] = {
	{ "daemon", LOG_DAEMON },     { "user", LOG_USER },	{ "auth", LOG_AUTH },
	{ "authpriv", LOG_AUTHPRIV }, { "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 },     { "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 },     { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};

static void complain(struct sinks *s, const char *what, const char *name, const char *why)
{
	if (!s->complained)
		fprintf(stderr, "epitaph: %s %s: %s; events are lost until it works again\n", what,
			name, why);
	s->complained = true;
}

static const char *name_of(const struct sinks *s)
{
	return s->path ? s->path : "standard output";
}

static int open_file(struct sinks *s)
{
	FILE *f = s->path ? fopen(s->path, "ae") : stdout;
	off_t size;

	if (f == NULL)
		return -errno;
	size = s->path && fseeko(f, 0, SEEK_END) == 0 ? ftello(f) : 0;
	s->size = size > 0 ? (uint64_t)size : 0;
	s->out = f;
	return 0;
}

static bool open_pcap(struct sinks *s)
{
	const char *path = s->pcap_path;

	if (path == NULL)
		return true;
	if (s->dead == NULL)
		s->dead = pcap_open_dead(DLT_RAW, EVENT_SNAP);
	if (s->dead != NULL)
		s->pcap = access(path, F_OK) == 0 ? pcap_dump_open_append(s->dead, path)
						  : pcap_dump_open(s->dead, path);
	if (s->pcap == NULL)
		complain(s, "cannot open", path, s->dead ? pcap_geterr(s->dead) : "no memory");
	return s->pcap != NULL;
}

static void open_syslog(struct sinks *s, const char *name)
{
	s->facility = -1;
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (name != NULL && strcmp(facilities[i].name, name) == 0)
			s->facility = facilities[i].facility;
	}
	if (s->facility >= 0)
		openlog("epitaph", LOG_PID | LOG_NDELAY, s->facility);
}

int sinks_open(const char *path, const struct log_settings *settings, struct sinks **out)
{
	struct sinks *s = calloc(1, sizeof(*s));
	int result = -ENOMEM;

	if (s == NULL)
		return -ENOMEM;
	s->rotate_size = settings->rotate_size;
	s->rotate_keep = settings->rotate_keep;
	s->path = path ? strdup(path) : NULL;
	s->pcap_path = settings->pcap ? strdup(settings->pcap) : NULL;
	open_syslog(s, settings->syslog);
	if ((path == NULL || s->path != NULL) && (settings->pcap == NULL || s->pcap_path != NULL))
		result = open_file(s);
	if (result == 0 && !open_pcap(s))
		result = -EIO;
	if (result == 0)
		*out = s;
	else
		sinks_close(s);
	return result;
}

static void close_files(struct sinks *s)
{
	if (s->out != NULL && s->out != stdout)
		fclose(s->out);
	s->out = NULL;
	if (s->pcap != NULL)
		pcap_dump_close(s->pcap);
	s->pcap = NULL;
}

void sinks_close(struct sinks *s)
{
	close_files(s);
	if (s->dead != NULL)
		pcap_close(s->dead);
	if (s->facility >= 0)
		closelog();
	free(s->path);
	free(s->pcap_path);
	free(s);
}

void sinks_reopen(struct sinks *s)
{
	close_files(s);
	s->complained = false;
	if (open_file(s) != 0)
		complain(s, "cannot open", name_of(s), strerror(errno));
	open_pcap(s);
}

/* "events.json" becomes "events.json.1", that one ".2", and so on; the oldest goes. */
static void rotate(struct sinks *s)
{
	size_t room = strlen(s->path) + 8;
	char *from = malloc(room), *to = malloc(room);
	bool failed = from == NULL || to == NULL;

	fclose(s->out);
	s->out = NULL;
	for (unsigned i = s->rotate_keep; i > 0 && !failed; i--) {
		snprintf(to, room, "%s.%u", s->path, i);
		if (i > 1)
			snprintf(from, room, "%s.%u", s->path, i - 1);
		else
			snprintf(from, room, "%s", s->path);
		failed = rename(from, to) != 0 && errno != ENOENT;
	}
	if (failed)
		complain(s, "cannot rotate", s->path, strerror(errno));
	free(from);
	free(to);
	if (open_file(s) != 0)
		complain(s, "cannot open", s->path, strerror(errno));
	else if (failed)
		s->size = 0; /* not at every event anew */
}

static bool write_packet(struct sinks *s, const struct event *e)
{
	struct pcap_pkthdr header = {
		.ts = { .tv_sec = e->time_us / 1000000, .tv_usec = e->time_us % 1000000 },
		.caplen = e->packet.len,
		.len = e->packet.full_len,
	};

	if (s->pcap == NULL)
		return false;
	pcap_dump((u_char *)s->pcap, &header, e->packet.octets);
	return true;
}

bool sinks_write(struct sinks *s, const struct event *e)
{
	char line[JSON_LINE_MAX];
	size_t len;

	if (e->type == EVENT_PACKET)
		return write_packet(s, e);
	len = json_format(e, line);
	if (len == 0)
		return false;
	if (s->facility >= 0)
		syslog(LOG_INFO, "%s", line);
	if (s->out == NULL)
		return false;
	line[len++] = '\n';
	if (fwrite(line, 1, len, s->out) != len) {
		complain(s, "cannot write to", name_of(s), strerror(errno));
		return false;
	}
	s->size += len;
	if (s->rotate_size > 0 && s->path != NULL && s->size >= s->rotate_size)
		rotate(s);
	return true;
}

bool sinks_flush(struct sinks *s)
{
	bool good = s->out != NULL && fflush(s->out) == 0;

	if (s->out != NULL && !good) {
		complain(s, "cannot write to", name_of(s), strerror(errno));
		clearerr(s->out);
	}
	if (s->pcap != NULL && pcap_dump_flush(s->pcap) != 0)
		complain(s, "cannot write to", s->pcap_path, strerror(errno));
	return good;
}
