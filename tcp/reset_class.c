/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reset is, by the flow that it ends. */
#include "tcp/reset_read.h"
#include "tcp/track.h"

#include <assert.h>
#include <string.h>

enum {
	/* Silence after which a connection may have been forgotten on the way. */
	TIMEOUT_US = 10 * 1000000,
	/* Hosts that count up for all their packets are not so busy that it is more within a flow. */
	IP_ID_NEAR = 4096,
	CODE_NOT_AUTHORIZED_03 = 11,
	CODE_NOT_AUTHORIZED_02 = 9,
	CODE_TIMEOUT_03 = 16,
};

#define NAMES(table, count, what)                                                                  \
	static_assert(sizeof(table) / sizeof((table)[0]) == (count), "every " what " has a name")

static const char *const stage_names[] = {
	[STAGE_UNKNOWN] = "unknown",	 [STAGE_SYN] = "syn",
	[STAGE_HANDSHAKE] = "handshake", [STAGE_ESTABLISHED] = "established",
	[STAGE_CLOSING] = "closing",
};
NAMES(stage_names, RESET_STAGES, "stage");

static const char *const kind_names[] = {
	[RESET_KIND_UNKNOWN] = "unknown", [RESET_KIND_REFUSED] = "refused",
	[RESET_KIND_ABORT] = "abort",	  [RESET_KIND_HALF_OPEN] = "half-open",
	[RESET_KIND_TIMEOUT] = "timeout", [RESET_KIND_POLICY] = "policy",
	[RESET_KIND_FORGED] = "forged?",
};
NAMES(kind_names, RESET_KINDS, "kind");

static const char *const sign_names[] = {
	[SIGN_TTL] = "ttl-jump",	   [SIGN_IP_ID] = "ip-id-jump",
	[SIGN_TIMESTAMP] = "no-timestamp", [SIGN_SEQ_BELOW] = "seq-below-sent",
	[SIGN_SEQ] = "seq-unexpected",	   [SIGN_ACK] = "ack-unexpected",
	[SIGN_SEQ_CHANGE] = "seq-change",  [SIGN_ACK_CHANGE] = "ack-change",
	[SIGN_WENT_ON] = "sender-went-on", [SIGN_HERE] = "made-here",
};
NAMES(sign_names, RESET_SIGNS, "sign");

const char *reset_stage_name(enum reset_stage s)
{
	return stage_names[s];
}

const char *reset_kind_name(enum reset_kind k)
{
	return kind_names[k];
}

const char *reset_sign_name(enum reset_sign s)
{
	return sign_names[s];
}

/* Words of texts that are known, or plain enough. The first that is found counts. */
static const struct {
	const char *word;
	enum reset_kind kind;
} claims[] = {
	{ "R=", RESET_KIND_POLICY }, /* of ours, or another one of us */
	{ "polic", RESET_KIND_POLICY },	       { "block", RESET_KIND_POLICY },
	{ "denied", RESET_KIND_POLICY },       { "prohibit", RESET_KIND_POLICY },
	{ "forbid", RESET_KIND_POLICY },       { "not allowed", RESET_KIND_POLICY },
	{ "not authori", RESET_KIND_POLICY },  { "timeout", RESET_KIND_TIMEOUT },
	{ "timed out", RESET_KIND_TIMEOUT },   { "expired", RESET_KIND_TIMEOUT },
	{ "no listener", RESET_KIND_REFUSED }, { "no local listener", RESET_KIND_REFUSED },
	{ "refused", RESET_KIND_REFUSED },     { "no flow found", RESET_KIND_HALF_OPEN },
	{ "tcp_close, ", RESET_KIND_ABORT },
};

/* What the payload says that it is: as good as its sender. */
static enum reset_kind claimed_kind(const struct reset_reading *r)
{
	if (r->class == RESET_CLASS_DIAG && r->pen == 0 && r->format == RESET_FORMAT_RECORD) {
		if (r->code == CODE_NOT_AUTHORIZED_03 || r->code == CODE_NOT_AUTHORIZED_02)
			return RESET_KIND_POLICY;
		return r->code == CODE_TIMEOUT_03 ? RESET_KIND_TIMEOUT : RESET_KIND_UNKNOWN;
	}
	for (size_t i = 0; r->class == RESET_CLASS_TEXT && i < sizeof(claims) / sizeof(claims[0]);
	     i++) {
		if (strcasestr(r->text, claims[i].word) != NULL)
			return claims[i].kind;
	}
	return RESET_KIND_UNKNOWN;
}

/* An empty reset at the SEQ of one that carried a payload is its companion: it says the same to those who could not
 * take the first. */
static enum reset_kind claim_before(const struct packet *p, const struct flow_reset *before,
				    int64_t now_us)
{
	if (flow_resets_before(before, now_us) == 0 || before->seq != p->seq || p->payload_len > 0)
		return RESET_KIND_UNKNOWN;
	return (enum reset_kind)before->claim;
}

static void sign(struct reset_reading *r, enum reset_sign s, bool holds)
{
	if (holds)
		r->signs |= (uint16_t)(1u << s);
}

static bool has(const struct reset_reading *r, enum reset_sign s)
{
	return (r->signs & 1u << s) != 0;
}

/* The answer to a SYN. */
static bool refuses(const struct packet *p, const struct flow *f, enum flow_side_name side)
{
	const struct flow_side *own = &f->side[side], *peer = &f->side[!side];

	return side == SIDE_RESPONDER && peer->syn && (p->flags & TCP_ACK) && p->seq == 0 &&
	       (p->ack == peer->isn + 1 || p->ack == peer->next) && !own->syn;
}

/* RST alone, at the number that the other end waits for: what RFC 9293 3.5.2 answers to a segment of a
 * connection that is not known. */
static bool answers_unknown(const struct packet *p, const struct flow_side *peer)
{
	return !(p->flags & TCP_ACK) && peer->acked && p->seq == peer->ack;
}

static enum reset_stage stage_of(const struct packet *p, const struct flow *f,
				 enum flow_side_name side)
{
	const struct flow_side *own = &f->side[side], *peer = &f->side[!side];
	const struct flow_side *initiator = &f->side[SIDE_INITIATOR];
	const struct flow_side *responder = &f->side[SIDE_RESPONDER];

	if (own->fin || peer->fin)
		return STAGE_CLOSING;
	if (refuses(p, f, side) || (initiator->syn && !responder->seen && side == SIDE_INITIATOR))
		return STAGE_SYN;
	if (own->data || peer->data || (own->syn && seq_before(own->isn + 1, p->seq)) ||
	    (peer->syn && (p->flags & TCP_ACK) && seq_before(peer->isn + 1, p->ack)))
		return STAGE_ESTABLISHED;
	if (!responder->syn)
		return STAGE_UNKNOWN;
	return initiator->acked ? STAGE_ESTABLISHED : STAGE_HANDSHAKE;
}

/* What its IP header tells, against the packet before of the end that it names. */
static void compare_headers(const struct packet *p, const struct flow_side *own, bool sees_all,
			    struct reset_reading *r)
{
	uint16_t up = (uint16_t)(p->ip_id - own->ip_id);

	if (own->ttl == 0)
		return;
	sign(r, SIGN_TTL, p->ttl != own->ttl && !own->ttl_varies);
	/* 0 stands for none at all (RFC 6864 4.1). */
	sign(r, SIGN_IP_ID, sees_all && p->ip_id != 0 && own->ip_id != 0 && up > IP_ID_NEAR);
}

/* What its numbers tell, of a flow of which nothing was missed. */
static void compare_numbers(const struct packet *p, const struct flow_side *own,
			    const struct flow_side *peer, struct reset_reading *r)
{
	bool acks = (p->flags & TCP_ACK) != 0;
	bool awaited = peer->acked && p->seq == peer->ack;

	if (own->seen) {
		bool below = seq_before(p->seq, own->next);

		/* Who knows of no connection takes the number of what it answers. */
		sign(r, SIGN_SEQ_BELOW, below && (acks || !awaited));
		sign(r, SIGN_SEQ, !below && p->seq != own->next && !awaited);
		sign(r, SIGN_TIMESTAMP,
		     acks && own->timestamps && !packet_has_option(p, OPTION_TIMESTAMPS));
	}
	sign(r, SIGN_ACK,
	     acks && peer->seen &&
		     (seq_before(peer->next, p->ack) ||
		      seq_before(p->ack, own->acked ? own->ack : peer->isn)));
}

static void compare_resets(const struct packet *p, const struct flow_reset *before, int64_t now_us,
			   struct reset_reading *r)
{
	if (flow_resets_before(before, now_us) == 0)
		return;
	sign(r, SIGN_SEQ_CHANGE, seq_before(before->seq, p->seq));
	sign(r, SIGN_ACK_CHANGE,
	     (p->flags & TCP_ACK) && (before->flags & TCP_ACK) && p->ack != before->ack);
}

static void append(char pattern[RESET_PATTERN_MAX], const char *word)
{
	size_t used = strlen(pattern), len = strlen(word);

	assert(used + len < RESET_PATTERN_MAX);
	memcpy(pattern + used, word, len + 1);
}

/* As "Global, Passive Detection of Connection Tampering" (SIGCOMM 2023) writes it: what the initiator
 * had sent, and the resets back to back. */
static void describe(const struct packet *p, const struct flow *f, const struct flow_reset *before,
		     int64_t now_us, struct reset_reading *r)
{
	const struct flow_side *initiator = &f->side[SIDE_INITIATOR];
	const char *sent = initiator->segments > 1    ? "data"
			   : initiator->segments == 1 ? "psh"
			   : initiator->acked	      ? "ack"
						      : "syn";
	unsigned resets = flow_resets_before(before, now_us);

	if (!initiator->syn)
		return;
	append(r->pattern, sent);
	append(r->pattern, ">");
	for (unsigned i = 0; i < resets && i < 3; i++)
		append(r->pattern, before->acks & 1u << i ? "rst+ack;" : "rst;");
	append(r->pattern, p->flags & TCP_ACK ? "rst+ack" : "rst");
}

static bool looks_forged(const struct reset_reading *r)
{
	return has(r, SIGN_TTL) || has(r, SIGN_SEQ) || has(r, SIGN_ACK) ||
	       (has(r, SIGN_SEQ_BELOW) && (has(r, SIGN_IP_ID) || has(r, SIGN_TIMESTAMP))) ||
	       (has(r, SIGN_IP_ID) && has(r, SIGN_TIMESTAMP));
}

static enum reset_kind kind_of(const struct packet *p, const struct flow *f,
			       enum flow_side_name side, const struct reset_reading *r)
{
	bool unknown = answers_unknown(p, &f->side[!side]) && f->latest != side;

	if (refuses(p, f, side))
		return RESET_KIND_REFUSED;
	/* Not the end itself, but someone who had known the connection. */
	if (unknown && has(r, SIGN_TTL) && r->quiet_us >= TIMEOUT_US)
		return RESET_KIND_TIMEOUT;
	if (looks_forged(r))
		return RESET_KIND_FORGED;
	/* Who closed, and gets data afterwards, ends it so as well (RFC 1122 4.2.2.13). */
	if (unknown && !f->side[side].fin)
		return RESET_KIND_HALF_OPEN;
	if (r->stage == STAGE_ESTABLISHED || r->stage == STAGE_CLOSING)
		return RESET_KIND_ABORT;
	return RESET_KIND_UNKNOWN;
}

void reset_classify(const struct packet *p, const struct flow *f, enum flow_side_name side,
		    const struct reset_circumstances *c, struct reset_reading *out)
{
	enum reset_kind claim = out->ours ? RESET_KIND_POLICY : claimed_kind(out);

	if (claim == RESET_KIND_UNKNOWN && f != NULL)
		claim = claim_before(p, &f->side[side].reset, c->now_us);
	out->kind = out->claim = claim;
	if (f == NULL) {
		/* SEQ 0 and an ACK answer what had no ACK, a SYN; by chance, one in four billion. */
		if ((p->flags & TCP_ACK) && p->seq == 0) {
			out->stage = STAGE_SYN;
			out->kind = claim != RESET_KIND_UNKNOWN ? claim : RESET_KIND_REFUSED;
		}
		return;
	}
	out->stage = stage_of(p, f, side);
	describe(p, f, &f->side[side].reset, c->now_us, out);
	if (c->sees_all)
		out->quiet_us = f->latest != side && answers_unknown(p, &f->side[!side])
					? f->quiet_us
					: c->now_us - f->seen_us;
	if (out->ours)
		return;
	compare_headers(p, &f->side[side], c->sees_all, out);
	compare_resets(p, &f->side[side].reset, c->now_us, out);
	if (c->sees_all && !refuses(p, f, side))
		compare_numbers(p, &f->side[side], &f->side[!side], out);
	if (claim == RESET_KIND_UNKNOWN)
		out->kind = kind_of(p, f, side, out);
}
