/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/index.h"

#include "policy/index_map.h"

static struct index_list list_at(const struct policy_index *x, struct list_span l)
{
	return (struct index_list){ x->pool.block + l.from, l.count, false };
}

static const struct list_span empty = { 0, 0 };

/* The union of two lists, in the walk's own room; when that is used up, one that does not filter. */
static struct index_list join(struct index_walk *w, struct index_list a, struct index_list b)
{
	struct index_block *out = &w->merged[w->merged_used];
	uint32_t i = 0, k = 0, n = 0;

	if (a.all || b.count == 0)
		return a;
	if (a.count == 0 || b.all)
		return b;
	if (a.count + b.count > INDEX_MERGED - w->merged_used)
		return (struct index_list){ .all = true };
	while (i < a.count || k < b.count) {
		if (k == b.count || (i < a.count && a.at[i].word < b.at[k].word)) {
			out[n++] = a.at[i++];
		} else if (i == a.count || b.at[k].word < a.at[i].word) {
			out[n++] = b.at[k++];
		} else {
			out[n] = a.at[i++];
			out[n++].bits |= b.at[k++].bits;
		}
	}
	w->merged_used += n;
	return (struct index_list){ out, n, false };
}

static struct index_list find_addr(struct index_walk *w, const struct dimension *d,
				   const struct ip_addr *a)
{
	struct list_span list = addr_is_v4(a) ? interval_map_find32(&d->v4, addr_to_v4(a))
					      : interval_map_find128(&d->v6, addr_to_number(a));
	struct index_list found = list_at(w->index, list);

	for (size_t i = 0; i < d->bigs; i++) {
		if (set_has_addr(d->big[i].set, a))
			found = join(w, found, list_at(w->index, d->big[i].list));
	}
	return found;
}

static struct index_list find_port(struct index_walk *w, const struct dimension *d, uint16_t port,
				   bool proto)
{
	struct index_list found = list_at(w->index, empty);

	if (!proto)
		return found;
	found = list_at(w->index, interval_map_find32(&d->v4, port));
	for (size_t i = 0; i < d->bigs; i++) {
		if (set_has_number(d->big[i].set, port))
			found = join(w, found, list_at(w->index, d->big[i].list));
	}
	return found;
}

static struct index_list find_name(struct index_walk *w, const struct dimension *d,
				   const struct l7_field *field)
{
	struct index_list found = list_at(w->index, empty);
	const char *entry;

	if (field->state == L7_PENDING)
		return (struct index_list){ .all = true };
	if (field->state == L7_ABSENT)
		return found;
	entry = domain_set_find(&d->names, field->text, field->len);
	if (entry != NULL) {
		bool here = strlen(domain_entry_name(entry)) == field->len;
		size_t key = domain_key(&d->names, entry);

		found = list_at(w->index, here ? d->list_here[key] : d->list_below[key]);
	}
	for (size_t i = 0; i < d->bigs; i++) {
		if (set_has_domain(d->big[i].set, field->text, field->len))
			found = join(w, found, list_at(w->index, d->big[i].list));
	}
	return found;
}

static struct index_list find_iface(struct index_walk *w, const struct dimension *d,
				    const char *name)
{
	struct index_list found = list_at(w->index, empty);
	int64_t exact = names_find(&d->exact, name);

	if (exact >= 0)
		return list_at(w->index, d->exact_list[exact]);
	for (size_t i = 0; i < d->wildcards; i++) {
		if (strncmp(d->wildcard[i].prefix, name, strlen(d->wildcard[i].prefix)) == 0)
			found = join(w, found, list_at(w->index, d->wildcard[i].list));
	}
	return found;
}

static void find_lists(struct index_walk *w, const struct facts *f)
{
	const struct dimension *d = w->index->dimension;
	bool tcp = f->tuple->proto == PROTO_TCP, udp = f->tuple->proto == PROTO_UDP;

	if (d[DIM_SADDR].used)
		w->list[DIM_SADDR] = find_addr(w, &d[DIM_SADDR], &f->tuple->src);
	if (d[DIM_DADDR].used)
		w->list[DIM_DADDR] = find_addr(w, &d[DIM_DADDR], &f->tuple->dst);
	if (d[DIM_TCP_SPORT].used)
		w->list[DIM_TCP_SPORT] = find_port(w, &d[DIM_TCP_SPORT], f->tuple->sport, tcp);
	if (d[DIM_TCP_DPORT].used)
		w->list[DIM_TCP_DPORT] = find_port(w, &d[DIM_TCP_DPORT], f->tuple->dport, tcp);
	if (d[DIM_UDP_SPORT].used)
		w->list[DIM_UDP_SPORT] = find_port(w, &d[DIM_UDP_SPORT], f->tuple->sport, udp);
	if (d[DIM_UDP_DPORT].used)
		w->list[DIM_UDP_DPORT] = find_port(w, &d[DIM_UDP_DPORT], f->tuple->dport, udp);
	if (d[DIM_IIF].used)
		w->list[DIM_IIF] = find_iface(w, &d[DIM_IIF], f->iif);
	if (d[DIM_OIF].used)
		w->list[DIM_OIF] = find_iface(w, &d[DIM_OIF], f->oif);
	if (d[DIM_SNI].used)
		w->list[DIM_SNI] = find_name(w, &d[DIM_SNI], &f->l7->sni);
	if (d[DIM_HOST].used)
		w->list[DIM_HOST] = find_name(w, &d[DIM_HOST], &f->l7->host);
}

/* The first block of @l at or behind @word. */
static uint32_t seek(const struct index_list *l, uint32_t word)
{
	uint32_t low = 0, high = l->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (l->at[mid].word < word)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The shortest list that filters the group; NULL when none does. */
static const struct index_list *shortest(const struct index_walk *w, uint32_t signature)
{
	const struct index_list *best = NULL;

	for (; signature != 0; signature &= signature - 1) {
		const struct index_list *l = &w->list[__builtin_ctz(signature)];

		if (!l->all && (best == NULL || l->count < best->count))
			best = l;
	}
	return best;
}

/* The rules of @word that every dimension of the group leaves. */
static uint64_t bits_of(const struct index_walk *w, uint32_t signature, uint32_t word)
{
	uint64_t bits = ~0ULL;

	for (; signature != 0 && bits != 0; signature &= signature - 1) {
		const struct index_list *l = &w->list[__builtin_ctz(signature)];
		uint32_t at;

		if (l->all)
			continue;
		at = seek(l, word);
		bits &= at < l->count && l->at[at].word == word ? l->at[at].bits : 0;
	}
	return bits;
}

/* Let group @g stand at its first candidate in @word or behind. */
static void advance(struct index_walk *w, unsigned g, uint32_t word)
{
	const struct index_group *group = &w->index->group[g];
	const struct index_list *by = shortest(w, group->signature);
	uint32_t at = by ? seek(by, word) : 0;

	w->at[g].rule = UINT32_MAX;
	for (;;) {
		if (by != NULL)
			word = at < by->count ? by->at[at++].word : UINT32_MAX;
		if (word >= group->end)
			return;
		w->at[g].bits = bits_of(w, group->signature, word);
		w->at[g].word = word++;
		if (w->at[g].bits != 0)
			break;
	}
	w->at[g].rule =
		w->index->rule_at[w->at[g].word * 64 + (uint32_t)__builtin_ctzll(w->at[g].bits)];
}

/* Step over the candidate that was given. */
static void step(struct index_walk *w, unsigned g)
{
	w->at[g].bits &= w->at[g].bits - 1;
	if (w->at[g].bits == 0)
		advance(w, g, w->at[g].word + 1);
	else
		w->at[g].rule = w->index->rule_at[w->at[g].word * 64 +
						  (uint32_t)__builtin_ctzll(w->at[g].bits)];
	/* Bits behind the last rule of a group that filters nothing. */
	if (w->at[g].rule == UINT32_MAX)
		w->at[g].bits = 0;
}

void index_walk_start(const struct policy_index *x, const struct facts *f, uint32_t from,
		      struct index_walk *w)
{
	w->index = x;
	w->merged_used = 0;
	find_lists(w, f);
	for (unsigned g = 0; g < x->groups; g++) {
		advance(w, g, x->group[g].first);
		while (w->at[g].rule < from)
			step(w, g);
	}
}

uint32_t index_walk_next(struct index_walk *w)
{
	unsigned best = 0;
	uint32_t rule = UINT32_MAX;

	for (unsigned g = 0; g < w->index->groups; g++) {
		if (w->at[g].rule < rule) {
			rule = w->at[g].rule;
			best = g;
		}
	}
	if (rule != UINT32_MAX)
		step(w, best);
	return rule;
}
