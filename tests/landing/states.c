/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/landing/landing.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SYN_RECV_STATE = 3, /* include/net/tcp_states.h */
	TIME_WAIT_STATE = 6,
	LAST_ACK_STATE = 9,
	SMALL_BUFFER = 2048,
	SMALL_WINDOW = 12,
	FLIGHT = 4,	     /* segments in flight */
	DRAIN_US = 30000,
	FLIGHT_LEN = 1000,   /* octets in each */
	BULK_MARK = 15000,   /* where the mark is: behind the first window of 10 segments */
	WAIT_MS = 5000,
	STREAM_MS = 50,
};

static const uint8_t octets[FLIGHT_LEN];

/* Run a command on the router or an end; the lab gives them names. */
static bool run(const char *command)
{
	if (system(command) == 0)
		return true;
	fprintf(stderr, "landing: failed: %s\n", command);
	return false;
}

static bool run_in(const char *ns, const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "ip netns exec %s %s", getenv(ns), command);
	return run(line);
}

/* Put the policy "cut" or "let-go" in force, for live connections as well. */
static bool rejudge(const struct cell *c, const char *policy)
{
	char line[512];

	snprintf(line, sizeof(line), "%s %s", c->rejudge, policy);
	return run(line);
}

static bool wait_state(struct cell *c, enum side e, int state)
{
	for (int64_t until = now_ms() + WAIT_MS; now_ms() < until; usleep(1000)) {
		if (end_kernel_states(c, e, state) > 0)
			return true;
	}
	fprintf(stderr, "landing: the %s does not get into state %d\n", e == CLIENT ? "client" : "server", state);
	return false;
}

/* The port itself is blocked. */
static bool syn_sent(struct cell *c)
{
	c->cut_ms = now_ms();
	return connect(c->end[CLIENT].fd, (struct sockaddr *)&c->to, c->len) == 0 || errno == EINPROGRESS;
}

/* The client holds its last ACK of the handshake back until it has data, which it so comes with. */
static bool syn_recv(struct cell *c)
{
	struct pollfd p = { .fd = c->end[CLIENT].fd, .events = POLLOUT };
	int off = 0;

	setsockopt(p.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
	if (connect(p.fd, (struct sockaddr *)&c->to, c->len) != 0 && errno != EINPROGRESS)
		return false;
	return poll(&p, 1, WAIT_MS) == 1 && wait_state(c, SERVER, SYN_RECV_STATE) && end_cut(c, CLIENT);
}

static bool idle(struct cell *c)
{
	return ends_connect(c) && end_cut(c, CLIENT);
}

static bool unread(struct cell *c)
{
	return ends_connect(c) && end_send(c, CLIENT, octets, 100) && ends_settle(c) &&
	       end_send(c, SERVER, octets, 100) && ends_settle(c) && end_cut(c, CLIENT);
}

static bool zero_source(struct cell *c)
{
	return ends_connect(c) && end_fill(c, SERVER, 0) && end_cut(c, CLIENT);
}

static bool zero_destination(struct cell *c)
{
	return ends_connect(c) && end_fill(c, CLIENT, 0) && end_cut(c, SERVER);
}

static bool small_window(struct cell *c)
{
	return ends_connect(c) && end_fill(c, SERVER, SMALL_WINDOW) && end_fill(c, CLIENT, SMALL_WINDOW) &&
	       end_cut(c, CLIENT);
}

/* While the way to one end is slow, data is in flight to it, and it sends what the cut is made at. */
static bool in_flight(struct cell *c, enum side to, const char *interface)
{
	char command[128];
	bool good;

	if (!ends_connect(c))
		return false;
	snprintf(command, sizeof(command), "tc qdisc add dev %s root tbf rate 200kbit burst 1600 limit 100000", interface);
	good = run_in("LANDING_ROUTER", command);
	for (int i = 0; i < FLIGHT && good; i++)
		good = end_send(c, !to, octets, FLIGHT_LEN);
	usleep(5000);
	good = good && end_cut(c, to);
	ends_wait(c);
	usleep(DRAIN_US); /* the resets behind the one that ended it: what is queued yet would be dropped */
	snprintf(command, sizeof(command), "tc qdisc del dev %s root", interface);
	return run_in("LANDING_ROUTER", command) && good;
}

static bool flight_source(struct cell *c)
{
	return in_flight(c, CLIENT, "lan0");
}

static bool flight_destination(struct cell *c)
{
	return in_flight(c, SERVER, getenv("LANDING_WAN"));
}

static bool half_closed(struct cell *c, enum side by)
{
	struct pollfd p;
	char octet;

	if (!ends_connect(c) || shutdown(c->end[by].fd, SHUT_WR) != 0)
		return false;
	p = (struct pollfd){ .fd = c->end[!by].fd, .events = POLLIN };
	return poll(&p, 1, WAIT_MS) == 1 && recv(p.fd, &octet, 1, 0) == 0 && ends_settle(c) && end_cut(c, !by);
}

static bool half_source(struct cell *c)
{
	return half_closed(c, CLIENT);
}

static bool half_destination(struct cell *c)
{
	return half_closed(c, SERVER);
}

/* What passed the router is lost behind it; the mark comes after. */
static bool after_loss(struct cell *c)
{
	bool good = ends_connect(c) &&
		    run_in("LANDING_SERVER", "nft 'add table inet loss; add chain inet loss in { type filter hook input priority 0; }; "
					     "add rule inet loss in meta l4proto tcp meta length > 900 drop'");

	good = good && end_send(c, CLIENT, octets, FLIGHT_LEN);
	usleep(2000);
	good = good && end_cut(c, CLIENT);
	ends_wait(c);
	return run_in("LANDING_SERVER", "nft delete table inet loss") && good;
}

/* The mark is in mid-stream, of a stream that does not wait. */
static bool bulk(struct cell *c, enum side from)
{
	static uint8_t block[65536];

	memcpy(block + BULK_MARK, MARK, MARK_LEN);
	if (!ends_connect(c))
		return false;
	c->streaming = true;
	c->streams = from;
	c->cut_ms = now_ms();
	return send(c->end[from].fd, block, sizeof(block), MSG_NOSIGNAL) > BULK_MARK;
}

static bool bulk_up(struct cell *c)
{
	return bulk(c, CLIENT);
}

static bool bulk_down(struct cell *c)
{
	return bulk(c, SERVER);
}

/* A connection that was let go, at full speed past the queue, is judged again. */
static bool full_flow(struct cell *c)
{
	static uint8_t buffer[65536];
	int64_t until;

	if (!rejudge(c, "let-go") || !ends_connect(c))
		return false;
	until = now_ms() + STREAM_MS;
	while (now_ms() < until) {
		if ((send(c->end[CLIENT].fd, buffer, sizeof(buffer), MSG_NOSIGNAL) < 0 && errno != EAGAIN) ||
		    (recv(c->end[SERVER].fd, buffer, sizeof(buffer), 0) < 0 && errno != EAGAIN)) {
			fprintf(stderr, "landing: the stream breaks: %s\n", strerror(errno));
			return false;
		}
	}
	c->streaming = true;
	c->streams = CLIENT;
	if (!rejudge(c, "cut"))
		return false;
	c->cut_ms = now_ms();
	return true;
}

/* The client waits in TIME-WAIT; the server, whose last ACK was lost, repeats its FIN. */
static bool time_wait(struct cell *c)
{
	if (!rejudge(c, "let-go") || !ends_connect(c) || !end_send(c, CLIENT, octets, 10) || !ends_settle(c))
		return false;
	close(c->end[CLIENT].fd);
	c->end[CLIENT].fd = -1;
	usleep(2000);
	if (!run_in("LANDING_SERVER", "nft 'add table inet loss; add chain inet loss in { type filter hook input priority 0; }; "
				      "add rule inet loss in meta l4proto tcp drop'"))
		return false;
	while (recv(c->end[SERVER].fd, (char[64]){ 0 }, 64, 0) > 0)
		;
	close(c->end[SERVER].fd);
	c->end[SERVER].fd = -1;
	if (!wait_state(c, CLIENT, TIME_WAIT_STATE) || !wait_state(c, SERVER, LAST_ACK_STATE) ||
	    !rejudge(c, "cut") || !run_in("LANDING_SERVER", "nft delete table inet loss"))
		return false;
	c->cut_ms = now_ms();
	return true;
}

#define BOTH (1u << CLIENT | 1u << SERVER)
#define ENOUGH { WHOLE, WHOLE }

const struct state states[] = {
	{ .name = "syn-sent", .cut = CUT_SYN, .run = syn_sent, .live = 1u << CLIENT, .reached = 1u << CLIENT, .room = ENOUGH, .one_way = true },
	{ .name = "syn-recv", .run = syn_recv, .live = 1u << CLIENT, .reached = BOTH, .room = ENOUGH, .gone = true },
	{ .name = "idle", .run = idle, .live = BOTH, .reached = BOTH, .room = ENOUGH, .one_way = true },
	{ .name = "unread", .run = unread, .live = BOTH, .reached = BOTH, .room = ENOUGH, .one_way = true },
	{ .name = "zero-source", .run = zero_source, .live = BOTH, .reached = BOTH, .room = { 0, WHOLE },
	  .small_buffer = SMALL_BUFFER },
	{ .name = "zero-destination", .cut = CUT_DOWN, .run = zero_destination, .live = BOTH, .reached = BOTH, .room = { WHOLE, 0 },
	  .small_buffer = SMALL_BUFFER },
	{ .name = "small-window", .run = small_window, .live = BOTH, .reached = BOTH,
	  .room = { SMALL_WINDOW, SMALL_WINDOW }, .small_buffer = SMALL_BUFFER },
	{ .name = "flight-source", .run = flight_source, .live = BOTH, .reached = BOTH, .room = ENOUGH, .noisy = true },
	{ .name = "flight-destination", .cut = CUT_DOWN, .run = flight_destination, .live = BOTH, .reached = BOTH, .room = ENOUGH,
	  .noisy = true },
	{ .name = "half-source", .cut = CUT_DOWN, .run = half_source, .live = BOTH, .reached = BOTH, .room = ENOUGH },
	{ .name = "half-destination", .run = half_destination, .live = BOTH, .reached = BOTH, .room = ENOUGH,
	  .one_way = true },
	{ .name = "after-loss", .run = after_loss, .live = BOTH, .reached = BOTH, .room = ENOUGH, .noisy = true },
	{ .name = "bulk-up", .run = bulk_up, .live = BOTH, .reached = BOTH, .room = ENOUGH, .noisy = true, .one_way = true },
	{ .name = "bulk-down", .cut = CUT_DOWN, .run = bulk_down, .live = BOTH, .reached = BOTH, .room = ENOUGH, .noisy = true },
	{ .name = "full-flow", .cut = CUT_AGAIN, .run = full_flow, .live = BOTH, .reached = BOTH, .room = ENOUGH, .noisy = true },
	{ .name = "time-wait", .cut = CUT_AGAIN, .run = time_wait, .reached = 1u << SERVER, .room = ENOUGH, .noisy = true, .gone = true },
};

const size_t state_count = sizeof(states) / sizeof(states[0]);
