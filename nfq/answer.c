/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfq/answer.h"

#include "nfq/conntrack.h"
#include "nfq/inject.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Entries that wait to be looked up; of more, the latest are left alone. */
	CLOSING_MAX = 4096,
	CLOSING_BUDGET = 1024, /* look-ups at a time */
	/* From the cut; its resets and their repetitions are through by then. */
	CLOSING_US = 2000000,
};

/* What a forged packet to an end carries, and how it leaves. */
struct way {
	struct ip_tuple wire;
	struct inject_path path;
};

/* A reset that goes out behind the verdicts. */
struct follow_up {
	struct way way;
	struct reset_numbers numbers;
	struct bytes payload;
	bool *sent;
};

struct closing {
	struct ip_tuple tuple; /* as it was seen in the forward hook */
	int64_t due_us;
};

struct answers {
	struct queue *queue;
	struct conntrack *conntrack;
	struct inject *inject;
	struct answer_counters counters;
	/* The batch in hand. */
	struct replacement {
		bool *sent; /* or NULL */
		struct bytes payload;
	} replaced[QUEUE_BATCH];
	unsigned replacements;
	struct follow_up follow[QUEUE_BATCH * (CUT_PAYLOADS + 1)];
	unsigned follows;
	/* Payloads, a row for each packet. */
	uint8_t kept[QUEUE_BATCH][RESET_TEXT_MAX + RESET_DIAG_LEN];
	unsigned rows;
	/* A ring. */
	struct closing closing[CLOSING_MAX];
	unsigned closing_first, closings;
};

int answers_new(uint32_t mark, uint32_t untracked_mark, struct queue *queue, struct answers **out)
{
	struct answers *a = calloc(1, sizeof(*a));
	int result;

	if (a == NULL)
		return -ENOMEM;
	a->queue = queue;
	a->conntrack = conntrack_open();
	result = a->conntrack == NULL ? -errno
				      : inject_open(mark, untracked_mark, &a->counters, &a->inject);
	if (result != 0) {
		answers_free(a);
		return result;
	}
	*out = a;
	return 0;
}

void answers_free(struct answers *a)
{
	if (a == NULL)
		return;
	inject_close(a->inject);
	conntrack_close(a->conntrack);
	free(a);
}

const struct answer_counters *answers_counters(const struct answers *a)
{
	return &a->counters;
}

/* The path to the end that sent the packet, or to the other one. A bridge may know no route to them, so
 * what it forwards is answered by its ports, with the Ethernet addresses that the ends know each other by;
 * they are known of an end that has sent something. */
static struct inject_path path_to(const struct judgement *j, const struct queue_packet *p,
				  bool to_sender)
{
	static const uint8_t unknown[HW_LEN];
	struct inject_path path = { .port = to_sender ? p->iif : p->oif };
	const uint8_t *to, *from;

	if (p->port_in == 0 || j->flow == NULL)
		return path;
	to = j->flow->side[to_sender ? j->side : !j->side].hw;
	from = j->flow->side[to_sender ? !j->side : j->side].hw;
	if (memcmp(to, unknown, HW_LEN) == 0)
		return path;
	path.bridged = true;
	path.port = to_sender ? p->port_in : p->port_out;
	memcpy(path.to, to, HW_LEN);
	memcpy(path.from, from, HW_LEN);
	return path;
}

/* What conntrack knows of the flow @view that @p is of: it came with the packet, or is asked for when it is
 * known by now. */
static bool tuples_of(struct answers *a, const struct queue_packet *p, const struct ip_tuple *view,
		      bool confirmed, struct ct_tuples *out)
{
	return p->ct != NULL ? conntrack_read(a->conntrack, p->ct, view->family, out)
			     : confirmed && conntrack_lookup(a->conntrack, view, out);
}

/*
 * The ways to the sender and to the receiver of @j's packet. At first conntrack takes part, if it knows the
 * flow: the tuples are its own, so that it translates them and closes the entry. What the ends themselves see
 * goes past it, by a bridge's port or untracked: when it does not know the flow, or will not after a SYN that
 * is dropped, and when a flow was cut before. Conntrack follows what was sent and is ahead of what is judged,
 * so it may have found the first resets invalid (nf_conntrack_proto_tcp.c).
 */
static void ways_of(struct answers *a, const struct judgement *j, const struct queue_packet *p,
		    struct way *to_sender, struct way *to_receiver)
{
	const struct ip_tuple *view = &j->flow->tuple;
	bool from_initiator = j->side == SIDE_INITIATOR;
	bool opens = packet_opens(&j->packet);
	struct ct_tuples ct;
	struct ip_tuple to_initiator, to_responder;
	bool known = tuples_of(a, p, view, !opens, &ct);
	bool tracked = known && !opens && j->cut.first && p->port_in == 0;

	if (!known) {
		ct.original = *view;
		ct.reply = tuple_reverse(view);
	}
	to_initiator = tracked ? ct.reply : tuple_reverse(&ct.original);
	to_responder = tracked ? ct.original : tuple_reverse(&ct.reply);
	to_sender->wire = from_initiator ? to_initiator : to_responder;
	to_receiver->wire = from_initiator ? to_responder : to_initiator;
	to_sender->path = path_to(j, p, true);
	to_receiver->path = path_to(j, p, false);
	to_sender->path.untracked = to_receiver->path.untracked = !tracked;
}

static struct bytes keep(struct answers *a, size_t *used, struct bytes payload)
{
	uint8_t *to = a->kept[a->rows] + *used;

	if (payload.len > 0)
		memcpy(to, payload.at, payload.len);
	*used += payload.len;
	return (struct bytes){ to, payload.len };
}

/* The packet itself becomes the first reset to its receiver. Returns how many payloads are done with. */
static unsigned replace_packet(struct answers *a, const struct judgement *j,
			       const struct queue_packet *p, bool *sent, size_t *used)
{
	uint8_t bytes[RESET_BUFFER];
	struct bytes payload;
	unsigned i = 0;
	size_t len;

	while (!cut_payload(&j->cut, i, j->cut.receiver_room, &payload))
		i++; /* the last one, empty, goes when no other does */
	len = reset_build(&j->packet.tuple, j->cut.receiver, RESET_TTL, payload, bytes,
			  sizeof(bytes));
	queue_replace(a->queue, p, (struct bytes){ bytes, len });
	a->replaced[a->replacements++] = (struct replacement){ sent, keep(a, used, payload) };
	return i + 1;
}

/* Resets to the receiver that go out behind the verdicts. The payloads are kept until then. */
static void follow_up(struct answers *a, const struct cut *c, const struct way *way, unsigned from,
		      bool *sent, size_t *used)
{
	for (unsigned i = from; i < c->payloads; i++) {
		struct bytes payload;

		if (cut_payload(c, i, c->receiver_room, &payload))
			a->follow[a->follows++] = (struct follow_up){ *way, c->receiver,
								      keep(a, used, payload),
								      sent };
	}
	if (c->receiver_has_it)
		a->follow[a->follows++] =
			(struct follow_up){ *way, c->receiver_behind, { a->kept[0], 0 }, NULL };
}

/* Have the entry of a flow that was cut looked at later. A SYN that is dropped never had one. */
static void close_later(struct answers *a, const struct judgement *j, int64_t now_us)
{
	unsigned at;

	if (!j->cut.first || packet_opens(&j->packet) || a->closings == CLOSING_MAX)
		return;
	at = (a->closing_first + a->closings++) % CLOSING_MAX;
	a->closing[at] = (struct closing){ j->flow->tuple, now_us + CLOSING_US };
}

/* Tell the sender of @j's packet by ICMP. What it sent is quoted as it was before DNAT, else it would not know
 * it; and as the packet is dropped before conntrack knows its flow, the error goes past conntrack. The other
 * way round conntrack knows the flow, and translates. True when it was sent. */
static bool reject(struct answers *a, const struct judgement *j, const struct queue_packet *p)
{
	const struct ip_tuple *view = &j->flow->tuple;
	struct inject_path path = path_to(j, p, true);
	struct packet sent;
	uint8_t buffer[ICMP_BUFFER];
	struct ct_tuples ct;

	if (j->side == SIDE_RESPONDER)
		return inject_unreachable(a->inject, &j->packet, j->cut.code, &path);
	path.untracked = true;
	if (!tuples_of(a, p, view, false, &ct) ||
	    (addr_equal(&ct.original.dst, &view->dst) && ct.original.dport == view->dport))
		return inject_unreachable(a->inject, &j->packet, j->cut.code, &path);
	packet_as_sent(&j->packet, &ct.original.dst, ct.original.dport, buffer, &sent);
	return inject_unreachable(a->inject, &sent, j->cut.code, &path);
}

void answers_cut(struct answers *a, const struct judgement *j, const struct queue_packet *p,
		 struct event *e, int64_t now_us)
{
	const struct cut *c = &j->cut;
	bool from_initiator = j->side == SIDE_INITIATOR, *sender_sent = NULL, *receiver_sent = NULL;
	bool in_place = c->to_receiver && !p->gso;
	struct way to_sender, to_receiver;
	unsigned replaced = 0;
	size_t used = 0;
	struct bytes payload;

	if (e != NULL) {
		sender_sent = from_initiator ? &e->block.sent_source : &e->block.sent_destination;
		receiver_sent = from_initiator ? &e->block.sent_destination : &e->block.sent_source;
	}
	if (c->reject && reject(a, j, p) && sender_sent != NULL)
		*sender_sent = true;
	if (in_place)
		replaced = replace_packet(a, j, p, receiver_sent, &used);
	else
		queue_drop(a->queue, p->id);
	if (!c->to_sender && !c->to_receiver)
		return;
	ways_of(a, j, p, &to_sender, &to_receiver);
	for (unsigned i = 0; c->to_sender && i < c->payloads; i++) {
		if (cut_payload(c, i, c->sender_room, &payload))
			inject_reset(a->inject, &to_sender.wire, c->sender, payload,
				     &to_sender.path, sender_sent);
	}
	if (c->to_receiver)
		follow_up(a, c, &to_receiver, replaced, in_place ? NULL : receiver_sent, &used);
	a->rows += used > 0;
	close_later(a, j, now_us);
}

/* The way to the receiver of @j's reset, as ways_of() has it for a cut. */
static struct way way_of_reset(struct answers *a, const struct judgement *j,
			       const struct queue_packet *p)
{
	const struct ip_tuple *seen = &j->packet.tuple;
	struct ip_tuple sent;
	struct way way = { *seen, path_to(j, p, false) };
	struct ct_tuples ct;
	bool known = tuples_of(a, p, seen, true, &ct);

	way.path.untracked = !known || j->reading.stage == STAGE_SYN;
	if (!known || p->port_in != 0)
		return way;
	sent = tuple_reverse(&ct.reply);
	/* A RST that is the only answer to a SYN ends the entry at once (nf_conntrack_proto_tcp.c): no NAT
	 * is applied any more, and the source knows its peer as it was before DNAT. */
	if (j->reading.stage == STAGE_SYN)
		way.wire = tuple_reverse(&ct.original);
	else if (tuple_equal(&ct.original, seen) || tuple_equal(&sent, seen))
		way.wire = ct.original;
	else
		way.wire = ct.reply;
	return way;
}

void answers_annotate(struct answers *a, const struct judgement *j, const struct queue_packet *p)
{
	struct bytes text = { (const uint8_t *)j->annotation, j->annotation_len };
	uint8_t bytes[ANNOTATED_BUFFER];
	size_t len = reset_annotate(&j->packet, text, bytes, sizeof(bytes));

	if (len == 0) {
		queue_accept(a->queue, p);
		return;
	}
	queue_replace(a->queue, p, (struct bytes){ bytes, len });
	a->follow[a->follows++] = (struct follow_up){
		.way = way_of_reset(a, j, p),
		.numbers = { j->packet.seq, j->packet.ack, (j->packet.flags & TCP_ACK) == 0 },
		.payload = { a->kept[0], 0 },
	};
}

void answers_send(struct answers *a)
{
	bool verdicts_sent;

	inject_flush(a->inject);
	verdicts_sent = queue_flush(a->queue) == 0;
	for (unsigned i = 0; i < a->replacements && verdicts_sent; i++) {
		inject_count(&a->counters, a->replaced[i].payload);
		if (a->replaced[i].sent != NULL)
			*a->replaced[i].sent = true;
	}
	for (unsigned i = 0; i < a->follows; i++) {
		const struct follow_up *f = &a->follow[i];

		inject_reset(a->inject, &f->way.wire, f->numbers, f->payload, &f->way.path,
			     f->sent);
	}
	inject_flush(a->inject);
	a->replacements = a->follows = a->rows = 0;
}

void answers_close_entries(struct answers *a, int64_t now_us)
{
	for (unsigned n = 0; n < CLOSING_BUDGET && a->closings > 0; n++) {
		const struct closing *c = &a->closing[a->closing_first];

		if (now_us < c->due_us)
			return;
		a->counters.closed += conntrack_end(a->conntrack, &c->tuple);
		a->closing_first = (a->closing_first + 1) % CLOSING_MAX;
		a->closings--;
	}
}
