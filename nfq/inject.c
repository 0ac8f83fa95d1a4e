/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/inject.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEND_BUFFER = 4 * 1024 * 1024 };

/* The forged packets of one family. */
struct lane {
	int fd;
	unsigned count;
	struct mmsghdr msg[INJECT_BATCH];
	struct iovec iov[INJECT_BATCH];
	struct sockaddr_in6 to[INJECT_BATCH]; /* large enough for sockaddr_in, too */
	bool *sent[INJECT_BATCH];
	uint8_t bytes[INJECT_BATCH][RESET_BUFFER];
};

struct inject {
	struct lane v4, v6;
	int icmp4, icmp6;
	struct inject_counters counters;
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

int inject_open(uint32_t mark, struct inject **out)
{
	struct inject *i = calloc(1, sizeof(*i));
	int result;

	if (i == NULL)
		return -ENOMEM;
	i->v4.fd = i->v6.fd = i->icmp4 = i->icmp6 = -1;
	/* IPPROTO_RAW implies a header of our own, in both families (raw(7), ipv6_setsockopt()). */
	result = open_raw(AF_INET, IPPROTO_RAW, mark, &i->v4.fd);
	if (result == 0)
		result = open_raw(AF_INET6, IPPROTO_RAW, mark, &i->v6.fd);
	if (result == 0)
		result = open_raw(AF_INET, IPPROTO_ICMP, mark, &i->icmp4);
	if (result == 0)
		result = open_raw(AF_INET6, IPPROTO_ICMPV6, mark, &i->icmp6);
	if (result != 0) {
		inject_close(i);
		return result;
	}
	*out = i;
	return 0;
}

void inject_close(struct inject *i)
{
	if (i == NULL)
		return;
	if (i->v4.fd >= 0)
		close(i->v4.fd);
	if (i->v6.fd >= 0)
		close(i->v6.fd);
	if (i->icmp4 >= 0)
		close(i->icmp4);
	if (i->icmp6 >= 0)
		close(i->icmp6);
	free(i);
}

static socklen_t set_destination(struct sockaddr_in6 *to, const struct ip_addr *dst, uint8_t family,
				 uint32_t ifindex)
{
	if (family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)to;

		*in = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&in->sin_addr, dst->b + 12, 4);
		return sizeof(*in);
	}
	*to = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	memcpy(&to->sin6_addr, dst->b, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&to->sin6_addr))
		to->sin6_scope_id = ifindex;
	return sizeof(*to);
}

static void flush_lane(struct inject *i, struct lane *l)
{
	unsigned done = 0;

	while (done < l->count) {
		int n = sendmmsg(l->fd, l->msg + done, l->count - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) { /* this one failed, the rest may go */
			i->counters.errors++;
			done++;
			continue;
		}
		i->counters.sent_resets += (unsigned)n;
		for (; n > 0; n--, done++) {
			if (l->sent[done] != NULL)
				*l->sent[done] = true;
		}
	}
	l->count = 0;
}

void inject_reset(struct inject *i, const struct ip_tuple *wire, struct reset_numbers n,
		  struct bytes payload, uint32_t ifindex, bool *sent)
{
	struct lane *l = wire->family == 4 ? &i->v4 : &i->v6;
	unsigned at;

	if (l->fd < 0) {
		i->counters.errors++;
		return;
	}
	if (l->count == INJECT_BATCH)
		flush_lane(i, l);
	at = l->count++;
	l->iov[at].iov_base = l->bytes[at];
	l->iov[at].iov_len = reset_build(wire, n, RESET_TTL, payload, l->bytes[at], RESET_BUFFER);
	l->sent[at] = sent;
	l->msg[at].msg_hdr = (struct msghdr){
		.msg_name = &l->to[at],
		.msg_namelen = set_destination(&l->to[at], &wire->dst, wire->family, ifindex),
		.msg_iov = &l->iov[at],
		.msg_iovlen = 1,
	};
}

void inject_flush(struct inject *i)
{
	flush_lane(i, &i->v4);
	flush_lane(i, &i->v6);
}

bool inject_unreachable(struct inject *i, const struct packet *p, enum unreachable code,
			uint32_t ifindex)
{
	uint8_t bytes[ICMP_BUFFER];
	struct sockaddr_in6 to;
	socklen_t to_len;
	size_t l4 = 0, len;
	int fd = p->tuple.family == 4 ? i->icmp4 : i->icmp6;

	/* The kernel writes the IP header and the ICMPv6 checksum, from the address that it picks. */
	len = icmp_build_unreachable(p, code, &p->tuple.dst, bytes, sizeof(bytes), &l4);
	if (len == 0)
		return false;
	to_len = set_destination(&to, &p->tuple.src, p->tuple.family, ifindex);
	if (fd < 0 || sendto(fd, bytes + l4, len - l4, 0, (struct sockaddr *)&to, to_len) < 0) {
		i->counters.errors++;
		return false;
	}
	i->counters.sent_icmp++;
	return true;
}

const struct inject_counters *inject_counters(const struct inject *i)
{
	return &i->counters;
}
