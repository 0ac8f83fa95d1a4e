/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/reclaim.h"

#include "nfq/conntrack.h"

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { RECEIVE_BUFFER = 4 * 1024 * 1024 };

struct reclaim {
	struct mnl_socket *events;
	struct conntrack *conntrack;
	int stop_fd;
	pthread_t thread;
	bool started;
	_Atomic uint64_t count;
};

static int take_update(const struct nlmsghdr *nlh, void *data)
{
	struct reclaim *r = data;
	const struct nf_conntrack *entry = conntrack_parse(r->conntrack, nlh);

	if (entry == NULL || nfct_attr_is_set(entry, ATTR_TCP_STATE) != 1 ||
	    nfct_get_attr_u8(entry, ATTR_TCP_STATE) != TCP_CONNTRACK_TIME_WAIT ||
	    (nfct_get_attr_u32(entry, ATTR_STATUS) & IPS_SRC_NAT) == 0)
		return MNL_CB_OK;
	if (conntrack_set_closed(r->conntrack, entry))
		atomic_fetch_add(&r->count, 1);
	return MNL_CB_OK;
}

static void *reclaim_thread(void *arg)
{
	struct reclaim *r = arg;
	char buffer[MNL_SOCKET_BUFFER_SIZE];
	struct pollfd fds[] = {
		{ .fd = mnl_socket_get_fd(r->events), .events = POLLIN },
		{ .fd = r->stop_fd, .events = POLLIN },
	};

	pthread_setname_np(pthread_self(), "reclaim");
	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		ssize_t n;

		if (fds[1].revents != 0)
			break;
		if (fds[0].revents == 0)
			continue;
		/* Updates that were lost to a full buffer (ENOBUFS) are ports that are free later. */
		n = mnl_socket_recvfrom(r->events, buffer, sizeof(buffer));
		if (n > 0)
			mnl_cb_run(buffer, (size_t)n, 0, 0, take_update, r);
	}
	return NULL;
}

int reclaim_start(struct reclaim **out)
{
	struct reclaim *r = calloc(1, sizeof(*r));
	int size = RECEIVE_BUFFER, result;

	if (r == NULL)
		return -ENOMEM;
	r->stop_fd = eventfd(0, EFD_CLOEXEC);
	r->conntrack = conntrack_open();
	r->events = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (r->stop_fd < 0 || r->conntrack == NULL || r->events == NULL ||
	    mnl_socket_bind(r->events, NF_NETLINK_CONNTRACK_UPDATE, MNL_SOCKET_AUTOPID) < 0) {
		result = -errno;
		reclaim_stop(r);
		return result;
	}
	setsockopt(mnl_socket_get_fd(r->events), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	result = -pthread_create(&r->thread, NULL, reclaim_thread, r);
	r->started = result == 0;
	if (result != 0) {
		reclaim_stop(r);
		return result;
	}
	*out = r;
	return 0;
}

uint64_t reclaim_count(const struct reclaim *r)
{
	return atomic_load(&r->count);
}

void reclaim_stop(struct reclaim *r)
{
	uint64_t one = 1;

	if (r == NULL)
		return;
	if (r->started && write(r->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(r->thread, NULL);
	if (r->events != NULL)
		mnl_socket_close(r->events);
	conntrack_close(r->conntrack);
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	free(r);
}
