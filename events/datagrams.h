/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as datagrams: to a syslog daemon (RFC 5424), to journald by its native protocol, to any UNIX socket as JSON. */
#ifndef EPITAPH_EVENTS_DATAGRAMS_H
#define EPITAPH_EVENTS_DATAGRAMS_H

#include "events/event.h"

enum datagram_format {
	DATAGRAM_JSON,
	DATAGRAM_SYSLOG,
	DATAGRAM_JOURNALD,
};

struct datagrams;

/* For @to: the path of a socket, or "ADDRESS:PORT" for UDP. The socket is opened when there is something to send, and
 * anew when it goes away. @facility is of syslog. NULL without memory. The caller owns it. */
struct datagrams *datagrams_new(enum datagram_format format, const char *to, int facility);
void datagrams_free(struct datagrams *d);

/* Send @e, which is @json as JSON, without waiting. False when it was not taken; that is said once on standard error,
 * until it works again. */
bool datagrams_send(struct datagrams *d, const struct event *e, const char *json);

/* The number of a syslog facility by its name, -1 when there is none (RFC 5424 6.2.1). */
int syslog_facility(const char *name);

#endif
