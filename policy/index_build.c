/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/index_map.h"

#include <stdlib.h>

enum { COPIED_MAX = 4096 /* elements times rules, above which a set is asked itself */ };

struct builder {
	struct policy_index *index;
	const struct rule *rules;
	uint32_t *position;	/* by rule */
	uint32_t *signature;	/* by rule */
	const struct set **set; /* by rule and dimension, or NULL */
	uint64_t *bits;
	bool no_memory;
};

/* The dimension that a match asks, or DIMENSIONS when it has no map. */
static enum index_dimension dimension_of(const struct match *m)
{
	bool tcp = m->kind->proto == PROTO_TCP;

	if (m->negate || m->kind->operand != OPERAND_SET)
		return DIMENSIONS;
	switch (m->kind->fact) {
	case FACT_SADDR:
		return DIM_SADDR;
	case FACT_DADDR:
		return DIM_DADDR;
	case FACT_SPORT:
		return tcp ? DIM_TCP_SPORT : DIM_UDP_SPORT;
	case FACT_DPORT:
		return tcp ? DIM_TCP_DPORT : DIM_UDP_DPORT;
	case FACT_IIF:
		return DIM_IIF;
	case FACT_OIF:
		return DIM_OIF;
	case FACT_SNI:
		return DIM_SNI;
	case FACT_HOST:
		return DIM_HOST;
	default:
		return DIMENSIONS;
	}
}

static const struct set **set_of(struct builder *b, uint32_t rule, int dimension)
{
	return &b->set[(size_t)rule * DIMENSIONS + (size_t)dimension];
}

static void read_rules(struct builder *b)
{
	for (uint32_t i = 0; i < b->index->rules; i++) {
		const struct rule *r = &b->rules[i];

		for (size_t k = 0; k < r->matches; k++) {
			enum index_dimension d = dimension_of(&r->match[k]);

			if (d == DIMENSIONS || *set_of(b, i, (int)d) != NULL)
				continue;
			*set_of(b, i, (int)d) = r->match[k].set;
			b->signature[i] |= 1u << d;
			b->index->dimension[d].used = true;
		}
	}
}

static int find_group(const struct policy_index *x, uint32_t signature)
{
	for (unsigned g = 0; g < x->groups; g++) {
		if (x->group[g].signature == signature)
			return (int)g;
	}
	return -1;
}

/* Groups of rules with the same signature. The last group takes what is left over, and filters nothing. */
static bool make_groups(struct builder *b)
{
	struct policy_index *x = b->index;
	uint32_t count[INDEX_GROUPS] = { 0 }, next[INDEX_GROUPS], words = 0;

	for (uint32_t i = 0; i < x->rules; i++) {
		int g = find_group(x, b->signature[i]);

		if (g < 0 && x->groups >= INDEX_GROUPS - 1 && b->signature[i] != 0) {
			b->signature[i] = 0;
			g = find_group(x, 0);
		}
		if (g < 0) {
			g = (int)x->groups++;
			x->group[g].signature = b->signature[i];
		}
		count[g]++;
	}
	for (unsigned g = 0; g < x->groups; g++) {
		x->group[g].first = words;
		words += (count[g] + 63) / 64;
		x->group[g].end = words;
		next[g] = x->group[g].first * 64;
	}
	x->words = words;
	x->rule_at = malloc((size_t)(words + 1) * 64 * sizeof(*x->rule_at));
	b->bits = calloc(words + 1, sizeof(*b->bits));
	if (x->rule_at == NULL || b->bits == NULL)
		return false;
	memset(x->rule_at, 0xff, (size_t)(words + 1) * 64 * sizeof(*x->rule_at));
	for (uint32_t i = 0; i < x->rules; i++) {
		int g = find_group(x, b->signature[i]);

		b->position[i] = next[g]++;
		x->rule_at[b->position[i]] = i;
	}
	return true;
}

/* The set that rule @i asks in dimension @d, if its group filters by it. */
static const struct set *asked(struct builder *b, uint32_t i, int d)
{
	return b->signature[i] >> d & 1 ? *set_of(b, i, d) : NULL;
}

static void set_bit(uint64_t *bits, uint32_t position)
{
	bits[position / 64] |= 1ULL << position % 64;
}

static struct list_span intern(struct builder *b)
{
	struct list_span list = { 0, 0 };

	b->no_memory |= !list_intern(&b->index->pool, b->bits, b->index->words, &list);
	return list;
}

static bool add_big(struct builder *b, int d, const struct set *s)
{
	struct dimension *dim = &b->index->dimension[d];
	struct big_set *grown = reallocarray(dim->big, dim->bigs + 1, sizeof(*grown));

	if (grown == NULL)
		return false;
	dim->big = grown;
	memset(b->bits, 0, b->index->words * sizeof(*b->bits));
	for (uint32_t i = 0; i < b->index->rules; i++) {
		if (asked(b, i, d) == s)
			set_bit(b->bits, b->position[i]);
	}
	dim->big[dim->bigs++] = (struct big_set){ s, intern(b) };
	return true;
}

/* Sets of this dimension that are too large to be copied, of named ones alone: those in place have
 * one user, and are as large as somebody would type. */
static bool find_bigs(struct builder *b, int d)
{
	const struct dimension *dim = &b->index->dimension[d];

	for (uint32_t i = 0; i < b->index->rules; i++) {
		const struct set *s = asked(b, i, d);
		size_t users = 0, k;

		if (s == NULL || s->name == NULL)
			continue;
		for (k = 0; k < dim->bigs && dim->big[k].set != s; k++)
			;
		if (k < dim->bigs)
			continue;
		for (uint32_t r = 0; r < b->index->rules && users * set_count(s) <= COPIED_MAX; r++)
			users += asked(b, r, d) == s;
		if (users * set_count(s) > COPIED_MAX && !add_big(b, d, s))
			return false;
	}
	return true;
}

static bool is_big(const struct dimension *dim, const struct set *s)
{
	for (size_t k = 0; k < dim->bigs; k++) {
		if (dim->big[k].set == s)
			return true;
	}
	return false;
}

static bool make_intervals(struct builder *b, int d)
{
	struct dimension *dim = &b->index->dimension[d];
	struct use_list v4 = { NULL, 0, 0 }, v6 = { NULL, 0, 0 };
	bool good = true;

	for (uint32_t i = 0; i < b->index->rules && good; i++) {
		const struct set *s = asked(b, i, d);
		uint32_t at = b->position[i];

		if (s == NULL || is_big(dim, s))
			continue;
		for (size_t k = 0; s->type == SET_PORT && k < s->count && good; k++)
			good = use_add(&v4, s->span[k].low, s->span[k].high, at);
		for (size_t k = 0; s->type == SET_ADDR && k < s->addr.v4_count && good; k++)
			good = use_add(&v4, s->addr.v4[k].low, s->addr.v4[k].high, at);
		for (size_t k = 0; s->type == SET_ADDR && k < s->addr.v6_count && good; k++)
			good = use_add(&v6, s->addr.v6[k].low, s->addr.v6[k].high, at);
	}
	good = good && interval_map_make(&dim->v4, &v4, true, b->index->words, &b->index->pool) &&
	       interval_map_make(&dim->v6, &v6, false, b->index->words, &b->index->pool);
	free(v4.at);
	free(v6.at);
	return good;
}

/* One use of a name by a rule, to be sorted by name. */
struct name_use {
	const char *entry; /* in the dimension's own table */
	uint32_t position;
	bool below;
};

static int compare_names(const void *a, const void *b)
{
	const struct name_use *x = a, *y = b;

	return (x->entry > y->entry) - (x->entry < y->entry);
}

/* All names of the dimension, each once, as "it and all below", so that the longest is found. */
static bool collect_names(struct builder *b, int d, size_t *count)
{
	struct dimension *dim = &b->index->dimension[d];
	char text[DOMAIN_MAX + 2];

	for (uint32_t i = 0; i < b->index->rules; i++) {
		const struct set *s = asked(b, i, d);
		const char *e = NULL;

		if (s == NULL || is_big(dim, s))
			continue;
		while ((e = domain_set_next(&s->domain, e)) != NULL) {
			snprintf(text, sizeof(text), ".%s", domain_entry_name(e));
			if (domain_set_add(&dim->names, text) != NULL)
				return false;
			(*count)++;
		}
	}
	domain_set_seal(&dim->names);
	return true;
}

static struct name_use *list_uses(struct builder *b, int d, size_t count)
{
	struct dimension *dim = &b->index->dimension[d];
	struct name_use *uses = calloc(count + 1, sizeof(*uses));
	size_t n = 0;

	for (uint32_t i = 0; i < b->index->rules && uses != NULL; i++) {
		const struct set *s = asked(b, i, d);
		const char *e = NULL;

		if (s == NULL || is_big(dim, s))
			continue;
		while ((e = domain_set_next(&s->domain, e)) != NULL) {
			const char *name = domain_entry_name(e);

			uses[n++] =
				(struct name_use){ domain_set_find(&dim->names, name, strlen(name)),
						   b->position[i], domain_entry_below(e) };
		}
	}
	if (uses != NULL)
		qsort(uses, n, sizeof(*uses), compare_names);
	return uses;
}

/* Set the bits of the uses of the name @entry, those of "below" alone when @below. */
static void name_bits(struct builder *b, const struct name_use *uses, size_t count,
		      const char *entry, bool below)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (uses[mid].entry < entry)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < count && uses[low].entry == entry; low++) {
		if (uses[low].below || !below)
			set_bit(b->bits, uses[low].position);
	}
}

/* A name's lists hold what its parents say of all below them. */
static bool make_names(struct builder *b, int d)
{
	struct dimension *dim = &b->index->dimension[d];
	struct name_use *uses;
	size_t count = 0;

	if (!collect_names(b, d, &count))
		return false;
	uses = list_uses(b, d, count);
	dim->list_here = calloc(dim->names.used / 4 + 1, sizeof(*dim->list_here));
	dim->list_below = calloc(dim->names.used / 4 + 1, sizeof(*dim->list_below));
	if (uses == NULL || dim->list_here == NULL || dim->list_below == NULL) {
		free(uses);
		return false;
	}
	for (const char *e = domain_set_next(&dim->names, NULL); e != NULL;
	     e = domain_set_next(&dim->names, e)) {
		const char *parent = domain_entry_name(e);

		memset(b->bits, 0, b->index->words * sizeof(*b->bits));
		while ((parent = strchr(parent, '.')) != NULL) {
			const char *above = domain_set_find(&dim->names, parent + 1,
							    strlen(parent + 1));

			parent++;
			if (above != NULL && strcmp(domain_entry_name(above), parent) == 0)
				name_bits(b, uses, count, above, true);
		}
		name_bits(b, uses, count, e, true);
		dim->list_below[domain_key(&dim->names, e)] = intern(b);
		name_bits(b, uses, count, e, false);
		dim->list_here[domain_key(&dim->names, e)] = intern(b);
	}
	free(uses);
	return !b->no_memory;
}

/* The list of rules whose set holds the interface @name; of a pattern, those with it or a wider one. */
static struct list_span iface_list(struct builder *b, int d, const char *name)
{
	memset(b->bits, 0, b->index->words * sizeof(*b->bits));
	for (uint32_t i = 0; i < b->index->rules; i++) {
		const struct set *s = asked(b, i, d);

		if (s != NULL && set_has_text(s, name, strlen(name)))
			set_bit(b->bits, b->position[i]);
	}
	return intern(b);
}

static bool add_exact(struct builder *b, int d, const char *name)
{
	struct dimension *dim = &b->index->dimension[d];
	size_t n = dim->exact.count;
	struct list_span *grown = reallocarray(dim->exact_list, n + 1, sizeof(*grown));

	if (grown == NULL)
		return false;
	dim->exact_list = grown;
	grown[n] = iface_list(b, d, name);
	return names_add(&dim->exact, name, (uint32_t)n);
}

static bool add_iface(struct builder *b, int d, const char *pattern)
{
	struct dimension *dim = &b->index->dimension[d];
	size_t len = strlen(pattern);
	struct wildcard *grown;

	if (pattern[len - 1] != '*')
		return names_find(&dim->exact, pattern) >= 0 || add_exact(b, d, pattern);
	for (size_t i = 0; i < dim->wildcards; i++) {
		if (strlen(dim->wildcard[i].prefix) == len - 1 &&
		    strncmp(dim->wildcard[i].prefix, pattern, len - 1) == 0)
			return true;
	}
	grown = reallocarray(dim->wildcard, dim->wildcards + 1, sizeof(*grown));
	if (grown == NULL)
		return false;
	dim->wildcard = grown;
	grown += dim->wildcards++;
	snprintf(grown->prefix, sizeof(grown->prefix), "%.*s", (int)len - 1, pattern);
	grown->list = iface_list(b, d, pattern);
	return true;
}

static bool make_ifaces(struct builder *b, int d)
{
	for (uint32_t i = 0; i < b->index->rules; i++) {
		const struct set *s = asked(b, i, d);

		for (size_t k = 0; s != NULL && k < s->count; k++) {
			if (!add_iface(b, d, s->text[k]))
				return false;
		}
	}
	return !b->no_memory;
}

static bool make_dimension(struct builder *b, int d)
{
	if (!b->index->dimension[d].used)
		return true;
	if (d == DIM_IIF || d == DIM_OIF)
		return make_ifaces(b, d);
	if (!find_bigs(b, d))
		return false;
	return d == DIM_SNI || d == DIM_HOST ? make_names(b, d) : make_intervals(b, d);
}

struct policy_index *policy_index_new(const struct rule *rules, size_t count)
{
	struct builder b = { .rules = rules };
	bool good;

	b.index = calloc(1, sizeof(*b.index));
	b.position = calloc(count + 1, sizeof(*b.position));
	b.signature = calloc(count + 1, sizeof(*b.signature));
	b.set = calloc((count + 1) * DIMENSIONS, sizeof(const struct set *));
	good = b.index != NULL && b.position != NULL && b.signature != NULL && b.set != NULL;
	if (good) {
		b.index->rules = (uint32_t)count;
		read_rules(&b);
		good = make_groups(&b);
		if (good)
			intern(&b); /* the empty list: the pool is there, whatever the rules ask */
	}
	for (int d = 0; d < DIMENSIONS && good; d++)
		good = make_dimension(&b, d) && !b.no_memory;
	free(b.position);
	free(b.signature);
	free(b.set);
	free(b.bits);
	if (good)
		return b.index;
	policy_index_free(b.index);
	return NULL;
}

void policy_index_free(struct policy_index *x)
{
	if (x == NULL)
		return;
	for (int d = 0; d < DIMENSIONS; d++) {
		struct dimension *dim = &x->dimension[d];

		interval_map_free(&dim->v4);
		interval_map_free(&dim->v6);
		domain_set_free(&dim->names);
		names_free(&dim->exact);
		free(dim->exact_list);
		free(dim->list_here);
		free(dim->list_below);
		free(dim->wildcard);
		free(dim->big);
	}
	free(x->pool.block);
	free(x->pool.list);
	free(x->pool.slot);
	free(x->rule_at);
	free(x);
}

size_t policy_index_size(const struct policy_index *x)
{
	size_t size = sizeof(*x) + x->pool.blocks_room * sizeof(*x->pool.block) +
		      x->pool.lists_room * sizeof(*x->pool.list) +
		      (x->pool.mask + 1) * sizeof(*x->pool.slot) +
		      (size_t)(x->words + 1) * 64 * sizeof(*x->rule_at);

	for (int d = 0; d < DIMENSIONS; d++) {
		const struct dimension *dim = &x->dimension[d];

		size += dim->v4.count * (sizeof(addr_number) + sizeof(struct list_span)) +
			dim->v6.count * (sizeof(addr_number) + sizeof(struct list_span)) +
			domain_set_size(&dim->names) +
			dim->names.used / 4 * 2 * sizeof(struct list_span);
	}
	return size;
}
