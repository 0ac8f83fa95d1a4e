/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/live.h"

#include "cli/capture.h"
#include "cli/sockaddr.h"
#include "tcp/packet.h"

#include <ifaddrs.h>
#include <stdlib.h>

/* An IPv6 header may be followed by others, which BPF does not look behind: those come, too. */
#define OPENS_OR_ENDS                                                                              \
	"(ip proto 6 and tcp[13] & 7 != 0) or "                                                    \
	"(ip6 and ((ip6[6] == 6 and ip6[53] & 7 != 0) or ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 60))"
#define ALL_OF_TCP "ip proto 6 or ip6"

enum {
	RECENT = 64,	     /* resets that were seen last */
	SAME_US = 100000,    /* how long a reset may take through this host */
	ADDRESSES_MAX = 256, /* of this host, that are known */
};

/* A reset, as it is the same on the next interface. */
struct seen {
	struct ip_tuple tuple;
	uint32_t seq, ack, payload_len, interface;
	uint8_t flags;
	int64_t us;
};

struct live {
	struct capture *in;
	struct ip_addr own[ADDRESSES_MAX];
	size_t owns;
	struct seen recent[RECENT];
	size_t recents;
};

static void learn_addresses(struct live *l)
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) != 0)
		return;
	for (const struct ifaddrs *i = list; i != NULL && l->owns < ADDRESSES_MAX;
	     i = i->ifa_next) {
		uint16_t none;

		if (i->ifa_addr != NULL && sockaddr_read(i->ifa_addr, &l->own[l->owns], &none))
			l->owns++;
	}
	freeifaddrs(list);
}

static bool is_own(const struct live *l, const struct ip_addr *a)
{
	for (size_t i = 0; i < l->owns; i++) {
		if (addr_equal(&l->own[i], a))
			return true;
	}
	return false;
}

/* Whether the reset came by another interface just before: it is on its way through this host. */
static bool is_repeated(struct live *l, const struct packet *p, uint32_t interface, int64_t us)
{
	struct seen now = { p->tuple, p->seq, p->ack, p->payload_len, interface, p->flags, us };

	for (size_t i = 0; i < RECENT; i++) {
		const struct seen *s = &l->recent[i];

		if (s->us != 0 && us - s->us < SAME_US && s->interface != interface &&
		    tuple_equal(&s->tuple, &now.tuple) && s->seq == now.seq && s->ack == now.ack &&
		    s->flags == now.flags && s->payload_len == now.payload_len)
			return true;
	}
	l->recent[l->recents++ % RECENT] = now;
	return false;
}

/* Each packet once: what is forwarded is seen when it comes, what this host sends when it leaves. */
static bool is_wanted(struct live *l, struct observed *o)
{
	const struct capture_meta *m = capture_meta(l->in);
	struct packet p;
	bool foreign;

	o->made_here = false;
	if (packet_parse(o->ip, &p) != PACKET_OK || !packet_is_tcp(&p))
		return false;
	if (m->interface == 0)
		return true;
	foreign = m->outgoing && !is_own(l, &p.tuple.src);
	if (!(p.flags & TCP_RST))
		return !foreign;
	if (is_repeated(l, &p, m->interface, o->time_us))
		return false;
	o->made_here = foreign;
	return true;
}

struct live *live_open(const char *interface, bool all)
{
	struct live *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	learn_addresses(l);
	l->in = capture_open_live(interface, all ? ALL_OF_TCP : OPENS_OR_ENDS);
	if (l->in == NULL) {
		free(l);
		return NULL;
	}
	return l;
}

void live_close(struct live *l)
{
	if (l == NULL)
		return;
	capture_close(l->in);
	free(l);
}

int live_fd(const struct live *l)
{
	return capture_fd(l->in);
}

unsigned live_lost(const struct live *l)
{
	return capture_lost(l->in);
}

int live_next(struct live *l, struct observed *out)
{
	int got;

	out->frame = 0;
	do {
		got = capture_next(l->in, &out->ip, &out->time_us);
	} while (got == 1 && !is_wanted(l, out));
	return got;
}
