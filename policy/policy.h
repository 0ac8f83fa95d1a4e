/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled policy: what the parser makes, and all that the packet path reads of it. */
#ifndef EPITAPH_POLICY_POLICY_H
#define EPITAPH_POLICY_POLICY_H

#include "policy/diag.h"
#include "policy/set.h"
#include "policy/text.h"
#include "tcp/inspect.h"

enum {
	NAME_LEN = 31, /* [a-z][a-z0-9-]{0,30} */
	QUEUES_MAX = 64,
};

enum rule_action {
	ACTION_ACCEPT,
	ACTION_DROP,
	ACTION_RESET,
	ACTION_REJECT,
	ACTION_LOG,
	ACTIONS,
};

/* Which ends a reset goes to; "source" is the initiator. */
enum reset_ends {
	ENDS_SOURCE = 1,
	ENDS_DESTINATION = 2,
	ENDS_BOTH = 3,
};

enum payload_mode {
	PAYLOAD_TEXT,
	PAYLOAD_DIAG,
	PAYLOAD_BOTH,
	PAYLOAD_NONE,
	PAYLOAD_MODES,
};

/* Three-valued: "maybe" until more octets of the flow were seen. */
enum tri { TRI_NO, TRI_YES, TRI_MAYBE };

/* All that a match may ask about a flow. */
struct facts {
	const struct ip_tuple *tuple; /* original direction */
	const char *iif, *oif;	      /* of the original direction; "" when not known */
	const struct l7 *l7;
};

struct match;

/* One row of the match table (match.c): a keyword, what its operand is, how it is asked. */
struct match_kind {
	const char *words;
	enum set_type operand;
	uint8_t family; /* 4 or 6: is also a match on it; 0 otherwise */
	uint8_t proto;	/* PROTO_TCP, PROTO_UDP: is also a match on it; 0 otherwise */
	const struct l7_field *(*field)(
		const struct l7 *l7); /* L7 matches: undecided until known */
	bool (*ask)(const struct set *s, const struct facts *f);
	const char *help;
};

struct match {
	const struct match_kind *kind;
	bool negate;
	struct set *set; /* one of the policy's */
	struct place place;
};

struct reason {
	char name[NAME_LEN + 1];
	struct place place;
	bool used, has_text;
	uint16_t code; /* 0: none given */
	struct text text;
	char *url;
};

struct rule {
	char name[NAME_LEN + 1];
	struct place place;
	struct match *match;
	size_t matches;
	enum rule_action action;
	enum reset_ends ends;
	enum payload_mode payload;
	bool log;		     /* the option, not the action */
	const struct reason *reason; /* NULL: the text is "R=$rule" */
	const char *set_name;	     /* of the first named set it asks, for $set; or NULL */
	char *comment;
};

enum backend { BACKEND_AUTO, BACKEND_NFT, BACKEND_IPTABLES, BACKENDS };
enum reset_logging { RESETS_ALL, RESETS_TEXT, RESETS_NONE, RESET_LOGGINGS };

struct daemon_settings {
	uint16_t queue_first, queue_last;
	enum backend backend;
	bool loss_open, overload_open;
};

struct log_settings {
	char *file; /* NULL: standard output */
	enum reset_logging resets;
};

struct policy {
	struct daemon_settings daemon;
	struct log_settings log;
	struct set **set; /* named and in place */
	size_t sets;
	struct reason **reason;
	size_t reasons;
	struct rule *rule;
	size_t rules;
	/* Two rules without matches that stand where no rule of the policy does. */
	struct rule on_default, on_undecided;
	struct text default_text;
	bool needs_l7;	     /* some rule asks for L7 fields */
	uint32_t generation; /* set by who puts it in force */
};

/* Indexes that stand for the two, in flows and decisions. */
#define RULE_DEFAULT ((uint16_t)0xffff)
#define RULE_UNDECIDED ((uint16_t)0xfffe)

/*
 * How the parser gets at the files that a policy names. Names are relative to the folder of the file
 * that names them, and are handed over already joined with it.
 */
struct policy_loader {
	void *context;
	/* The octets of the file @name, which stay until the policy is parsed. 0 or -errno. */
	int (*load)(void *context, const char *name, struct bytes *out);
	/* Call @each with the names that the glob @pattern matches, sorted. 0 or -errno. */
	int (*expand)(void *context, const char *pattern, void (*each)(void *arg, const char *name),
		      void *arg);
};

/*
 * Parse @source. Everything wrong goes to @d; returns NULL when any of it is an error or memory ran
 * out (then @d holds that). Without a @loader, naming another file is an error. The caller owns the
 * policy. @source must live as long as this call; the policy keeps nothing of it.
 */
struct policy *policy_parse(const struct source *source, const struct policy_loader *loader,
			    struct diags *d);
void policy_free(struct policy *p);

/* The rule behind an index of this policy, RULE_DEFAULT and RULE_UNDECIDED included. */
const struct rule *policy_rule(const struct policy *p, uint16_t index);

const char *action_name(enum rule_action a);
const char *payload_mode_name(enum payload_mode m);
const char *backend_name(enum backend b);

/* The i-th row of the match table, or NULL past its end. */
const struct match_kind *match_kind_at(size_t i);

/* Ask one match. */
enum tri match_ask(const struct match *m, const struct facts *f);

#endif
