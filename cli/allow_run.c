/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/allow_run.h"

#include "cli/json_policy.h"

#include <stdlib.h>

/* Bring into force what the book has now. */
static void apply_to(struct run *r, struct policy *p)
{
	struct exceptions *old = atomic_exchange(&p->exceptions, book_compile(r->book, p));

	workers_wait_round(r->workers);
	exceptions_free(old);
}

static void apply(struct run *r)
{
	apply_to(r, r->policy);
	if (r->canary.policy != NULL)
		apply_to(r, r->canary.policy);
}

static void log_change(struct run *r, const struct event_exception *x)
{
	struct event *e = run_reserve_event(r, EVENT_EXCEPTION);

	if (e != NULL) {
		e->exception = *x;
		log_publish(r->log, r->main_ring);
	}
	fprintf(stderr, "epitaph: exception %s %s: rule %s, %s\n", x->id,
		exception_change_name(x->change), x->rule, x->source);
}

static json_t *answer(bool good, const char *message)
{
	return json_pack("{s:s, s:o}", "result", good ? "in-force" : "refused", "message",
			 json_text(message));
}

/* Take the first word of *text into @out; false when it has none, or one that has no room. */
static bool take_word(const char **text, char *out, size_t room)
{
	size_t len = strcspn(*text, " ");

	if (len == 0 || len >= room)
		return false;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len + ((*text)[len] == ' ');
	return true;
}

static json_t *add(struct run *r, const char *request)
{
	struct event_exception x = { .uid = r->asker };
	struct book_error error = { "" };
	char seconds[16], message[EVENT_MESSAGE];

	if (!take_word(&request, x.rule, sizeof(x.rule)) ||
	    !take_word(&request, x.source, sizeof(x.source)) ||
	    !take_word(&request, seconds, sizeof(seconds)) || strlen(request) > EXCEPTION_WHY)
		return answer(false,
			      "the request has too little in it, or a word that is too long");
	strcpy(x.why, request); /* it fits */
	if (!book_add(r->book, r->policy, &x, strtol(seconds, NULL, 10), &error))
		return answer(false, error.text);
	apply(r);
	log_change(r, &x);
	snprintf(message, sizeof(message), "%s: rule %s does not hold for %s", x.id, x.rule,
		 x.source);
	return answer(true, message);
}

static json_t *end(struct run *r, const char *id)
{
	struct event_exception x;
	struct book_error error = { "" };
	char message[EVENT_MESSAGE];

	if (!book_end(r->book, id, &x, &error))
		return answer(false, error.text);
	apply(r);
	log_change(r, &x);
	snprintf(message, sizeof(message), "rule %s holds for %s again", x.rule, x.source);
	return answer(true, message);
}

json_t *run_allow(struct run *r, const char *request)
{
	json_t *all;

	if (strncmp(request, "add ", 4) == 0)
		return add(r, request + 4);
	if (strncmp(request, "end ", 4) == 0)
		return end(r, request + 4);
	all = answer(true, "exceptions");
	json_object_set_new(all, "exceptions", book_list(r->book, r->policy));
	return all;
}

void run_expire_exceptions(struct run *r)
{
	struct event_exception x;
	bool any = false;

	while (book_expire(r->book, &x)) {
		log_change(r, &x);
		any = true;
	}
	if (any)
		apply(r);
}
