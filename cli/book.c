/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/book.h"

#include "cli/json_policy.h"
#include "events/clock.h"
#include "policy/room.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry {
	struct event_exception x;
	int64_t deadline_us; /* by CLOCK_MONOTONIC */
};

struct book {
	char *path;
	struct entry *entry;
	size_t count, room;
};

static json_t *entry_object(const struct event_exception *x)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "id", x->id, "rule", x->rule, "source",
			 x->source, "until", (json_int_t)(x->until_us / 1000000), "uid",
			 (json_int_t)x->uid, "why", x->why);
}

/* Write all into a new file beside the old one, then put it in its place. */
static bool save(const struct book *b, struct book_error *error)
{
	json_t *all = json_array();
	char name[PATH_MAX];
	int fd, saved;
	bool good;

	for (size_t i = 0; i < b->count; i++)
		json_array_append_new(all, entry_object(&b->entry[i].x));
	snprintf(name, sizeof(name), "%s.new", b->path);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	good = fd >= 0 && json_dumpfd(all, fd, JSON_INDENT(1)) == 0 && fsync(fd) == 0;
	saved = errno;
	if (fd >= 0)
		close(fd);
	json_decref(all);
	if (good && rename(name, b->path) == 0)
		return true;
	snprintf(error->text, sizeof(error->text), "cannot write %s: %s", b->path,
		 strerror(good ? errno : saved));
	return false;
}

static bool append(struct book *b, const struct event_exception *x, int64_t deadline_us)
{
	if (!room_for((void **)&b->entry, b->count + 1, &b->room, sizeof(*b->entry)))
		return false;
	b->entry[b->count++] = (struct entry){ *x, deadline_us };
	return true;
}

static void take_out(struct book *b, size_t i)
{
	memmove(&b->entry[i], &b->entry[i + 1], (b->count - i - 1) * sizeof(*b->entry));
	b->count--;
}

/* NULL, or why @text is no source. */
static const char *source_fault(const char *text)
{
	struct exceptions *x = exceptions_new();
	char copy[2 * ADDR_STRLEN];
	const char *fault = "not enough memory";

	snprintf(copy, sizeof(copy), "%s", text);
	if (x != NULL)
		fault = exceptions_add(x, 0, copy);
	exceptions_free(x);
	return fault;
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

/* The member @key of @o, if it is a text that has room in @out. */
static bool get_text(const json_t *o, const char *key, char *out, size_t room)
{
	const char *text = json_text_at(o, key);

	if (text[0] == '\0' || strlen(text) >= room)
		return false;
	strcpy(out, text); /* it fits */
	return true;
}

static bool read_entry(struct book *b, const json_t *o)
{
	struct event_exception x = { .change = EXCEPTION_ADDED };
	int64_t until_s = json_integer_value(json_object_get(o, "until"));
	int64_t left_us = until_s * 1000000 - clock_us(CLOCK_REALTIME);

	if (!get_text(o, "id", x.id, sizeof(x.id)) ||
	    !get_text(o, "rule", x.rule, sizeof(x.rule)) ||
	    !get_text(o, "source", x.source, sizeof(x.source)) ||
	    !get_text(o, "why", x.why, sizeof(x.why)) || !is_plain(x.why) ||
	    source_fault(x.source) != NULL || until_s <= 0 ||
	    left_us > BOOK_SECONDS_MAX * 1000000LL || b->count >= BOOK_MAX)
		return false;
	x.until_us = until_s * 1000000;
	x.uid = (uint32_t)json_integer_value(json_object_get(o, "uid"));
	return append(b, &x, clock_us(CLOCK_MONOTONIC) + left_us);
}

/* Nothing of a file that is not ours to read is thrown away. */
static void set_aside(const struct book *b, const char *why)
{
	char bad[PATH_MAX];

	snprintf(bad, sizeof(bad), "%s.bad", b->path);
	fprintf(stderr,
		"epitaph: exceptions that cannot be read are kept in %s and do not hold: %s\n", bad,
		rename(b->path, bad) == 0 ? why : strerror(errno));
}

static void read_file(struct book *b)
{
	json_error_t error;
	struct book_error ignored = { "" };
	json_t *all, *o;
	size_t i;

	if (access(b->path, F_OK) != 0)
		return;
	all = json_load_file(b->path, 0, &error);
	if (!json_is_array(all)) {
		set_aside(b, all == NULL ? error.text : "it is no array");
		json_decref(all);
		return;
	}
	json_array_foreach(all, i, o)
	{
		if (read_entry(b, o))
			continue;
		set_aside(b, "an entry has no meaning");
		save(b, &ignored);
		break;
	}
	json_decref(all);
}

struct book *book_open(const char *path)
{
	struct book *b = calloc(1, sizeof(*b));
	char folder[PATH_MAX];

	if (b == NULL || path == NULL)
		return b;
	b->path = strdup(path);
	if (b->path == NULL) {
		free(b);
		return NULL;
	}
	snprintf(folder, sizeof(folder), "%s", path);
	mkdir(dirname(folder), 0750); /* if it is not there; writing tells */
	read_file(b);
	return b;
}

void book_free(struct book *b)
{
	if (b == NULL)
		return;
	free(b->path);
	free(b->entry);
	free(b);
}

size_t book_count(const struct book *b)
{
	return b->count;
}

static bool refuse(struct book_error *error, const char *format, const char *what)
{
	snprintf(error->text, sizeof(error->text), format, what);
	return false;
}

/* A name that is easy to say, and none of those in use. */
static void make_id(const struct book *b, char out[EXCEPTION_ID + 1])
{
	static const char letters[] = "bcdfghjkmnpqrstv";
	uint8_t octets[EXCEPTION_ID] = { 0 };
	size_t i;

	do {
		if (getrandom(octets, sizeof(octets), 0) != sizeof(octets))
			octets[0]++; /* the next one, then */
		for (i = 0; i < EXCEPTION_ID; i++)
			out[i] = letters[octets[i] % 16];
		out[EXCEPTION_ID] = '\0';
		for (i = 0; i < b->count && strcmp(b->entry[i].x.id, out) != 0; i++)
			;
	} while (i < b->count);
}

bool book_add(struct book *b, const struct policy *p, struct event_exception *x, long seconds,
	      struct book_error *error)
{
	const char *fault = source_fault(x->source);

	if (b->path == NULL)
		return refuse(error, "%s",
			      "the policy names no file to keep exceptions in: daemon { "
			      "exceptions \"/var/lib/epitaph/exceptions\" }");
	if (policy_find_rule(p, x->rule) == NULL)
		return refuse(error, "the policy in force has no rule '%s'", x->rule);
	if (fault != NULL)
		return refuse(error, "the source is no address, prefix or range: %s", fault);
	if (seconds < 1 || seconds > BOOK_SECONDS_MAX)
		return refuse(error, "%s", "an exception lasts from 1s to 30d");
	if (x->why[0] == '\0' || !is_plain(x->why))
		return refuse(error, "%s", "say why, in printable ASCII");
	if (b->count >= BOOK_MAX)
		return refuse(error, "%s", "there are 1000 exceptions already: time for a rule");
	x->change = EXCEPTION_ADDED;
	make_id(b, x->id);
	x->until_us = (clock_us(CLOCK_REALTIME) / 1000000 + seconds) * 1000000;
	if (!append(b, x, clock_us(CLOCK_MONOTONIC) + seconds * 1000000LL))
		return refuse(error, "%s", "not enough memory");
	if (save(b, error))
		return true;
	take_out(b, b->count - 1);
	return false;
}

bool book_end(struct book *b, const char *id, struct event_exception *out, struct book_error *error)
{
	size_t i = 0;

	while (i < b->count && strcmp(b->entry[i].x.id, id) != 0)
		i++;
	if (i == b->count)
		return refuse(error, "there is no exception '%s'", id);
	*out = b->entry[i].x;
	out->change = EXCEPTION_ENDED;
	take_out(b, i);
	/* It ends even where that cannot be written: a restart that brings it back says so in its list. */
	if (!save(b, error))
		fprintf(stderr, "epitaph: %s\n", error->text);
	return true;
}

bool book_expire(struct book *b, struct event_exception *out)
{
	int64_t wall_us = clock_us(CLOCK_REALTIME), now_us = clock_us(CLOCK_MONOTONIC);
	struct book_error error = { "" };

	for (size_t i = 0; i < b->count; i++) {
		struct entry *e = &b->entry[i];

		if (e->x.until_us > wall_us && e->deadline_us > now_us)
			continue;
		*out = e->x;
		out->change = EXCEPTION_EXPIRED;
		take_out(b, i);
		if (!save(b, &error))
			fprintf(stderr, "epitaph: %s\n", error.text);
		return true;
	}
	return false;
}

struct exceptions *book_compile(const struct book *b, const struct policy *p)
{
	struct exceptions *x = b->count > 0 ? exceptions_new() : NULL;
	bool good = x != NULL;

	for (size_t i = 0; good && i < b->count; i++) {
		const struct rule *rule = policy_find_rule(p, b->entry[i].x.rule);
		char source[2 * ADDR_STRLEN];

		strcpy(source, b->entry[i].x.source);
		if (rule != NULL)
			good = exceptions_add(x, (size_t)(rule - p->rule), source) == NULL;
	}
	if (good && exceptions_seal(x) == 0)
		return x;
	if (x != NULL)
		fprintf(stderr, "epitaph: not enough memory for exceptions: none holds\n");
	exceptions_free(x);
	return NULL;
}

json_t *book_list(const struct book *b, const struct policy *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < b->count; i++) {
		const struct event_exception *x = &b->entry[i].x;
		json_t *o = entry_object(x);

		json_object_set_new(o, "known", json_boolean(policy_find_rule(p, x->rule) != NULL));
		json_array_append_new(all, o);
	}
	return all;
}
