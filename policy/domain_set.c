/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/domain_set.h"

#include "policy/pages.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENTRY_HEAD = 2,
	ENTRY_BELOW = 1,
	POOL_FIRST = 256,
	SLOTS_FIRST = 16,
	LABELS_MAX = 128, /* of a name of 253 octets */
	TEXT_MAX_LEN = 255,
};

/* One step of FNV-1a, 64 bits; what is kept folds both halves. */
static uint64_t hash_step(uint64_t h, char c)
{
	return (h ^ (uint8_t)c) * 0x100000001b3ULL;
}

static uint32_t hash_fold(uint64_t h)
{
	return (uint32_t)(h ^ h >> 32);
}

static const uint64_t hash_start = 0xcbf29ce484222325ULL;

static uint32_t hash_backward(const char *name, size_t len)
{
	uint64_t h = hash_start;

	while (len > 0)
		h = hash_step(h, name[--len]);
	return hash_fold(h);
}

static size_t entry_len(const char *entry)
{
	return (uint8_t)entry[1];
}

uint32_t domain_entry_hash(const char *entry)
{
	return hash_backward(entry + ENTRY_HEAD, entry_len(entry));
}

/* The part of a hash that is kept; never 0. */
static uint8_t tag_of(uint32_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 24);

	return tag != 0 ? tag : 1;
}

/* The slot of @name, or the empty one where it would be. */
static size_t find_slot(const struct domain_set *s, uint32_t hash, const char *name, size_t len)
{
	uint8_t tag = tag_of(hash);
	size_t i = hash & s->mask;

	for (; s->tag[i] != 0; i = (i + 1) & s->mask) {
		const char *entry;

		if (s->tag[i] != tag)
			continue;
		entry = s->pool + s->slot[i];
		if (entry_len(entry) == len && memcmp(entry + ENTRY_HEAD, name, len) == 0)
			break;
	}
	return i;
}

static bool grow_slots(struct domain_set *s)
{
	size_t slots = s->tag ? (s->mask + 1) * 2 : SLOTS_FIRST;
	uint8_t *tag;
	uint32_t *slot;

	if (s->tag != NULL && s->count * 2 < s->mask + 1)
		return true;
	tag = pages_alloc(slots);
	slot = pages_alloc(slots * sizeof(*slot));
	if (tag == NULL || slot == NULL) {
		free(tag);
		free(slot);
		return false;
	}
	for (const char *e = domain_set_next(s, NULL); e != NULL; e = domain_set_next(s, e)) {
		uint32_t hash = domain_entry_hash(e);
		size_t to = hash & (slots - 1);

		while (tag[to] != 0)
			to = (to + 1) & (slots - 1);
		tag[to] = tag_of(hash);
		slot[to] = (uint32_t)(e - s->pool);
	}
	free(s->tag);
	free(s->slot);
	s->tag = tag;
	s->slot = slot;
	s->mask = slots - 1;
	return true;
}

static bool grow_pool(struct domain_set *s, size_t more)
{
	size_t room = s->room ? s->room * 2 : POOL_FIRST;
	char *grown;

	if (more <= s->room - s->used)
		return true;
	if (room > UINT32_MAX) /* places are kept in 32 bits */
		return false;
	grown = realloc(s->pool, room);
	if (grown == NULL)
		return false;
	s->pool = grown;
	s->room = room;
	if (s->used == 0)
		s->used = 1; /* an entry at 0 would look like none */
	return true;
}

static const char *insert(struct domain_set *s, const char *name, size_t len, bool below)
{
	static const char no_memory[] = "does not fit into memory";
	uint32_t hash = hash_backward(name, len);
	size_t slot;
	char *entry;

	if (!grow_slots(s))
		return no_memory;
	slot = find_slot(s, hash, name, len);
	if (s->tag[slot] != 0) {
		s->pool[s->slot[slot]] |= below ? ENTRY_BELOW : 0;
		return NULL;
	}
	if (!grow_pool(s, ENTRY_HEAD + len + 1))
		return no_memory;
	s->tag[slot] = tag_of(hash);
	s->slot[slot] = (uint32_t)s->used;
	entry = s->pool + s->used;
	entry[0] = below ? ENTRY_BELOW : 0;
	entry[1] = (char)len;
	memcpy(entry + ENTRY_HEAD, name, len);
	entry[ENTRY_HEAD + len] = '\0';
	s->used += ENTRY_HEAD + len + 1;
	s->count++;
	return NULL;
}

/* What each octet of a name becomes: itself, its lower case, or 0 where it has no place in one. */
static char name_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return c;
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : '\0';
}

/* Lower-case @name in place and check its labels. Returns NULL, or what is wrong. */
static const char *normalize(char *name, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > DOMAIN_MAX)
		return "is not a domain name";
	for (size_t i = 0; i <= len; i++) {
		if (name[i] == '.' || name[i] == '\0') {
			if (label == 0 || label > 63)
				return "is not a domain name: a label has 1 to 63 characters";
			label = 0;
			continue;
		}
		name[i] = name_char(name[i]);
		if (name[i] == '\0')
			return "is not a domain name";
		label++;
	}
	return NULL;
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

bool domain_to_ascii(const char *name, char out[DOMAIN_MAX + 1])
{
	size_t len = strlen(name);
	uint8_t *ascii = NULL;
	bool good;

	if (!is_ascii(name)) {
		/* RFC 5891 with the mapping of UTS 46: what a browser looks up for what a user types. */
		if (idn2_lookup_u8((const uint8_t *)name, &ascii,
				   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return false;
		name = (char *)ascii;
		len = strlen(name);
	}
	if (len > 0 && name[len - 1] == '.')
		len--;
	good = len <= DOMAIN_MAX;
	if (good) {
		memcpy(out, name, len);
		out[len] = '\0';
		good = normalize(out, len) == NULL;
	}
	idn2_free(ascii);
	return good;
}

const char *domain_set_add(struct domain_set *s, char *text)
{
	char ascii[DOMAIN_MAX + 1];
	bool below = false;
	const char *wrong;
	size_t len;

	if (strncmp(text, "*.", 2) == 0)
		return "has a '*'; a leading dot means a name and everything below it";
	if (*text == '.') {
		below = true;
		text++;
	}
	len = strlen(text);
	if (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	if (!is_ascii(text))
		return domain_to_ascii(text, ascii)
			       ? insert(s, ascii, strlen(ascii), below)
			       : "is not a domain name: IDNA has no A-label for it";
	wrong = normalize(text, len);
	return wrong != NULL ? wrong : insert(s, text, len, below);
}

void domain_set_seal(struct domain_set *s)
{
	char *fitting = s->used > 0 ? pages_alloc(s->used) : NULL;

	if (fitting == NULL)
		return; /* what there is will do */
	memcpy(fitting, s->pool, s->used);
	free(s->pool);
	s->pool = fitting;
	s->room = s->used;
}

void domain_set_free(struct domain_set *s)
{
	free(s->pool);
	free(s->tag);
	free(s->slot);
	*s = (struct domain_set){ .pool = NULL };
}

const char *domain_set_find(const struct domain_set *s, const char *name, size_t len)
{
	struct {
		uint32_t hash;
		uint16_t from;
	} part[LABELS_MAX];
	size_t parts = 0;
	uint64_t h = hash_start;

	if (s->count == 0 || len == 0 || len > TEXT_MAX_LEN)
		return NULL;
	for (size_t i = len; i > 0; i--) {
		h = hash_step(h, name[i - 1]);
		if (i > 1 && name[i - 2] != '.')
			continue;
		if (parts == LABELS_MAX)
			return NULL;
		part[parts].hash = hash_fold(h);
		part[parts].from = (uint16_t)(i - 1);
		__builtin_prefetch(&s->tag[part[parts].hash & s->mask]);
		__builtin_prefetch(&s->slot[part[parts].hash & s->mask]);
		parts++;
	}
	while (parts-- > 0) { /* the whole name first: the most special entry is the one named */
		size_t from = part[parts].from;
		size_t slot = find_slot(s, part[parts].hash, name + from, len - from);
		const char *entry = s->pool + s->slot[slot];

		if (s->tag[slot] != 0 && (from == 0 || (entry[0] & ENTRY_BELOW)))
			return entry;
	}
	return NULL;
}

const char *domain_set_next(const struct domain_set *s, const char *entry)
{
	size_t at = entry ? (size_t)(entry - s->pool) + ENTRY_HEAD + entry_len(entry) + 1 : 1;

	return at < s->used ? s->pool + at : NULL;
}

const char *domain_entry_name(const char *entry)
{
	return entry + ENTRY_HEAD;
}

bool domain_entry_below(const char *entry)
{
	return entry[0] & ENTRY_BELOW;
}

size_t domain_set_size(const struct domain_set *s)
{
	size_t slots = s->tag ? s->mask + 1 : 0;

	return s->room + slots * (sizeof(*s->tag) + sizeof(*s->slot));
}
