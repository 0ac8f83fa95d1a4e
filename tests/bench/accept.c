/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The yardstick: a loop that accepts every packet of a queue and does nothing else.
 *   bench_accept QUEUE single|batch
 * single: one packet a recv(), one verdict a send(), as in libnetfilter_queue's own example.
 * batch: 64 packets a recvmmsg(), their verdicts in one sendmsg().
 */
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, SIZE = 64 * 1024 + 4096 };

static uint8_t in[BATCH][SIZE], out[BATCH * 64];

static size_t add_verdict(uint16_t queue, const struct nlmsghdr *nlh, size_t at)
{
	struct nlattr *attr[NFQA_MAX + 1] = { NULL };
	struct nfqnl_msg_packet_hdr *header;
	struct nlmsghdr *verdict;

	if (nfq_nlmsg_parse(nlh, attr) < 0 || attr[NFQA_PACKET_HDR] == NULL)
		return at;
	header = mnl_attr_get_payload(attr[NFQA_PACKET_HDR]);
	verdict = nfq_nlmsg_put((char *)out + at, NFQNL_MSG_VERDICT, queue);
	nfq_nlmsg_verdict_put(verdict, (int)ntohl(header->packet_id), NF_ACCEPT);
	return at + ((verdict->nlmsg_len + 3u) & ~3u);
}

int main(int argc, char **argv)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	uint16_t queue = (uint16_t)(argc == 3 ? atoi(argv[1]) : 0);
	unsigned batch = argc == 3 && strcmp(argv[2], "batch") == 0 ? BATCH : 1;
	struct mmsghdr msg[BATCH] = { 0 };
	struct iovec iov[BATCH];
	struct nlmsghdr *nlh;
	char buffer[512];
	int size = 8 * 1024 * 1024, on = 1;

	if (argc != 3 || nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return 2;
	mnl_socket_setsockopt(nl, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	mnl_socket_sendto(nl, nlh, nlh->nlmsg_len);
	nlh = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, 0xffff);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, 8192);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return 1;
	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ in[i], SIZE };
		msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int n = recvmmsg(mnl_socket_get_fd(nl), msg, batch, MSG_WAITFORONE, NULL);
		size_t len = 0;

		for (int i = 0; i < n; i++)
			len = add_verdict(queue, iov[i].iov_base, len);
		if (len > 0)
			mnl_socket_sendto(nl, out, len);
	}
}
