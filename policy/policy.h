/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled policy: what the parser makes, and all that the packet path reads of it. */
#ifndef EPITAPH_POLICY_POLICY_H
#define EPITAPH_POLICY_POLICY_H

#include "policy/diag.h"
#include "policy/exceptions.h"
#include "policy/limit.h"
#include "policy/pattern.h"
#include "policy/schedule.h"
#include "policy/set.h"
#include "policy/text.h"
#include "tcp/inspect.h"
#include "tcp/reset.h"
#include "tcp/reset_read.h"

#include <stdatomic.h>

enum {
	NAME_LEN = 31, /* [a-z][a-z0-9-]{0,30} */
	QUEUES_MAX = 64,
	QUEUE_LENGTH = 8192,
	QUEUE_BUFFER = 8 * 1024 * 1024,
	MARK_BITS = 4,
};

#define MARK_MASK 0xf0000000u

enum rule_action {
	ACTION_ACCEPT,
	ACTION_DROP,
	ACTION_RESET,
	ACTION_REJECT,
	ACTION_LOG,
	ACTION_ANNOTATE, /* of a reset that passes through */
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

/* All that a match may ask about a flow, or about a reset that passes through it. */
struct facts {
	const struct ip_tuple *tuple; /* original direction */
	const char *iif, *oif;	      /* of the original direction; "" when not known */
	const struct l7 *l7;
	struct bytes payload[2]; /* first octets of the initiator, of the responder */
	bool more[2];		 /* of them can still come */
	uint64_t flow_id;	 /* for samples */
	uint64_t schedules;	 /* those that hold now, a bit each */
	uint32_t mark;
	enum ct_state ct_state;
	int64_t now_us;
	struct limiter *limiter;	     /* NULL: every rate is within its limit */
	struct pattern_scratch *scratch;     /* NULL: no expression is known to match */
	const struct reset_reading *reading; /* NULL for a flow */
};

struct match;

/* What of a flow or reset a match asks. */
enum fact {
	FACT_SADDR,
	FACT_DADDR,
	FACT_SPORT,
	FACT_DPORT,
	FACT_IIF,
	FACT_OIF,
	FACT_SNI,
	FACT_HOST,
	FACT_ALPN,
	FACT_METHOD,
	FACT_PATH,
	FACT_PAYLOAD,
	FACT_REPLY,
	FACT_CT_STATE,
	FACT_MARK,
	FACT_SCHEDULE,
	FACT_LIMIT,
	FACT_RESET_PAYLOAD,
	FACT_RESET_TEXT,
	FACT_RESET_CODE,
	FACT_RESET_STAGE,
	FACTS,
};

enum operand {
	OPERAND_SET,
	OPERAND_OCTETS,
	OPERAND_REGEX,
	OPERAND_SCHEDULE,
	OPERAND_LIMIT,
	OPERAND_NONE
};
enum match_scope { SCOPE_BOTH, SCOPE_FLOW, SCOPE_RESET };

/* One row of the match table (match.c): a keyword, what its operand is, what it asks. */
struct match_kind {
	const char *words;
	enum fact fact;
	enum operand operand;
	enum set_type type; /* of OPERAND_SET */
	uint8_t family;	    /* 4 or 6: is also a match on it; 0 otherwise */
	uint8_t proto;	    /* PROTO_TCP, PROTO_UDP: is also a match on it; 0 otherwise */
	enum match_scope scope;
	const char *help;
};

struct match {
	const struct match_kind *kind;
	bool negate;
	struct place place;
	struct set *set;	       /* one of the policy's */
	const struct pattern *pattern; /* one of the policy's */
	uint16_t schedule;	       /* index */
	struct limit limit;
};

struct reason {
	char name[NAME_LEN + 1];
	struct place place;
	bool used, has_text;
	uint16_t code;	       /* as it goes out, by daemon.codes; 0: none given */
	uint32_t pen;	       /* of it; 0: IANA's */
	const char *code_name; /* as it was given; NULL: a number */
	struct text text;
	char *url;
};

struct rule {
	char name[NAME_LEN + 1];
	struct place place;
	const char *file; /* of the policy's; with line, where the rule stands */
	uint32_t line;
	struct match *match;
	size_t matches;
	bool of_resets; /* judges resets that pass through, not flows */
	enum rule_action action;
	enum reset_ends ends;
	enum payload_mode payload;
	enum unreachable reject;
	bool shadow; /* counts and logs what it would do, and goes on */
	bool log;    /* the option, not the action */
	bool pcap;   /* the packet goes into the capture file */
	bool asks_limit;
	uint32_t sample;	     /* one event in so many; 1: all */
	const struct reason *reason; /* NULL: the text is "R=$rule" */
	const struct text *annotate; /* ACTION_ANNOTATE; the rule's own */
	const struct set *named_set; /* the first named one it asks, for $set and $entry; or NULL */
	char *comment;
};

/* A test of the policy's own: a flow, and what must become of it. */
struct policy_test {
	char *name;
	struct place place, expect_place;
	struct ip_tuple tuple;
	char *iif, *oif;
	struct l7 *l7;
	struct bytes payload[2]; /* own their octets */
	char *payload_source[2];
	enum ct_state ct_state;
	uint32_t mark, repeat;
	struct moment at;
	bool has_flow, has_expect;
	enum rule_action action;
	enum reset_ends ends;	 /* 0: any */
	char rule[NAME_LEN + 1]; /* "" : any */
};

enum backend { BACKEND_AUTO, BACKEND_NFT, BACKEND_IPTABLES, BACKENDS };
enum reset_logging { RESETS_ALL, RESETS_TEXT, RESETS_NONE, RESET_LOGGINGS };

struct daemon_settings {
	uint16_t queue_first, queue_last;
	enum backend backend;
	bool loss_open, overload_open;
	uint32_t queue_length,
		queue_buffer; /* packets that the kernel holds; octets of the socket */
	uint32_t mark_mask;   /* four bits of packet and connection marks */
	bool has_reply_saddr, has_reply_total;
	struct limit reply_saddr, reply_total; /* of forged packets */
	char *control;			       /* a socket's name; NULL: none */
	char *control_group;		       /* its group; NULL: that of the daemon's user */
	enum code_table codes;		       /* that names of codes are numbered by */
	uint32_t pen;			       /* of codes that are given as a number; 0: IANA's */
	bool payload, companion;	       /* resets may carry one; an empty one follows */
	char *exceptions;		       /* a file's name; NULL: none */
	bool confine;			       /* the daemon gives up what it does not need */
	bool reclaim;			       /* of the ports of translated flows in TIME_WAIT */
};

struct log_file {
	char *path;
	uint64_t rotate_size; /* octets; 0: never */
	uint32_t rotate_keep;
	uint64_t budget; /* octets of it and of what is kept; 0: as much as they have */
};

struct log_settings {
	struct log_file file; /* without a path: standard output */
	struct log_file pcap; /* without a path: none */
	bool pcap_resets;     /* keep resets there, too */
	uint64_t reserve;     /* octets that stay free where the files are */
	char *syslog;	      /* a facility's name; NULL: none */
	char *syslog_to;      /* NULL: the local daemon's socket */
	bool journald;
	char *socket; /* NULL: none */
	enum reset_logging resets;
	uint32_t aggregate_s; /* 0: every event by itself */
};

struct policy_index;

struct policy {
	struct daemon_settings daemon;
	struct log_settings log;
	struct set **set; /* named and in place */
	size_t sets;
	struct pattern **pattern;
	size_t patterns;
	struct reason **reason;
	size_t reasons;
	struct schedule *schedule;
	size_t schedules;
	struct rule *rule;
	size_t rules;
	struct rule *reset_rule; /* of "resets forward" */
	size_t reset_rules;
	struct policy_test *test;
	size_t tests;
	char **file; /* names of the files it came from */
	size_t files;
	/* Two rules without matches that stand where no rule of the policy does. */
	struct rule on_default, on_undecided;
	struct text default_text;
	struct policy_index *index; /* of rule, for decide() */
	bool needs_l7;		    /* some rule asks what the initiator's first octets say */
	bool needs_reply;	    /* or the responder's */
	_Atomic(struct exceptions *) exceptions; /* in force, freed with the policy; or NULL */
	uint32_t generation;			 /* set by who puts it in force */
	_Atomic uint64_t *hits; /* flows that each rule has decided, then the two above */
	uint32_t rejudge_from;	/* flows that an earlier generation accepted are judged again */
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

/* Where the flows are counted that the rule behind an index has decided, RULE_DEFAULT and RULE_UNDECIDED included. */
_Atomic uint64_t *policy_hits(const struct policy *p, uint16_t index);

/* The rule of flows that has this name, or NULL. */
const struct rule *policy_find_rule(const struct policy *p, const char *name);

/* Whether the events of @r are logged for this flow: one in so many, the same flow always or never. */
bool rule_is_sampled(const struct rule *r, uint64_t flow_id);

/* The schedules that hold at @utc, seconds since the epoch; and at the moment of a test. */
uint64_t policy_schedules(const struct policy *p, int64_t utc);
uint64_t policy_schedules_at(const struct policy *p, const struct moment *m);

const char *action_name(enum rule_action a);
const char *reset_ends_name(enum reset_ends e);
const char *unreachable_name(enum unreachable c);
const char *reset_logging_name(enum reset_logging r);
const char *payload_mode_name(enum payload_mode m);
const char *backend_name(enum backend b);
/* "open" or "closed": what a failure setting says. */
const char *open_name(bool open);
const char *code_table_name(enum code_table t);

/* The i-th row of the match table, or NULL past its end. */
const struct match_kind *match_kind_at(size_t i);

/* Ask one match. A rate takes a token when it is asked: ask it last. */
enum tri match_ask(const struct match *m, const struct facts *f);

/* The element of m's set that holds the flow's value, as text; false when there is none to name. */
bool match_entry(const struct match *m, const struct facts *f, char out[ENTRY_LEN]);

/* True when its answer waits for what the ends say. */
bool match_is_l7(const struct match *m);

#endif
