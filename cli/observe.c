/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/observe.h"

#include "cli/ours.h"
#include "cli/tally.h"
#include "events/json.h"

#include <stdlib.h>
#include <unistd.h>

/* A policy that lets everything pass and logs every reset. */
static const char pass_all[] = "policy forward { default accept }\n";

struct observer {
	struct observer_settings settings;
	bool color;
	struct policy *policy;
	struct judge *judge;
	struct ours *ours; /* NULL: no log is known */
	struct tally *tally;
};

bool observer_color_ok(const char *command, const char *word)
{
	if (word == NULL || strcmp(word, "auto") == 0 || strcmp(word, "always") == 0 ||
	    strcmp(word, "never") == 0)
		return true;
	fprintf(stderr, "epitaph %s: --color is auto, always or never, not '%s'\n", command, word);
	return false;
}

static bool wants_color(const char *word, FILE *out)
{
	if (word != NULL && strcmp(word, "always") == 0)
		return true;
	return (word == NULL || strcmp(word, "auto") == 0) && isatty(fileno(out)) &&
	       getenv("NO_COLOR") == NULL;
}

struct observer *observer_new(const struct observer_settings *settings)
{
	static struct diags diags;
	struct source source = { .name = "built in",
				 .text = { (const uint8_t *)pass_all, sizeof(pass_all) - 1 } };
	struct observer *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->settings = *settings;
	if (o->settings.out == NULL)
		o->settings.out = stdout;
	o->color = wants_color(settings->color, o->settings.out);
	o->policy = policy_parse(&source, NULL, &diags);
	diags_clear(&diags);
	o->judge = judge_new(&judge_default_limits, NULL);
	o->tally = tally_new();
	if (settings->events != NULL)
		o->ours = ours_open(settings->events);
	if (o->policy == NULL || o->judge == NULL || o->tally == NULL)
		fprintf(stderr, "epitaph: not enough memory\n");
	else if (settings->events == NULL || o->ours != NULL)
		return o;
	observer_free(o);
	return NULL;
}

void observer_free(struct observer *o)
{
	if (o == NULL)
		return;
	judge_free(o->judge);
	policy_free(o->policy);
	ours_free(o->ours);
	tally_free(o->tally);
	free(o);
}

static void take_event(struct observer *o, struct event *e)
{
	if (o->settings.wants != NULL && !o->settings.wants(o->settings.wants_arg, e))
		return;
	if (o->ours != NULL)
		ours_recognise(o->ours, e);
	tally_add(o->tally, e);
	if (!o->settings.lines)
		return;
	if (o->settings.json)
		json_write(e, o->settings.out);
	else
		print_reset(e, o->color, o->settings.out);
}

/* Rules of this host's firewall made it, ours or others. */
static void set_made_here(struct reset_reading *r)
{
	r->signs = (uint16_t)(1u << SIGN_HERE);
	r->kind = RESET_KIND_POLICY;
}

void observer_packet(struct observer *o, const struct observed *p)
{
	struct judge_input input = { .ip = p->ip,
				     .now_us = p->time_us,
				     .iif = "",
				     .oif = "",
				     .checksum_ready = true,
				     .sees_all = o->settings.sees_all };
	struct event list[EVENTS_PER_PACKET];
	struct judgement j;
	unsigned n;

	judge_packet(o->judge, o->policy, &input, &j);
	n = events_list(&j, o->policy, &input, p->time_us, list);
	for (unsigned i = 0; i < n; i++) {
		list[i].frame = p->frame;
		if (p->made_here)
			set_made_here(&list[i].reset.reading);
		take_event(o, &list[i]);
	}
	judge_expire(o->judge, p->time_us);
}

uint64_t observer_resets(const struct observer *o)
{
	return tally_resets(o->tally);
}

void observer_finish(struct observer *o)
{
	if (!o->settings.summary)
		return;
	if (o->settings.json) {
		tally_print_json(o->tally, o->settings.out);
		return;
	}
	if (o->settings.lines)
		fputc('\n', o->settings.out);
	tally_print(o->tally, o->settings.out);
}
