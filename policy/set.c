/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/set.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { IFNAME_MAX = 15, ELEMENT_MAX = 255 };

static const char *const type_names[] = {
	[SET_ADDR] = "addr",
	[SET_PORT] = "port",
	[SET_DOMAIN] = "domain",
	[SET_IFNAME] = "ifname",
};
static_assert(sizeof(type_names) / sizeof(type_names[0]) == SET_TYPES, "every type has a name");

const char *set_type_name(enum set_type t)
{
	return type_names[t];
}

int set_type_by_name(const char *name)
{
	for (int i = 0; i < SET_TYPES; i++) {
		if (strcmp(type_names[i], name) == 0)
			return i;
	}
	return -1;
}

static size_t element_size(const struct set *s)
{
	switch (s->type) {
	case SET_DOMAIN:
		return sizeof(*s->domain);
	case SET_IFNAME:
		return sizeof(*s->ifname);
	default:
		return sizeof(*s->interval);
	}
}

/* Room for one more element. */
static bool grow(struct set *s)
{
	size_t room = s->room ? s->room * 2 : 4;
	void *list;

	if (s->count < s->room)
		return true;
	list = reallocarray(s->interval, room, element_size(s));
	if (list == NULL)
		return false;
	s->interval = list;
	s->room = room;
	return true;
}

static const char *add_interval(struct set *s, unsigned __int128 low, unsigned __int128 high)
{
	if (low > high)
		return "is a range whose end lies before its start";
	if (!grow(s))
		return "does not fit into memory";
	s->interval[s->count++] = (struct interval){ low, high };
	return NULL;
}

static unsigned __int128 addr_number(const struct ip_addr *a)
{
	unsigned __int128 n = 0;

	for (size_t i = 0; i < sizeof(a->b); i++)
		n = n << 8 | a->b[i];
	return n;
}

/* Digits only, at most @max; -1 otherwise. */
static long parse_number(const char *text, long max)
{
	long n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (*text - '0');
		if (n > max)
			return -1;
	}
	return n;
}

/*
 * IPv4 addresses live at ::ffff:0:0/96 of the number line. An IPv6 interval leaves that gap out, so
 * that ::/0 means every IPv6 address and none of IPv4.
 */
static const char *add_addr_interval(struct set *s, int family, unsigned __int128 low,
				     unsigned __int128 high)
{
	const unsigned __int128 gap = (unsigned __int128)0xffff << 32, end = gap | UINT32_MAX;
	const char *wrong = NULL;

	if (family == 4 || high < gap || low > end || low > high)
		return add_interval(s, low, high);
	if (low >= gap && high <= end)
		return "is IPv4 in the form of IPv6; write it as IPv4";
	if (low < gap)
		wrong = add_interval(s, low, gap - 1);
	if (high > end && wrong == NULL)
		wrong = add_interval(s, end + 1, high);
	return wrong;
}

static const char *add_prefix(struct set *s, const struct ip_addr *a, int family, const char *len)
{
	unsigned __int128 net = addr_number(a), host;
	long bits = parse_number(len, family == 4 ? 32 : 128);
	unsigned host_bits;

	if (bits < 0)
		return family == 4 ? "has no prefix length from 0 to 32"
				   : "has no prefix length from 0 to 128";
	host_bits = (unsigned)((family == 4 ? 32 : 128) - bits);
	host = host_bits == 128 ? ~(unsigned __int128)0 : ((unsigned __int128)1 << host_bits) - 1;
	return add_addr_interval(s, family, net & ~host, net | host);
}

static const char *add_addr(struct set *s, char *text, uint8_t family)
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
		return add_addr_interval(s, f, addr_number(&low), addr_number(&low));
	if (addr_parse(dash + 1, &high) != f)
		return "is a range whose end is no address of the same family";
	return add_addr_interval(s, f, addr_number(&low), addr_number(&high));
}

static const char *add_port(struct set *s, char *text)
{
	char *dash = strchr(text, '-');
	long low, high;

	if (dash != NULL)
		*dash = '\0';
	low = parse_number(text, 65535);
	high = dash ? parse_number(dash + 1, 65535) : low;
	if (low < 0 || high < 0)
		return "is not a port (0-65535) or a range of ports";
	return add_interval(s, (unsigned __int128)low, (unsigned __int128)high);
}

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static const char *add_domain(struct set *s, char *text)
{
	struct domain_entry e = { .below = false };
	size_t len, label = 0;

	if (strncmp(text, "*.", 2) == 0)
		return "has a '*'; a leading dot means a name and everything below it";
	if (*text == '.') {
		e.below = true;
		text++;
	}
	len = strlen(text);
	if (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	if (len == 0 || len > 253)
		return "is not a domain name";
	for (size_t i = 0; i <= len; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] - 'A' + 'a');
		if (text[i] == '.' || text[i] == '\0') {
			if (label == 0 || label > 63)
				return "is not a domain name: a label has 1 to 63 characters";
			label = 0;
		} else if ((unsigned char)text[i] >= 0x80) {
			return "is not ASCII; write its A-label (xn--...)";
		} else if (!is_label_char(text[i])) {
			return "is not a domain name";
		} else {
			label++;
		}
	}
	if (!grow(s) || (e.name = strdup(text)) == NULL)
		return "does not fit into memory";
	s->domain[s->count++] = e;
	return NULL;
}

static const char *add_ifname(struct set *s, const char *text)
{
	size_t len = strlen(text);
	char *name;

	if (len == 0 || len > IFNAME_MAX || strchr(text, '/') != NULL || strchr(text, ' ') != NULL)
		return "is not an interface name (1 to 15 characters)";
	name = grow(s) ? strdup(text) : NULL;
	if (name == NULL)
		return "does not fit into memory";
	s->ifname[s->count++] = name;
	return NULL;
}

const char *set_add(struct set *s, const char *text, uint8_t family)
{
	char copy[ELEMENT_MAX + 1];
	size_t len = strlen(text);

	if (len > ELEMENT_MAX)
		return "is longer than any element";
	memcpy(copy, text, len + 1);
	switch (s->type) {
	case SET_ADDR:
		return add_addr(s, copy, family);
	case SET_PORT:
		return add_port(s, copy);
	case SET_DOMAIN:
		return add_domain(s, copy);
	default:
		return add_ifname(s, copy);
	}
}

static int compare_intervals(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	return (x->low > y->low) - (x->low < y->low);
}

static void merge_intervals(struct set *s)
{
	size_t out = 0;

	if (s->count == 0)
		return;
	qsort(s->interval, s->count, sizeof(*s->interval), compare_intervals);
	for (size_t i = 1; i < s->count; i++) {
		struct interval *last = &s->interval[out];

		if (s->interval[i].low <= last->high || s->interval[i].low - last->high == 1) {
			if (s->interval[i].high > last->high)
				last->high = s->interval[i].high;
		} else {
			s->interval[++out] = s->interval[i];
		}
	}
	s->count = out + 1;
}

/* FNV-1a: the names come from the policy, so nobody outside chooses what collides. */
static size_t domain_hash(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * 0x100000001b3ULL;
	return (size_t)(h ^ h >> 32);
}

static uint32_t *find_bucket(const struct set *s, const char *name, size_t len)
{
	size_t i = domain_hash(name, len) & s->bucket_mask;

	while (s->bucket[i] != 0) {
		const struct domain_entry *e = &s->domain[s->bucket[i] - 1];

		if (strncmp(e->name, name, len) == 0 && e->name[len] == '\0')
			break;
		i = (i + 1) & s->bucket_mask;
	}
	return &s->bucket[i];
}

static int hash_domains(struct set *s)
{
	size_t buckets = 8, out = 0;

	while (buckets < s->count * 2)
		buckets *= 2;
	s->bucket = calloc(buckets, sizeof(*s->bucket));
	if (s->bucket == NULL)
		return -ENOMEM;
	s->bucket_mask = buckets - 1;
	for (size_t i = 0; i < s->count; i++) {
		struct domain_entry e = s->domain[i];
		uint32_t *bucket = find_bucket(s, e.name, strlen(e.name));

		if (*bucket != 0) {
			s->domain[*bucket - 1].below |= e.below;
			free(e.name);
			continue;
		}
		s->domain[out++] = e;
		*bucket = (uint32_t)out;
	}
	s->count = out;
	return 0;
}

int set_seal(struct set *s)
{
	if (s->type == SET_ADDR || s->type == SET_PORT)
		merge_intervals(s);
	else if (s->type == SET_DOMAIN)
		return hash_domains(s);
	return 0;
}

void set_free(struct set *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->type == SET_DOMAIN)
			free(s->domain[i].name);
		else if (s->type == SET_IFNAME)
			free(s->ifname[i]);
	}
	free(s->interval);
	free(s->bucket);
	free(s->name);
	*s = (struct set){ .type = s->type };
}

static bool has_number(const struct set *s, unsigned __int128 n)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (n < s->interval[mid].low)
			high = mid;
		else if (n > s->interval[mid].high)
			low = mid + 1;
		else
			return true;
	}
	return false;
}

bool set_has_addr(const struct set *s, const struct ip_addr *a)
{
	return has_number(s, addr_number(a));
}

bool set_has_port(const struct set *s, uint16_t port)
{
	return has_number(s, port);
}

bool set_has_domain(const struct set *s, const char *name, size_t len)
{
	const char *dot;

	if (*find_bucket(s, name, len) != 0)
		return true;
	while ((dot = memchr(name, '.', len)) != NULL) {
		uint32_t found;

		len -= (size_t)(dot + 1 - name);
		name = dot + 1;
		found = *find_bucket(s, name, len);
		if (found != 0 && s->domain[found - 1].below)
			return true;
	}
	return false;
}

bool set_has_ifname(const struct set *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		size_t len = strlen(s->ifname[i]);

		if (len > 0 && s->ifname[i][len - 1] == '*'
			    ? strncmp(s->ifname[i], name, len - 1) == 0
			    : strcmp(s->ifname[i], name) == 0)
			return true;
	}
	return false;
}
