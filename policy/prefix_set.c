/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/prefix_set.h"

#include "policy/number.h"
#include "policy/room.h"
#include "tcp/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	INDEX_FROM = 1024, /* intervals */
	INDEX_BLOCKS = 65536,
};

addr_number addr_to_number(const struct ip_addr *a)
{
	addr_number n = 0;

	for (size_t i = 0; i < sizeof(a->b); i++)
		n = n << 8 | a->b[i];
	return n;
}

uint32_t addr_to_v4(const struct ip_addr *a)
{
	uint32_t n;

	bytes_get32((struct bytes){ a->b, sizeof(a->b) }, 12, &n);
	return n;
}

static struct ip_addr number_to_addr(addr_number n)
{
	struct ip_addr a;

	for (size_t i = sizeof(a.b); i > 0; i--) {
		a.b[i - 1] = (uint8_t)n;
		n >>= 8;
	}
	return a;
}

static const char *add_range(struct prefix_set *s, int family, addr_number low, addr_number high)
{
	const addr_number mapped = (addr_number)0xffff << 32;

	if (low > high)
		return "is a range whose end lies before its start";
	if (family == 6 && low >= mapped && high <= (mapped | UINT32_MAX))
		return "is IPv4 in the form of IPv6; write it as IPv4";
	if (family == 4) {
		if (!room_for((void **)&s->v4, s->v4_count + 1, &s->v4_room, sizeof(*s->v4)))
			return "does not fit into memory";
		s->v4[s->v4_count++] = (struct range4){ (uint32_t)low, (uint32_t)high };
		return NULL;
	}
	if (!room_for((void **)&s->v6, s->v6_count + 1, &s->v6_room, sizeof(*s->v6)))
		return "does not fit into memory";
	s->v6[s->v6_count++] = (struct range6){ low, high };
	return NULL;
}

static addr_number number_of(const struct ip_addr *a, int family)
{
	return family == 4 ? addr_to_v4(a) : addr_to_number(a);
}

static const char *add_prefix(struct prefix_set *s, const struct ip_addr *a, int family,
			      const char *len)
{
	addr_number net = number_of(a, family), host;
	int width = family == 4 ? 32 : 128;
	long bits = number_parse(len, width);

	if (bits < 0)
		return family == 4 ? "has no prefix length from 0 to 32"
				   : "has no prefix length from 0 to 128";
	host = bits == 0 ? ~(addr_number)0 : ((addr_number)1 << (width - bits)) - 1;
	return add_range(s, family, net & ~host, net | host);
}

const char *prefix_set_add(struct prefix_set *s, char *text, uint8_t family)
{
	char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	struct ip_addr low, high;
	int f;

	if (slash != NULL)
		*slash = '\0';
	else if (dash != NULL)
		*dash = '\0';
	f = addr_parse(text, &low);
	if (f == 0)
		return "is not an IPv4 or IPv6 address, prefix or range";
	if (family != 0 && f != family)
		return family == 4 ? "is not an IPv4 address" : "is not an IPv6 address";
	if (slash != NULL)
		return add_prefix(s, &low, f, slash + 1);
	if (dash == NULL)
		return add_range(s, f, number_of(&low, f), number_of(&low, f));
	if (addr_parse(dash + 1, &high) != f)
		return "is a range whose end is no address of the same family";
	return add_range(s, f, number_of(&low, f), number_of(&high, f));
}

static int compare4(const void *a, const void *b)
{
	const struct range4 *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

static int compare6(const void *a, const void *b)
{
	const struct range6 *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

static void merge4(struct prefix_set *s)
{
	size_t out = 0;

	if (s->v4_count == 0)
		return;
	qsort(s->v4, s->v4_count, sizeof(*s->v4), compare4);
	for (size_t i = 1; i < s->v4_count; i++) {
		struct range4 *last = &s->v4[out];

		if (s->v4[i].low <= last->high || s->v4[i].low - last->high == 1) {
			if (s->v4[i].high > last->high)
				last->high = s->v4[i].high;
		} else {
			s->v4[++out] = s->v4[i];
		}
	}
	s->v4_count = out + 1;
}

static void merge6(struct prefix_set *s)
{
	size_t out = 0;

	if (s->v6_count == 0)
		return;
	qsort(s->v6, s->v6_count, sizeof(*s->v6), compare6);
	for (size_t i = 1; i < s->v6_count; i++) {
		struct range6 *last = &s->v6[out];

		if (s->v6[i].low <= last->high || s->v6[i].low - last->high == 1) {
			if (s->v6[i].high > last->high)
				last->high = s->v6[i].high;
		} else {
			s->v6[++out] = s->v6[i];
		}
	}
	s->v6_count = out + 1;
}

static uint16_t block4(const struct prefix_set *s, size_t i)
{
	return (uint16_t)(s->v4[i].low >> 16);
}

static uint16_t block6(const struct prefix_set *s, size_t i)
{
	return (uint16_t)(s->v6[i].low >> 112);
}

/* Where the intervals of each block begin, by the first 16 bits of where they start. */
static int make_index(const struct prefix_set *s, size_t count,
		      uint16_t (*block)(const struct prefix_set *s, size_t i), uint32_t **out)
{
	if (count < INDEX_FROM)
		return 0;
	*out = calloc(INDEX_BLOCKS + 1, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		(*out)[block(s, i) + 1]++;
	for (size_t i = 0; i < INDEX_BLOCKS; i++)
		(*out)[i + 1] += (*out)[i];
	return 0;
}

int prefix_set_seal(struct prefix_set *s)
{
	int result;

	merge4(s);
	merge6(s);
	result = make_index(s, s->v4_count, block4, &s->v4_index);
	return result != 0 ? result : make_index(s, s->v6_count, block6, &s->v6_index);
}

void prefix_set_free(struct prefix_set *s)
{
	free(s->v4);
	free(s->v6);
	free(s->v4_index);
	free(s->v6_index);
	*s = (struct prefix_set){ .v4 = NULL };
}

/* The interval that holds @n, or NULL: the one before the first that starts behind @n. */
static const struct range4 *find4(const struct prefix_set *s, uint32_t n)
{
	size_t low = 0, high = s->v4_count;

	if (s->v4_index != NULL) {
		low = s->v4_index[n >> 16];
		high = s->v4_index[(n >> 16) + 1];
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->v4[mid].low <= n)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && n <= s->v4[low - 1].high ? &s->v4[low - 1] : NULL;
}

static const struct range6 *find6(const struct prefix_set *s, addr_number n)
{
	size_t low = 0, high = s->v6_count;

	if (s->v6_index != NULL) {
		low = s->v6_index[(size_t)(n >> 112)];
		high = s->v6_index[(size_t)(n >> 112) + 1];
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->v6[mid].low <= n)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && n <= s->v6[low - 1].high ? &s->v6[low - 1] : NULL;
}

bool prefix_set_has(const struct prefix_set *s, const struct ip_addr *a)
{
	if (addr_is_v4(a))
		return s->v4_count > 0 && find4(s, addr_to_v4(a)) != NULL;
	return s->v6_count > 0 && find6(s, addr_to_number(a)) != NULL;
}

void addr_range_format(addr_number low, addr_number high, int width, char out[2 * ADDR_STRLEN])
{
	addr_number mapped = width == 32 ? (addr_number)0xffff << 32 : 0, span = low ^ high;
	struct ip_addr a = number_to_addr(mapped | low), b = number_to_addr(mapped | high);
	char first[ADDR_STRLEN], last[ADDR_STRLEN];
	int host = 0;

	while (host < width && (span >> host & 1))
		host++;
	addr_format(&a, first);
	if (low == high)
		snprintf(out, 2 * ADDR_STRLEN, "%s", first);
	else if ((host == 128 || span >> host == 0) && (low & span) == 0)
		snprintf(out, 2 * ADDR_STRLEN, "%s/%d", first, width - host);
	else
		snprintf(out, 2 * ADDR_STRLEN, "%s-%s", first, addr_format(&b, last));
}

bool prefix_set_find(const struct prefix_set *s, const struct ip_addr *a, char out[2 * ADDR_STRLEN])
{
	if (addr_is_v4(a)) {
		const struct range4 *r = s->v4_count > 0 ? find4(s, addr_to_v4(a)) : NULL;

		if (r != NULL)
			addr_range_format(r->low, r->high, 32, out);
		return r != NULL;
	}
	const struct range6 *r = s->v6_count > 0 ? find6(s, addr_to_number(a)) : NULL;

	if (r != NULL)
		addr_range_format(r->low, r->high, 128, out);
	return r != NULL;
}

bool prefix_set_entry(const struct prefix_set *s, size_t i, char out[2 * ADDR_STRLEN])
{
	if (i < s->v4_count) {
		addr_range_format(s->v4[i].low, s->v4[i].high, 32, out);
		return true;
	}
	i -= s->v4_count;
	if (i >= s->v6_count)
		return false;
	addr_range_format(s->v6[i].low, s->v6[i].high, 128, out);
	return true;
}

void prefix_set_first(const struct prefix_set *s, struct ip_addr *out)
{
	addr_number mapped = (addr_number)0xffff << 32;

	*out = number_to_addr(s->v4_count > 0 ? mapped | s->v4[0].low : s->v6[0].low);
}

bool prefix_set_within(const struct prefix_set *a, const struct prefix_set *b)
{
	for (size_t i = 0; i < b->v4_count; i++) {
		const struct range4 *r = find4(a, b->v4[i].low);

		if (r == NULL || r->high < b->v4[i].high)
			return false;
	}
	for (size_t i = 0; i < b->v6_count; i++) {
		const struct range6 *r = find6(a, b->v6[i].low);

		if (r == NULL || r->high < b->v6[i].high)
			return false;
	}
	return true;
}
