/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/queue.h"

#include "nfq/queue_proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* A packet of 64 KiB, its netlink attributes, and room for an attribute to come. */
	MESSAGE_MAX = 64 * 1024 + 4096, /* keeps every slot of the buffer aligned */
	/* The largest verdict: headers, mark, and a reset as the packet. */
	VERDICT_MAX = 128 + ANNOTATED_BUFFER,
	MIXED = -1,
	CT_REPLY = 3, /* IP_CT_IS_REPLY of enum ip_conntrack_info */
	CT_INFO_UNTRACKED = 7,
};

struct queue {
	struct mnl_socket *nl;
	int fd;
	uint16_t number;
	bool has_conntrack;
	struct queue_counters counters;
	struct mmsghdr in[QUEUE_BATCH];
	struct iovec in_iov[QUEUE_BATCH];
	uint8_t *in_buffer;
	uint8_t out[QUEUE_BATCH * VERDICT_MAX] __attribute__((aligned(8)));
	size_t out_len;
	/* While every verdict of the batch is the same plain one, and more than one: */
	unsigned verdicts;
	int verdict;   /* MIXED when they differ or carry more */
	uint32_t mark; /* of the packets, when verdict is NF_ACCEPT */
	uint32_t last_id;
};

static bool read_packet(const struct nlmsghdr *nlh, struct queue_packet *out);

/*
 * Send @nlh and wait for its acknowledgement. Packets that come before it, through rules that an
 * earlier run left, go through those rules once more, and find the queue configured then. Returns
 * 0 or -errno.
 */
static int request(struct queue *q, struct nlmsghdr *nlh)
{
	struct nlmsghdr *answer = q->in_iov[0].iov_base;
	unsigned seq = nlh->nlmsg_seq;
	struct queue_packet early;
	ssize_t n;

	nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(q->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		n = mnl_socket_recvfrom(q->nl, answer, MESSAGE_MAX);
		if (n < 0)
			return -errno;
		if (answer->nlmsg_type == NLMSG_ERROR)
			break;
		if (read_packet(answer, &early)) {
			queue_repeat(q, early.id, early.mark);
			queue_flush(q);
		}
	}
	n = mnl_cb_run(answer, (size_t)n, seq, mnl_socket_get_portid(q->nl), NULL, NULL);
	return n < 0 ? -errno : 0;
}

static int configure(struct queue *q, const struct queue_settings *settings)
{
	char buffer[512];
	struct nlmsghdr *nlh;
	uint32_t flags = NFQA_CFG_F_GSO | NFQA_CFG_F_CONNTRACK |
			 (settings->fail_open ? NFQA_CFG_F_FAIL_OPEN : 0);
	int result;

	nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, q->number);
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	result = request(q, nlh);
	if (result != 0)
		return result;
	/* Flags and mask stand in one word: a second attribute would replace the first. A kernel
	 * without the conntrack glue refuses that flag; the tuples are then looked up. */
	for (;;) {
		nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, q->number);
		nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, 0xffff);
		nfq_nlmsg_cfg_put_qmaxlen(nlh, settings->length);
		mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
		mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(flags));
		result = request(q, nlh);
		if (result != -EOPNOTSUPP || !(flags & NFQA_CFG_F_CONNTRACK)) {
			q->has_conntrack = (flags & NFQA_CFG_F_CONNTRACK) != 0;
			return result;
		}
		flags &= ~(uint32_t)NFQA_CFG_F_CONNTRACK;
	}
}

static void explain(const struct queue *q, int error, struct queue_error *out)
{
	char owner[QUEUE_OWNER];

	if ((error == EBUSY || error == EPERM) && queue_owner(q->number, owner))
		snprintf(out->text, sizeof(out->text),
			 "queue %u is taken by %s; stop that program or choose other queues with "
			 "'daemon { queues N-M }'",
			 q->number, owner);
	else if (error == EPERM)
		snprintf(
			out->text, sizeof(out->text),
			"no right to bind queue %u: run as root or with CAP_NET_ADMIN and CAP_NET_RAW",
			q->number);
	else if (error == EOPNOTSUPP || error == ENOENT || error == EPROTONOSUPPORT)
		snprintf(out->text, sizeof(out->text),
			 "this kernel has no nfnetlink_queue; try 'modprobe nfnetlink_queue'");
	else
		snprintf(out->text, sizeof(out->text), "cannot bind queue %u: %s", q->number,
			 strerror(error));
}

static bool prepare_buffers(struct queue *q)
{
	q->in_buffer = malloc((size_t)QUEUE_BATCH * MESSAGE_MAX);
	if (q->in_buffer == NULL)
		return false;
	for (size_t i = 0; i < QUEUE_BATCH; i++) {
		q->in_iov[i] = (struct iovec){ q->in_buffer + i * MESSAGE_MAX, MESSAGE_MAX };
		q->in[i].msg_hdr = (struct msghdr){ .msg_iov = &q->in_iov[i], .msg_iovlen = 1 };
	}
	return true;
}

struct queue *queue_open(const struct queue_settings *settings, struct queue_error *error)
{
	struct queue *q = calloc(1, sizeof(*q));
	int result, rcvbuf = (int)settings->buffer, on = 1;

	if (q == NULL || !prepare_buffers(q)) {
		free(q);
		snprintf(error->text, sizeof(error->text), "not enough memory for a queue");
		return NULL;
	}
	q->number = settings->number;
	q->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (q->nl == NULL || mnl_socket_bind(q->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		explain(q, errno, error);
		queue_close(q);
		return NULL;
	}
	q->fd = mnl_socket_get_fd(q->nl);
	/* Loss is counted by the kernel (queue_kernel_drops), so ENOBUFS would tell nothing new. */
	mnl_socket_setsockopt(q->nl, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	if (setsockopt(q->fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) < 0)
		setsockopt(q->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	result = configure(q, settings);
	if (result != 0) {
		explain(q, -result, error);
		queue_close(q);
		return NULL;
	}
	return q;
}

void queue_close(struct queue *q)
{
	if (q == NULL)
		return;
	if (q->nl != NULL)
		mnl_socket_close(q->nl);
	free(q->in_buffer);
	free(q);
}

bool queue_has_conntrack(const struct queue *q)
{
	return q->has_conntrack;
}

int queue_fd(const struct queue *q)
{
	return q->fd;
}

static const enum ct_state states[CT_REPLY] = { CT_ESTABLISHED, CT_RELATED, CT_NEW };

static bool read_packet(const struct nlmsghdr *nlh, struct queue_packet *out)
{
	struct nlattr *attr[NFQA_MAX + 1] = { NULL };
	const struct nfqnl_msg_packet_hdr *header;
	const struct nfqnl_msg_packet_hw *hw;
	uint32_t info = 0, ctinfo;

	if (nfq_nlmsg_parse(nlh, attr) < 0 || attr[NFQA_PACKET_HDR] == NULL)
		return false;
	header = mnl_attr_get_payload(attr[NFQA_PACKET_HDR]);
	*out = (struct queue_packet){ .id = ntohl(header->packet_id), .ct = attr[NFQA_CT] };
	if (attr[NFQA_PAYLOAD] != NULL)
		out->ip = (struct bytes){ mnl_attr_get_payload(attr[NFQA_PAYLOAD]),
					  mnl_attr_get_payload_len(attr[NFQA_PAYLOAD]) };
	if (attr[NFQA_MARK] != NULL)
		out->mark = ntohl(mnl_attr_get_u32(attr[NFQA_MARK]));
	if (attr[NFQA_IFINDEX_INDEV] != NULL)
		out->iif = ntohl(mnl_attr_get_u32(attr[NFQA_IFINDEX_INDEV]));
	if (attr[NFQA_IFINDEX_OUTDEV] != NULL)
		out->oif = ntohl(mnl_attr_get_u32(attr[NFQA_IFINDEX_OUTDEV]));
	if (attr[NFQA_IFINDEX_PHYSINDEV] != NULL)
		out->port_in = ntohl(mnl_attr_get_u32(attr[NFQA_IFINDEX_PHYSINDEV]));
	if (attr[NFQA_IFINDEX_PHYSOUTDEV] != NULL)
		out->port_out = ntohl(mnl_attr_get_u32(attr[NFQA_IFINDEX_PHYSOUTDEV]));
	if (attr[NFQA_HWADDR] != NULL) {
		hw = mnl_attr_get_payload(attr[NFQA_HWADDR]);
		out->hw = ntohs(hw->hw_addrlen) == HW_LEN ? hw->hw_addr : NULL;
	}
	if (attr[NFQA_SKB_INFO] != NULL)
		info = ntohl(mnl_attr_get_u32(attr[NFQA_SKB_INFO]));
	/* What is routed may have come by a bridge's port, too; it leaves by none. */
	if (out->port_out == 0)
		out->port_in = 0;
	out->gso = (info & NFQA_SKB_GSO) != 0;
	out->checksum_ready = (info & NFQA_SKB_CSUMNOTREADY) == 0;
	if (attr[NFQA_CT_INFO] != NULL) {
		ctinfo = ntohl(mnl_attr_get_u32(attr[NFQA_CT_INFO]));
		out->direction = ctinfo >= CT_REPLY ? DIRECTION_REPLY : DIRECTION_ORIGINAL;
		out->ct_known = true;
		/* enum ip_conntrack_info: established, related, new; untracked is 7. */
		out->ct_state = ctinfo == CT_INFO_UNTRACKED ? CT_UNTRACKED
							    : states[ctinfo % CT_REPLY];
	}
	return true;
}

int queue_receive(struct queue *q, struct queue_packet out[QUEUE_BATCH])
{
	int n = recvmmsg(q->fd, q->in, QUEUE_BATCH, MSG_DONTWAIT, NULL), packets = 0;

	if (n < 0) {
		q->counters.enobufs += errno == ENOBUFS;
		return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? 0 : -errno;
	}
	for (int i = 0; i < n; i++) {
		const struct nlmsghdr *nlh = q->in_iov[i].iov_base;
		int len = (int)q->in[i].msg_len;

		q->counters.truncated += (q->in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
		for (; mnl_nlmsg_ok(nlh, len) && packets < QUEUE_BATCH;
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_type == NLMSG_ERROR)
				q->counters.verdict_errors++;
			else if (read_packet(nlh, &out[packets]))
				packets++;
		}
	}
	return packets;
}

/* Begin a verdict message in the batch; end_verdict() counts it. */
static struct nlmsghdr *begin_verdict(struct queue *q, uint32_t id, int verdict)
{
	struct nlmsghdr *nlh;

	if (sizeof(q->out) - q->out_len < VERDICT_MAX)
		queue_flush(q);
	nlh = nfq_nlmsg_put((char *)q->out + q->out_len, NFQNL_MSG_VERDICT, q->number);
	nfq_nlmsg_verdict_put(nlh, (int)id, verdict);
	return nlh;
}

/* @verdict is MIXED for one that carries more than itself and @mark. */
static void end_verdict(struct queue *q, const struct nlmsghdr *nlh, uint32_t id, int verdict,
			uint32_t mark)
{
	q->out_len += (nlh->nlmsg_len + 3u) & ~3u; /* MNL_ALIGN, unsigned */
	q->verdict = q->verdicts == 0 || (q->verdict == verdict && q->mark == mark) ? verdict
										    : MIXED;
	q->mark = mark;
	q->verdicts++;
	q->last_id = id;
}

void queue_accept(struct queue *q, const struct queue_packet *p)
{
	struct nlmsghdr *nlh = begin_verdict(q, p->id, NF_ACCEPT);

	nfq_nlmsg_verdict_put_mark(nlh, p->mark);
	end_verdict(q, nlh, p->id, NF_ACCEPT, p->mark);
}

void queue_drop(struct queue *q, uint32_t id)
{
	end_verdict(q, begin_verdict(q, id, NF_DROP), id, NF_DROP, 0);
}

void queue_repeat(struct queue *q, uint32_t id, uint32_t mark)
{
	struct nlmsghdr *nlh = begin_verdict(q, id, NF_REPEAT);

	nfq_nlmsg_verdict_put_mark(nlh, mark);
	end_verdict(q, nlh, id, MIXED, 0);
}

void queue_replace(struct queue *q, const struct queue_packet *p, struct bytes replacement)
{
	struct nlmsghdr *nlh = begin_verdict(q, p->id, NF_ACCEPT);

	nfq_nlmsg_verdict_put_mark(nlh, p->mark);
	nfq_nlmsg_verdict_put_pkt(nlh, replacement.at, (uint32_t)replacement.len);
	end_verdict(q, nlh, p->id, MIXED, 0);
}

/* One message for a whole batch that shares its verdict: it covers every id up to the last, and
 * those are the batch, as packets are answered in the order they came. */
static void merge_verdicts(struct queue *q)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put((char *)q->out, NFQNL_MSG_VERDICT_BATCH, q->number);

	nfq_nlmsg_verdict_put(nlh, (int)q->last_id, q->verdict);
	if (q->verdict == NF_ACCEPT)
		nfq_nlmsg_verdict_put_mark(nlh, q->mark);
	q->out_len = nlh->nlmsg_len;
}

int queue_flush(struct queue *q)
{
	size_t len;

	if (q->verdicts > 1 && q->verdict != MIXED)
		merge_verdicts(q);
	len = q->out_len;
	q->out_len = 0;
	q->verdicts = 0;
	if (len == 0)
		return 0;
	if (mnl_socket_sendto(q->nl, q->out, len) < 0) {
		q->counters.verdict_errors++;
		return -errno;
	}
	return 0;
}

const struct queue_counters *queue_counters(const struct queue *q)
{
	return &q->counters;
}
