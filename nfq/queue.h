/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One NFQUEUE: packets in by the batch, verdicts out by the batch, over libmnl. */
#ifndef EPITAPH_NFQ_QUEUE_H
#define EPITAPH_NFQ_QUEUE_H

#include "policy/judge.h"

#include <libmnl/libmnl.h>

enum {
	QUEUE_BATCH = 64,
	QUEUE_ERROR = 256,
};

struct queue_packet {
	uint32_t id;
	struct bytes ip; /* points into the queue's buffer, valid until the next receive */
	uint32_t mark;
	uint32_t iif, oif;	    /* interface indexes, 0 when there is none */
	uint32_t port_in, port_out; /* of a bridge that forwards it, 0 when none does */
	const uint8_t *hw;   /* HW_LEN octets: the Ethernet address that it came from, or NULL */
	bool gso;	     /* an aggregate: more than one segment on the wire */
	bool checksum_ready; /* false: the kernel fills the checksum in later */
	enum direction direction;
	bool ct_known; /* ct_state is */
	enum ct_state ct_state;
	const struct nlattr *ct; /* NFQA_CT, or NULL */
};

struct queue_settings {
	uint16_t number;
	bool fail_open;	 /* packets pass when the queue is full */
	uint32_t length; /* packets that the kernel holds for us */
	uint32_t buffer; /* octets of messages that the socket holds */
};

struct queue_counters {
	uint64_t enobufs, verdict_errors, truncated;
};

struct queue;

/* What opening a queue could not do, and what to do about it. */
struct queue_error {
	char text[QUEUE_ERROR];
};

/* Bind a queue. Returns NULL with @error filled. The caller owns it; closing drops what is queued. */
struct queue *queue_open(const struct queue_settings *settings, struct queue_error *error);
void queue_close(struct queue *q);

/* False when the kernel cannot hand over conntrack's tuples with a packet (NFQA_CT). */
bool queue_has_conntrack(const struct queue *q);

/* The descriptor to poll for input. */
int queue_fd(const struct queue *q);

/* Receive what is there, at most QUEUE_BATCH, without waiting. Returns the number, or -errno. */
int queue_receive(struct queue *q, struct queue_packet out[QUEUE_BATCH]);

/* Add one verdict to the batch; nothing is sent before queue_flush(). What is accepted goes on with p->mark. */
void queue_accept(struct queue *q, const struct queue_packet *p);
void queue_drop(struct queue *q, uint32_t id);
/* Accept with this packet mark, through the hook's rules once more (NF_REPEAT). */
void queue_repeat(struct queue *q, uint32_t id, uint32_t mark);
/* Accept @replacement, at most ANNOTATED_BUFFER octets, in place of the packet. */
void queue_replace(struct queue *q, const struct queue_packet *p, struct bytes replacement);

/* Send the verdicts in one message. Returns 0 or -errno. */
int queue_flush(struct queue *q);

const struct queue_counters *queue_counters(const struct queue *q);

#endif
