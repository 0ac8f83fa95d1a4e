/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/datagrams.h"

#include "events/json.h"
#include "tcp/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum {
	HOST_MAX = 255, /* RFC 5424 6 */
	HEAD_MAX = 512,
	FIELDS_MAX = 1024,
	RETRY_US = 1000000,
};

struct datagrams {
	enum datagram_format format;
	char *to;
	int facility;
	int fd; /* -1: not connected */
	int64_t tried_us;
	bool complained;
	char host[HOST_MAX + 1];
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

int syslog_facility(const char *name)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (strcmp(facilities[i].name, name) == 0)
			return facilities[i].facility;
	}
	return -1;
}

static socklen_t udp_address(const char *to, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;
	struct ip_addr a;
	uint16_t port;
	int family = addr_parse_port(to, &a, &port);

	memset(out, 0, sizeof(*out));
	if (family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, a.b + 12, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, a.b, 16);
	return family == 6 ? sizeof(*v6) : 0;
}

static socklen_t address_of(const char *to, struct sockaddr_storage *out)
{
	struct sockaddr_un *local = (void *)out;

	if (to[0] != '/')
		return udp_address(to, out);
	memset(out, 0, sizeof(*out));
	if (strlen(to) >= sizeof(local->sun_path))
		return 0;
	local->sun_family = AF_UNIX;
	strcpy(local->sun_path, to); /* it fits */
	return sizeof(*local);
}

struct datagrams *datagrams_new(enum datagram_format format, const char *to, int facility)
{
	struct datagrams *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->format = format;
	d->facility = facility;
	d->fd = -1;
	d->tried_us = INT64_MIN / 2;
	d->to = strdup(to);
	if (d->to == NULL) {
		free(d);
		return NULL;
	}
	if (gethostname(d->host, HOST_MAX) != 0 || d->host[0] == '\0')
		strcpy(d->host, "-");
	return d;
}

void datagrams_free(struct datagrams *d)
{
	if (d == NULL)
		return;
	if (d->fd >= 0)
		close(d->fd);
	free(d->to);
	free(d);
}

/* Not more than once a second while nobody listens. */
static bool is_open(struct datagrams *d, int64_t now_us)
{
	struct sockaddr_storage a;
	socklen_t len;

	if (d->fd >= 0)
		return true;
	errno = ENOTCONN;
	if (now_us - d->tried_us < RETRY_US && now_us >= d->tried_us)
		return false;
	d->tried_us = now_us;
	len = address_of(d->to, &a);
	d->fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd >= 0 && connect(d->fd, (struct sockaddr *)&a, len) == 0)
		return true;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	return false;
}

/* How urgent it is, as syslog and journald number it. */
static int severity_of(const struct event *e)
{
	if (e->type == EVENT_BLOCK)
		return LOG_NOTICE;
	if (e->type != EVENT_POLICY)
		return LOG_INFO;
	return e->policy.result == POLICY_REFUSED    ? LOG_ERR
	       : e->policy.result == POLICY_RETURNED ? LOG_WARNING
						     : LOG_INFO;
}

/* RFC 5424: <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA */
static size_t syslog_head(const struct datagrams *d, const struct event *e, char out[HEAD_MAX])
{
	char time[EVENT_TIME_TEXT];

	return (size_t)snprintf(out, HEAD_MAX, "<%d>1 %sZ %s epitaph %d %s - ",
				d->facility | severity_of(e), event_time_text(e->time_us, time),
				d->host, (int)getpid(), event_type_name(e->type));
}

static size_t add_field(char *out, size_t used, const char *name, const char *value)
{
	if (value[0] == '\0' || used + strlen(name) + strlen(value) + 2 > FIELDS_MAX)
		return used;
	return used + (size_t)sprintf(out + used, "%s=%s\n", name, value);
}

/* The native protocol: lines NAME=VALUE; no value of ours has a newline in it. */
static size_t journal_fields(const struct event *e, char out[FIELDS_MAX])
{
	char address[ADDR_STRLEN];
	size_t used = (size_t)snprintf(out, FIELDS_MAX, "PRIORITY=%d\nSYSLOG_IDENTIFIER=epitaph\n",
				       severity_of(e));

	used = add_field(out, used, "EPITAPH_EVENT_TYPE", event_type_name(e->type));
	if (e->type == EVENT_BLOCK || e->type == EVENT_LOG) {
		used = add_field(out, used, "EPITAPH_ID", e->block.id);
		used = add_field(out, used, "EPITAPH_RULE", e->block.rule);
		used = add_field(out, used, "EPITAPH_ACTION", action_name(e->block.action));
	}
	if (e->type == EVENT_RESET)
		used = add_field(out, used, "EPITAPH_KIND", reset_kind_name(e->reset.reading.kind));
	if (e->tuple.family != 0) {
		used = add_field(out, used, "EPITAPH_SRC_IP", addr_format(&e->tuple.src, address));
		used = add_field(out, used, "EPITAPH_DEST_IP", addr_format(&e->tuple.dst, address));
	}
	memcpy(out + used, "MESSAGE=", 8);
	return used + 8;
}

bool datagrams_send(struct datagrams *d, const struct event *e, const char *json)
{
	char head[FIELDS_MAX + 8];
	size_t len = d->format == DATAGRAM_SYSLOG     ? syslog_head(d, e, head)
		     : d->format == DATAGRAM_JOURNALD ? journal_fields(e, head)
						      : 0;
	struct iovec parts[] = { { head, len },
				 { (void *)(uintptr_t)json, strlen(json) },
				 { (char[]){ '\n' }, d->format == DATAGRAM_JOURNALD } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 3 };

	if (is_open(d, e->time_us)) {
		if (sendmsg(d->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
			d->complained = false;
			return true;
		}
		if (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) {
			close(d->fd);
			d->fd = -1;
		}
	}
	if (!d->complained)
		fprintf(stderr,
			"epitaph: cannot send events to %s: %s; they are lost until it works again\n",
			d->to, strerror(errno));
	d->complained = true;
	return false;
}
