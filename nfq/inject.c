/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/inject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_BUFFER = 4 * 1024 * 1024, LINK_HEADER = ETH_HLEN };

/* The forged packets that leave by one socket. */
struct lane {
	int fd;
	unsigned count;
	struct mmsghdr msg[INJECT_BATCH];
	struct iovec iov[INJECT_BATCH];
	union address {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_ll ll;
	} to[INJECT_BATCH];
	bool *sent[INJECT_BATCH];
	struct bytes payload[INJECT_BATCH]; /* inside bytes */
	uint8_t bytes[INJECT_BATCH][LINK_HEADER + RESET_BUFFER];
};

struct inject {
	struct lane v4[2], v6[2]; /* tracked, untracked */
	struct lane link;
	int icmp4[2], icmp6[2]; /* tracked, untracked */
	struct answer_counters *counters;
};

/* A socket whose family the kernel does not have (IPv6 switched off) is -1, and no error. */
static int open_raw(int family, int proto, uint32_t mark, int *out)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, proto);
	/* Nothing is read here: a filter that takes nothing keeps incoming ICMP from piling up. */
	struct sock_filter take_nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { 1, &take_nothing };
	int result, sndbuf = SEND_BUFFER;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0) {
		result = -errno;
		close(fd);
		return result;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	*out = fd;
	return 0;
}

/* The sockets of what conntrack sees (0), or does not (1). IPPROTO_RAW implies a header of our own, in both
 * families (raw(7), ipv6_setsockopt()). */
static int open_lane(struct inject *i, int k, uint32_t mark)
{
	int result = open_raw(AF_INET, IPPROTO_RAW, mark, &i->v4[k].fd);

	if (result == 0)
		result = open_raw(AF_INET6, IPPROTO_RAW, mark, &i->v6[k].fd);
	if (result == 0)
		result = open_raw(AF_INET, IPPROTO_ICMP, mark, &i->icmp4[k]);
	if (result == 0)
		result = open_raw(AF_INET6, IPPROTO_ICMPV6, mark, &i->icmp6[k]);
	return result;
}

int inject_open(uint32_t mark, uint32_t untracked_mark, struct answer_counters *counters,
		struct inject **out)
{
	struct inject *i = calloc(1, sizeof(*i));
	int result;

	if (i == NULL)
		return -ENOMEM;
	i->counters = counters;
	i->link.fd = -1;
	for (int k = 0; k < 2; k++)
		i->v4[k].fd = i->v6[k].fd = i->icmp4[k] = i->icmp6[k] = -1;
	/* Of protocol 0, a packet socket receives nothing (packet(7)). */
	result = open_raw(AF_PACKET, 0, mark, &i->link.fd);
	for (int k = 0; k < 2 && result == 0; k++)
		result = open_lane(i, k, k == 0 ? mark : untracked_mark);
	if (result != 0) {
		inject_close(i);
		return result;
	}
	*out = i;
	return 0;
}

void inject_close(struct inject *i)
{
	const int *fds[] = { &i->v4[0].fd, &i->v4[1].fd, &i->v6[0].fd, &i->v6[1].fd, &i->link.fd,
			     &i->icmp4[0], &i->icmp4[1], &i->icmp6[0], &i->icmp6[1] };

	if (i == NULL)
		return;
	for (size_t k = 0; k < sizeof(fds) / sizeof(fds[0]); k++) {
		if (*fds[k] >= 0)
			close(*fds[k]);
	}
	free(i);
}

static socklen_t set_destination(union address *to, const struct ip_addr *dst, uint8_t family,
				 const struct inject_path *path)
{
	if (path->bridged) {
		to->ll = (struct sockaddr_ll){
			.sll_family = AF_PACKET,
			.sll_protocol = htons(family == 4 ? ETH_P_IP : ETH_P_IPV6),
			.sll_ifindex = (int)path->port,
			.sll_halen = HW_LEN,
		};
		memcpy(to->ll.sll_addr, path->to, HW_LEN);
		return sizeof(to->ll);
	}
	if (family == 4) {
		to->in = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&to->in.sin_addr, dst->b + 12, 4);
		return sizeof(to->in);
	}
	to->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	memcpy(&to->in6.sin6_addr, dst->b, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&to->in6.sin6_addr))
		to->in6.sin6_scope_id = path->port;
	return sizeof(to->in6);
}

/* The Ethernet address of a port. */
static void port_address(int fd, uint32_t port, uint8_t out[HW_LEN])
{
	struct ifreq r = { .ifr_ifindex = (int)port };

	if (ioctl(fd, SIOCGIFNAME, &r) == 0 && ioctl(fd, SIOCGIFHWADDR, &r) == 0)
		memcpy(out, r.ifr_hwaddr.sa_data, HW_LEN);
}

/* Write the Ethernet header of a bridged packet. Returns its length. */
static size_t put_link_header(const struct inject *i, uint8_t *out, uint8_t family,
			      const struct inject_path *path)
{
	static const uint8_t unknown[HW_LEN];

	if (!path->bridged)
		return 0;
	memcpy(out, path->to, HW_LEN);
	memcpy(out + HW_LEN, path->from, HW_LEN);
	if (memcmp(path->from, unknown, HW_LEN) == 0)
		port_address(i->link.fd, path->port, out + HW_LEN);
	bytes_put16(out + 2 * HW_LEN, family == 4 ? ETH_P_IP : ETH_P_IPV6);
	return LINK_HEADER;
}

void inject_count(struct answer_counters *c, struct bytes payload)
{
	uint16_t magic = 0;

	c->resets++;
	if (payload.len == 0)
		return;
	if (payload.len == RESET_DIAG_LEN && bytes_get16(payload, 0, &magic) &&
	    magic == RESET_DIAG_MAGIC)
		c->diags++;
	else
		c->texts++;
}

static void flush_lane(struct inject *i, struct lane *l)
{
	unsigned done = 0;

	while (done < l->count) {
		int n = sendmmsg(l->fd, l->msg + done, l->count - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* this one failed, the rest may go */
			i->counters->errors++;
			done++;
			continue;
		}
		for (; n > 0; n--, done++) {
			inject_count(i->counters, l->payload[done]);
			if (l->sent[done] != NULL)
				*l->sent[done] = true;
		}
	}
	l->count = 0;
}

void inject_reset(struct inject *i, const struct ip_tuple *wire, struct reset_numbers n,
		  struct bytes payload, const struct inject_path *path, bool *sent)
{
	struct lane *l = path->bridged	     ? &i->link
			 : wire->family == 4 ? &i->v4[path->untracked]
					     : &i->v6[path->untracked];
	size_t header, len;
	unsigned at;

	if (l->fd < 0) {
		i->counters->errors++;
		return;
	}
	if (l->count == INJECT_BATCH)
		flush_lane(i, l);
	at = l->count++;
	header = put_link_header(i, l->bytes[at], wire->family, path);
	len = reset_build(wire, n, RESET_TTL, payload, l->bytes[at] + header, RESET_BUFFER);
	l->iov[at] = (struct iovec){ l->bytes[at], header + len };
	l->payload[at] = (struct bytes){ l->bytes[at] + header + len - payload.len, payload.len };
	l->sent[at] = sent;
	l->msg[at].msg_hdr = (struct msghdr){
		.msg_name = &l->to[at],
		.msg_namelen = set_destination(&l->to[at], &wire->dst, wire->family, path),
		.msg_iov = &l->iov[at],
		.msg_iovlen = 1,
	};
}

void inject_flush(struct inject *i)
{
	for (int k = 0; k < 2; k++) {
		flush_lane(i, &i->v4[k]);
		flush_lane(i, &i->v6[k]);
	}
	flush_lane(i, &i->link);
}

bool inject_unreachable(struct inject *i, const struct packet *p, enum unreachable code,
			const struct inject_path *path)
{
	uint8_t bytes[LINK_HEADER + ICMP_BUFFER];
	uint8_t family = p->tuple.family;
	size_t l4 = 0, header = put_link_header(i, bytes, family, path), len;
	int fd = path->bridged ? i->link.fd : (family == 4 ? i->icmp4 : i->icmp6)[path->untracked];
	union address to;
	socklen_t to_len = set_destination(&to, &p->tuple.src, family, path);

	len = icmp_build_unreachable(p, code, &p->tuple.dst, bytes + header, ICMP_BUFFER, &l4);
	if (len == 0)
		return false;
	/* Routed, the kernel writes the IP header and the ICMPv6 checksum, from the address that it picks. */
	if (path->bridged)
		l4 = 0;
	if (fd < 0 ||
	    sendto(fd, bytes + l4, header + len - l4, 0, (struct sockaddr *)&to, to_len) < 0) {
		i->counters->errors++;
		return false;
	}
	i->counters->icmp++;
	return true;
}
