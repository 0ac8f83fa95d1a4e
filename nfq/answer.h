/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes out because of a batch of packets: verdicts with a reset in place of the packet, forged
 * resets and ICMP errors, and the end of conntrack entries.
 *
 * Theory of operation. Resets to the senders of cut packets go out first, then all verdicts, then the
 * resets to receivers, so that what was let go before them stays before them. Conntrack moves an entry to
 * CLOSE by itself when it sees a reset at the sequence number that the other end expects. It does not see
 * one that leaves by a bridge's port, and leaves the entry ESTABLISHED, for days, by one that finds data in
 * flight. So a while after a cut, when it has had its effect, the entry is looked up and closed if need be.
 */
#ifndef EPITAPH_NFQ_ANSWER_H
#define EPITAPH_NFQ_ANSWER_H

#include "events/event.h"
#include "nfq/queue.h"

struct answers;

/* Open what is needed to answer: sockets with @mark on what they send, or @untracked_mark on what conntrack
 * shall not see. @queue stays the caller's. Returns 0 or -errno. */
int answers_new(uint32_t mark, uint32_t untracked_mark, struct queue *queue, struct answers **out);
void answers_free(struct answers *a);

/* Carry out the cut of @j, the judgement on @p. @e is its event, whose "sent" is set by answers_send();
 * NULL when the flow was cut before. */
void answers_cut(struct answers *a, const struct judgement *j, const struct queue_packet *p,
		 struct event *e, int64_t now_us);

/* Let a reset go on with the text of @j, and behind it again as it was: a receiver whose window has no room
 * for the text ignores the first (tcp_sequence() of Linux 6.17). */
void answers_annotate(struct answers *a, const struct judgement *j, const struct queue_packet *p);

/* Send resets, verdicts and the resets behind them; events may be published then. */
void answers_send(struct answers *a);

/* Close the conntrack entries of flows that were cut a while ago; call every second or so. */
void answers_close_entries(struct answers *a, int64_t now_us);

const struct answer_counters *answers_counters(const struct answers *a);

#endif
