/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLOSE_TIMEOUT_S = 10 }; /* nf_conntrack_tcp_timeout_close */

struct conntrack {
	struct mnl_socket *nl;
	uint32_t port, seq;
	struct nf_conntrack *entry, *empty; /* empty: what entry is reset to */
};

struct conntrack *conntrack_open(void)
{
	struct conntrack *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->entry = nfct_new();
	c->empty = nfct_new();
	c->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (c->entry == NULL || c->empty == NULL || c->nl == NULL ||
	    mnl_socket_bind(c->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		conntrack_close(c);
		return NULL;
	}
	c->port = mnl_socket_get_portid(c->nl);
	c->seq = (uint32_t)time(NULL);
	return c;
}

void conntrack_close(struct conntrack *c)
{
	if (c == NULL)
		return;
	if (c->nl != NULL)
		mnl_socket_close(c->nl);
	if (c->entry != NULL)
		nfct_destroy(c->entry);
	if (c->empty != NULL)
		nfct_destroy(c->empty);
	free(c);
}

static void clear_entry(struct conntrack *c)
{
	nfct_copy(c->entry, c->empty, NFCT_CP_OVERRIDE);
}

/* The attributes of one direction. */
struct direction_attrs {
	enum nf_conntrack_attr v4_src, v4_dst, v6_src, v6_dst, sport, dport, l4;
};

static const struct direction_attrs original_attrs = {
	ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_SRC, ATTR_ORIG_IPV6_DST,
	ATTR_ORIG_PORT_SRC, ATTR_ORIG_PORT_DST, ATTR_ORIG_L4PROTO,
};
static const struct direction_attrs reply_attrs = {
	ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_SRC, ATTR_REPL_IPV6_DST,
	ATTR_REPL_PORT_SRC, ATTR_REPL_PORT_DST, ATTR_REPL_L4PROTO,
};

static bool get_tuple(const struct nf_conntrack *ct, const struct direction_attrs *a,
		      uint8_t family, struct ip_tuple *out)
{
	const void *src = nfct_get_attr(ct, family == 4 ? a->v4_src : a->v6_src);
	const void *dst = nfct_get_attr(ct, family == 4 ? a->v4_dst : a->v6_dst);

	if (src == NULL || dst == NULL)
		return false;
	if (family == 4) {
		out->src = addr_from_v4(src);
		out->dst = addr_from_v4(dst);
	} else {
		memcpy(out->src.b, src, 16);
		memcpy(out->dst.b, dst, 16);
	}
	out->family = family;
	out->proto = nfct_get_attr_u8(ct, a->l4);
	out->sport = ntohs(nfct_get_attr_u16(ct, a->sport));
	out->dport = ntohs(nfct_get_attr_u16(ct, a->dport));
	return true;
}

static void set_original(struct nf_conntrack *ct, const struct ip_tuple *t)
{
	nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, t->family == 4 ? AF_INET : AF_INET6);
	if (t->family == 4) {
		nfct_set_attr(ct, ATTR_ORIG_IPV4_SRC, t->src.b + 12);
		nfct_set_attr(ct, ATTR_ORIG_IPV4_DST, t->dst.b + 12);
	} else {
		nfct_set_attr(ct, ATTR_ORIG_IPV6_SRC, t->src.b);
		nfct_set_attr(ct, ATTR_ORIG_IPV6_DST, t->dst.b);
	}
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, t->proto);
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(t->sport));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(t->dport));
}

static bool get_tuples(const struct nf_conntrack *ct, uint8_t family, struct ct_tuples *out)
{
	struct ct_tuples t;

	if (!get_tuple(ct, &original_attrs, family, &t.original) ||
	    !get_tuple(ct, &reply_attrs, family, &t.reply))
		return false;
	*out = t;
	return true;
}

bool conntrack_read(struct conntrack *c, const struct nlattr *ct, uint8_t family,
		    struct ct_tuples *out)
{
	clear_entry(c);
	if (nfct_payload_parse(mnl_attr_get_payload(ct), mnl_attr_get_payload_len(ct),
			       family == 4 ? AF_INET : AF_INET6, c->entry) < 0)
		return false;
	return get_tuples(c->entry, family, out);
}

const struct nf_conntrack *conntrack_parse(struct conntrack *c, const struct nlmsghdr *nlh)
{
	clear_entry(c);
	return nfct_nlmsg_parse(nlh, c->entry) < 0 ? NULL : c->entry;
}

static int parse_entry(const struct nlmsghdr *nlh, void *data)
{
	return conntrack_parse(data, nlh) == NULL ? MNL_CB_ERROR : MNL_CB_STOP;
}

/* Begin a message of this type to ctnetlink in @buffer, of MNL_SOCKET_BUFFER_SIZE. */
static struct nlmsghdr *begin_message(struct conntrack *c, char *buffer, uint16_t type,
				      uint16_t flags, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *nfh;

	nlh->nlmsg_type = (uint16_t)((NFNL_SUBSYS_CTNETLINK << 8) | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++c->seq;
	nfh = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfh));
	nfh->nfgen_family = family;
	nfh->version = NFNETLINK_V0;
	nfh->res_id = 0;
	return nlh;
}

/* Send @nlh, which is in @buffer, and take in what answers it: MNL_CB_* as @parse returns, or an error. */
static int exchange(struct conntrack *c, struct nlmsghdr *nlh, char *buffer, mnl_cb_t parse)
{
	uint32_t seq = nlh->nlmsg_seq;
	ssize_t n;

	if (mnl_socket_sendto(c->nl, nlh, nlh->nlmsg_len) < 0)
		return MNL_CB_ERROR;
	do {
		n = mnl_socket_recvfrom(c->nl, buffer, (size_t)MNL_SOCKET_BUFFER_SIZE);
		if (n < 0)
			return MNL_CB_ERROR;
	} while (((struct nlmsghdr *)buffer)->nlmsg_seq != seq);
	return mnl_cb_run(buffer, (size_t)n, seq, c->port, parse, c);
}

/* Ask for the entry that has @t as one of its tuples, either: the kernel looks for both in one table. */
static bool ask(struct conntrack *c, const struct ip_tuple *t)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = begin_message(c, buffer, IPCTNL_MSG_CT_GET, 0,
					     t->family == 4 ? AF_INET : AF_INET6);

	clear_entry(c);
	set_original(c->entry, t);
	return nfct_nlmsg_build(nlh, c->entry) >= 0 &&
	       exchange(c, nlh, buffer, parse_entry) == MNL_CB_STOP &&
	       nfct_attr_is_set(c->entry, ATTR_REPL_L4PROTO) == 1;
}

/* Find the entry of @view into c->entry. */
static bool find_entry(struct conntrack *c, const struct ip_tuple *view)
{
	struct ip_tuple reply = tuple_reverse(view);

	return ask(c, view) || ask(c, &reply);
}

bool conntrack_lookup(struct conntrack *c, const struct ip_tuple *view, struct ct_tuples *out)
{
	return find_entry(c, view) && get_tuples(c->entry, view->family, out);
}

/* An object that names @entry, for a change to be put in; NULL without memory. */
static struct nf_conntrack *change_of(const struct nf_conntrack *entry)
{
	static const enum nf_conntrack_attr tuple[] = {
		ATTR_ORIG_L3PROTO,  ATTR_ORIG_L4PROTO,	ATTR_ORIG_PORT_SRC, ATTR_ORIG_PORT_DST,
		ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_SRC, ATTR_ORIG_IPV6_DST,
		ATTR_ICMP_TYPE,	    ATTR_ICMP_CODE,	ATTR_ICMP_ID,	    ATTR_ZONE,
	};
	struct nf_conntrack *change = nfct_new();

	for (size_t i = 0; change != NULL && i < sizeof(tuple) / sizeof(tuple[0]); i++) {
		if (nfct_attr_is_set(entry, tuple[i]) == 1)
			nfct_set_attr(change, tuple[i], nfct_get_attr(entry, tuple[i]));
	}
	return change;
}

/* Have the kernel make @change, and free it. */
static bool make_change(struct conntrack *c, struct nf_conntrack *change)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh;
	bool done;

	if (change == NULL)
		return false;
	nlh = begin_message(c, buffer, IPCTNL_MSG_CT_NEW, NLM_F_ACK,
			    nfct_get_attr_u8(change, ATTR_ORIG_L3PROTO));
	done = nfct_nlmsg_build(nlh, change) >= 0 && exchange(c, nlh, buffer, NULL) != MNL_CB_ERROR;
	nfct_destroy(change);
	return done;
}

bool conntrack_set_closed(struct conntrack *c, const struct nf_conntrack *entry)
{
	struct nf_conntrack *change = change_of(entry);

	if (change != NULL) {
		nfct_set_attr_u8(change, ATTR_TCP_STATE, TCP_CONNTRACK_CLOSE);
		nfct_set_attr_u32(change, ATTR_TIMEOUT, CLOSE_TIMEOUT_S);
	}
	return make_change(c, change);
}

bool conntrack_end(struct conntrack *c, const struct ip_tuple *view)
{
	return find_entry(c, view) && nfct_attr_is_set(c->entry, ATTR_TCP_STATE) == 1 &&
	       nfct_get_attr_u8(c->entry, ATTR_TCP_STATE) != TCP_CONNTRACK_CLOSE &&
	       conntrack_set_closed(c, c->entry);
}

/* What a walk through the table is for. */
struct clearing {
	struct conntrack *to; /* a socket of its own: the other one is read from */
	uint32_t bits;
	conntrack_wanted *wanted; /* NULL: all */
	const void *arg;
	size_t cleared;
};

/* Asked of the flow as the forward hook sees it: behind DNAT, before SNAT. */
static bool is_wanted(const struct clearing *w, const struct nf_conntrack *entry)
{
	uint8_t family = nfct_get_attr_u8(entry, ATTR_ORIG_L3PROTO) == AF_INET ? 4 : 6;
	struct ct_tuples t;

	if (w->wanted == NULL)
		return true;
	if (!get_tuples(entry, family, &t))
		return false;
	t.original.dst = t.reply.src;
	t.original.dport = t.reply.sport;
	return w->wanted(w->arg, &t.original);
}

static int clear_one(const struct nlmsghdr *nlh, void *data)
{
	struct clearing *w = data;
	const struct nf_conntrack *entry = conntrack_parse(w->to, nlh);
	struct nf_conntrack *change;
	uint32_t mark;

	if (entry == NULL)
		return MNL_CB_OK;
	mark = nfct_get_attr_u32(entry, ATTR_MARK);
	if ((mark & w->bits) == 0 || !is_wanted(w, entry))
		return MNL_CB_OK;
	change = change_of(entry);
	if (change != NULL)
		nfct_set_attr_u32(change, ATTR_MARK, mark & ~w->bits);
	w->cleared += make_change(w->to, change);
	return MNL_CB_OK;
}

/* Walk through all entries with @from. */
static int walk(struct conntrack *from, struct clearing *w)
{
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = begin_message(from, buffer, IPCTNL_MSG_CT_GET, NLM_F_DUMP,
					     AF_UNSPEC);
	uint32_t seq = nlh->nlmsg_seq;
	ssize_t n;
	int more;

	if (mnl_socket_sendto(from->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(from->nl, buffer, sizeof(buffer));
		more = n < 0 ? MNL_CB_ERROR
			     : mnl_cb_run(buffer, (size_t)n, seq, from->port, clear_one, w);
	} while (more > MNL_CB_STOP);
	return more == MNL_CB_ERROR ? -errno : 0;
}

int conntrack_clear_mark(uint32_t bits, conntrack_wanted *wanted, const void *arg, size_t *cleared)
{
	struct conntrack *from = conntrack_open();
	struct clearing w = { .to = conntrack_open(), .bits = bits, .wanted = wanted, .arg = arg };
	int result = -ENOMEM;

	if (from != NULL && w.to != NULL)
		result = walk(from, &w);
	conntrack_close(from);
	conntrack_close(w.to);
	if (result == 0)
		*cleared = w.cleared;
	return result;
}
