/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets that a match asks: intervals of addresses or ports, domain names, interface names. */
#ifndef EPITAPH_POLICY_SET_H
#define EPITAPH_POLICY_SET_H

#include "policy/diag.h"
#include "tcp/addr.h"

enum set_type {
	SET_ADDR,
	SET_PORT,
	SET_DOMAIN,
	SET_IFNAME,
	SET_TYPES,
};

struct interval {
	unsigned __int128 low, high; /* both included */
};

struct domain_entry {
	char *name; /* lower case, no dots at either end */
	bool below; /* every name below it matches too */
};

struct set {
	enum set_type type;
	char *name; /* NULL for one written in place */
	struct place place;
	bool used;
	size_t count, room;
	union {
		struct interval *interval;   /* SET_ADDR, SET_PORT; sorted and apart once sealed */
		struct domain_entry *domain; /* SET_DOMAIN; hashed once sealed */
		char **ifname;		     /* SET_IFNAME; a trailing '*' matches any rest */
	};
	uint32_t *bucket; /* SET_DOMAIN: index into domain + 1, or 0 */
	size_t bucket_mask;
};

const char *set_type_name(enum set_type t);
/* The type called @name, or -1. */
int set_type_by_name(const char *name);

/*
 * Add the element that @text spells: an address, prefix or range; a port or range; a domain name
 * (with a leading dot: it and everything below it); an interface name. Returns NULL, or why it is
 * none, as a message that follows the quoted element. @family, 4 or 6, refuses the other one; 0
 * takes both.
 */
const char *set_add(struct set *s, const char *text, uint8_t family);

/* Sort, merge and hash: call once, before the first question. Returns 0 or -ENOMEM. */
int set_seal(struct set *s);
void set_free(struct set *s);

bool set_has_addr(const struct set *s, const struct ip_addr *a);
bool set_has_port(const struct set *s, uint16_t port);
/* @name is lower case without a trailing dot. */
bool set_has_domain(const struct set *s, const char *name, size_t len);
bool set_has_ifname(const struct set *s, const char *name);

#endif
