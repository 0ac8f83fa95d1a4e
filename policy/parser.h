/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the parser: its state, and the helpers that its parts share. */
#ifndef EPITAPH_POLICY_PARSER_H
#define EPITAPH_POLICY_PARSER_H

#include "policy/lex.h"
#include "policy/names.h"
#include "policy/policy.h"

struct define {
	const char *name;
	struct place place;
	const struct token *value; /* one value or a list in braces */
	bool used;
};

/* A rule by where it is: the lists move while they grow. */
struct rule_ref {
	bool of_resets;
	uint16_t index;
};

/* A name to resolve once everything was read, so that order in the file does not matter. */
struct pending {
	struct rule_ref rule;
	size_t match; /* of @set or a schedule; unused for a reason */
	const struct token *name;
};

struct pending_list {
	struct pending *list;
	size_t count;
};

/* A file that the policy names, kept until all is parsed. */
struct unit {
	struct source source; /* owns its name */
	struct tokens tokens; /* of an included file */
};

struct parser {
	const struct token *at; /* the token in hand; the list ends with TOKEN_END */
	const struct policy_loader *loader;
	struct unit **unit;
	size_t units;
	unsigned depth;		    /* of includes */
	const struct source *start; /* the policy file */
	struct diags *diags;
	struct policy *policy;
	struct define *define;
	size_t defines;
	struct names set_names, rule_names, reason_names, schedule_names;
	struct pending_list set_use, reason_use, schedule_use;
	bool has_policy, has_resets;
	bool no_memory;
};

/* One keyword of a block, and what reads the rest of its statement. */
struct statement {
	const char *words; /* separated by blanks */
	bool (*parse)(struct parser *p);
};

/* Grow a list by one zeroed element; NULL (and no_memory set) when there is no room. */
void *parser_grow(struct parser *p, void **list, size_t *count, size_t size);

/* True, and the word is taken, when the token in hand is this word. */
bool parser_take_word(struct parser *p, const char *word);

/* The same for some words, separated by blanks. */
bool parser_take_words(struct parser *p, const char *words);

/* Take a token of @kind and return it; NULL after an error that says @what was expected. */
const struct token *parser_expect(struct parser *p, enum token_kind kind, const char *what);

/* Report the token in hand: "expected WHAT, found ...". Always false. */
bool parser_unexpected(struct parser *p, const char *what);

/* The number that @name has in @n; -1 after an error: "unknown WHAT 'SIGILname'", with the nearest. */
int64_t parser_resolve(struct parser *p, const struct names *n, const struct token *name,
		       const char *what, const char *sigil);

/* Report that a WHAT of this name exists already, at @before. Always false. */
bool parser_exists(struct parser *p, const char *what, const char *name, const struct place *place,
		   const struct place *before);

/* One statement of a table, as parser_block() reads them. */
bool parser_statement(struct parser *p, const char *what, const struct statement *table,
		      size_t rows, bool (*otherwise)(struct parser *p));

/* Report an unknown word with the nearest of @s. */
void parser_unknown(struct parser *p, const char *what, const struct suggestion *s);

/* If @words are several, of which the first is the word in hand, write as many words from here to
 * @out, so that all are compared with @words. */
bool parser_phrase(const struct parser *p, const char *words, char out[64]);

/* "{", statements by @table until "}"; a bad statement is skipped. @otherwise, if any, reads
 * statements that start with no word of the table. */
bool parser_block(struct parser *p, const char *what, const struct statement *table, size_t rows,
		  bool (*otherwise)(struct parser *p));

/* The index of the word in hand among @names, taken; -1 after an error that lists them. */
int parser_choice(struct parser *p, const char *what, const char *const *names, int count);

/* A name: [a-z][a-z0-9-]{0,30}, copied. False after an error. */
bool parser_name(struct parser *p, const char *what, char out[NAME_LEN + 1], struct place *place);

/* Read a value or a list in braces into @s. False after an error. */
bool parser_operand(struct parser *p, struct set *s, uint8_t family);

/* A string, copied to *out, which is freed before; false after an error. */
bool parser_string(struct parser *p, const char *what, char **out);

/* A number from @min to @max; false after an error. */
bool parser_number(struct parser *p, const char *what, uint32_t min, uint32_t max, uint32_t *out);

/* "64M": octets, with K, M or G for powers of 1024. */
bool parser_size(struct parser *p, uint64_t *out);

/* The rule of this index, RULE_DEFAULT and RULE_UNDECIDED included, to be filled. */
struct rule *parser_rule(struct parser *p, struct rule_ref ref);

/* Note @name to be resolved at the end. */
bool parser_note(struct parser *p, struct pending_list *l, struct rule_ref rule, size_t match,
		 const struct token *name);

/* A new set of the policy; NULL without memory. */
struct set *parser_new_set(struct parser *p, enum set_type type);

/* Read the statements of the tokens at p->at, to their end. */
void parser_file(struct parser *p);

/* Where something is: "in line 5", or "in FILE, line 5" when that is not the file in hand. */
const char *parser_where(const struct parser *p, const struct place *place, char out[128]);

/* "include "GLOB"" and, in a set, "file "NAME"", behind their words. */
bool parse_include(struct parser *p);
bool parse_set_file(struct parser *p, struct set *s);
void parser_units_free(struct parser *p);

/* "set", "schedule" and "reason", behind their words. */
bool parse_set(struct parser *p);
bool parse_schedule(struct parser *p);
bool parse_reason(struct parser *p);

/* "policy forward { ... }" and "resets forward { ... }", behind their first words. */
bool parse_policy_section(struct parser *p);
bool parse_resets_section(struct parser *p);

/* If the words here are a match, read it into the rule. *good tells whether it was one without
 * fault; false when they are none. */
bool parse_match(struct parser *p, struct rule_ref ref, bool *good);

/* "50/second burst 100" into @l, whose burst stays when none is given; false after an error. */
bool parse_rate(struct parser *p, struct limit *l);

/* Read the zone of @s: that of @token, or without one that of the machine, which is UTC where no other
 * file can be read. False after an error. */
bool parser_zone(struct parser *p, struct schedule *s, const struct token *token);

/* "test "NAME" { ... }", behind its word. */
bool parse_test(struct parser *p);

/* "daemon { ... }" and "log { ... }", behind their words. */
bool parse_daemon_section(struct parser *p);
bool parse_log_section(struct parser *p);

/* An action's words, if they are here, into @action, @ends and @reject; *good is false after an
 * error in them. False when there is no action here. */
bool parse_action(struct parser *p, enum rule_action *action, enum reset_ends *ends,
		  enum unreachable *reject, bool *good);

/* Resolve names, seal sets, and look for what cannot be meant. */
void policy_check(struct parser *p);

/* Warnings: what is a policy, but hardly what was meant. */
void policy_lint(struct parser *p);

/* Run the policy's own tests; what fails is an error at its place. */
void policy_run_tests(struct parser *p);

#endif
