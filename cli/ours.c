/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/ours.h"

#include "cli/event_log.h"
#include "cli/json_policy.h"

#include <jansson.h>
#include <stdlib.h>

enum {
	KEY = 2 * ADDR_STRLEN + 16,
	BEFORE_US = 1000000,	    /* clocks of log and capture are near each other */
	BLOCKED_US = 120 * 1000000, /* a blocked flow is answered as long as it is remembered */
};

struct ours {
	json_t *flow; /* ends: time of the latest block, in us */
	json_t *id;   /* event ids */
};

static void make_key(const struct ip_addr *a, uint16_t aport, const struct ip_addr *b,
		     uint16_t bport, char out[KEY])
{
	char left[ADDR_STRLEN], right[ADDR_STRLEN];

	snprintf(out, KEY, "%s %u %s %u", addr_format(a, left), aport, addr_format(b, right),
		 bport);
}

static void take_block(struct ours *o, const json_t *event)
{
	const json_t *block = json_object_get(event, "block");
	const json_t *sent = json_object_get(block, "sent");
	const char *id = json_text_at(block, "id");
	char key[KEY];
	int64_t time = event_time_us(json_text_at(event, "timestamp"));

	if (!json_is_true(json_object_get(sent, "source")) &&
	    !json_is_true(json_object_get(sent, "destination")))
		return;
	if (json_object_get(block, "last") != NULL)
		time = event_time_us(json_text_at(block, "last"));
	snprintf(key, KEY, "%s %u %s %u", json_text_at(event, "src_ip"),
		 (unsigned)json_integer_value(json_object_get(event, "src_port")),
		 json_text_at(event, "dest_ip"),
		 (unsigned)json_integer_value(json_object_get(event, "dest_port")));
	json_object_set_new(o->flow, key, json_integer(time));
	json_object_set_new(o->id, id, json_true());
}

static void take(void *arg, const char *line)
{
	json_t *event = json_loads(line, 0, NULL);

	if (strcmp(json_text_at(event, "event_type"), "block") == 0)
		take_block(arg, event);
	json_decref(event);
}

struct ours *ours_open(const char *path)
{
	struct ours *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->flow = json_object();
	o->id = json_object();
	if (event_log_each(path, take, o))
		return o;
	ours_free(o);
	return NULL;
}

void ours_free(struct ours *o)
{
	if (o == NULL)
		return;
	json_decref(o->flow);
	json_decref(o->id);
	free(o);
}

/* Whether some word of the text is the id of an event. */
static bool names_event(const struct ours *o, const char *text)
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
	char id[EVENT_ID_LEN + 1];
	size_t len;

	for (; *text != '\0'; text += len > 0 ? len : 1) {
		len = strspn(text, letters);
		if (len != EVENT_ID_LEN)
			continue;
		memcpy(id, text, len);
		id[len] = '\0';
		if (json_object_get(o->id, id) != NULL)
			return true;
	}
	return false;
}

static bool was_cut(const struct ours *o, const char *key, int64_t time_us)
{
	const json_t *cut = json_object_get(o->flow, key);
	int64_t at = json_integer_value(cut);

	return cut != NULL && time_us >= at - BEFORE_US && time_us <= at + BLOCKED_US;
}

void ours_recognise(const struct ours *o, struct event *e)
{
	const struct ip_tuple *t = &e->tuple;
	char there[KEY], back[KEY];

	make_key(&t->src, t->sport, &t->dst, t->dport, there);
	make_key(&t->dst, t->dport, &t->src, t->sport, back);
	if (!names_event(o, e->reset.reading.text) && !was_cut(o, there, e->time_us) &&
	    !was_cut(o, back, e->time_us))
		return;
	e->reset.reading.ours = true;
	e->reset.reading.kind = RESET_KIND_POLICY;
	e->reset.reading.signs = 0;
}
