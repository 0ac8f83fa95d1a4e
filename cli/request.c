/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/request.h"

#include "cli/allow_run.h"
#include "cli/canary_run.h"

static json_t *reload(struct run *r)
{
	return run_reload(r, NULL);
}

static json_t *give_up(struct run *r)
{
	return run_return(r, "the trial ends, on request");
}

static json_t *status(struct run *r)
{
	return run_status(r, "in force");
}

/* Behind words that end in a blank there is more, for "with". */
static const struct request {
	const char *words;
	json_t *(*plain)(struct run *r);
	json_t *(*with)(struct run *r, const char *more);
} requests[] = {
	{ "reload", reload, NULL },
	{ "reload rejudge ", NULL, run_reload },
	{ CANARY_REQUEST, NULL, run_canary },
	{ "commit", run_commit, NULL },
	{ "return", give_up, NULL },
	{ ALLOW_REQUEST, NULL, run_allow },
	{ "counters", run_counters, NULL },
	{ "status", status, NULL },
	{ "top", run_top, NULL },
};

json_t *run_request(struct run *r, const char *request)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request *q = &requests[i];
		size_t len = strlen(q->words);

		if (q->with != NULL && strncmp(request, q->words, len) == 0)
			return q->with(r, request + len);
		if (q->plain != NULL && strcmp(request, q->words) == 0)
			return q->plain(r);
	}
	return json_pack("{s:s, s:s}", "result", "refused", "message", "unknown request");
}
