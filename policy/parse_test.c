/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "test "NAME" { flow ...; expect ... }" */
#include "policy/parser.h"

#include "policy/endpoint.h"

#include <stdlib.h>

enum { REPEAT_MAX = 10000 };

static struct policy_test *current_test(struct parser *p)
{
	return &p->policy->test[p->policy->tests - 1];
}

static bool parse_end(struct parser *p, struct ip_addr *addr, uint16_t *port, int *family)
{
	const struct token *t = parser_expect(p, TOKEN_WORD, "an address, or address:port");

	if (t == NULL)
		return false;
	*family = endpoint_parse(t->text, addr, port);
	if (*family == 0)
		diag_error(p->diags, &t->place,
			   "'%s' is not an end: 10.8.0.5, 10.8.0.5:443, 2001:db8::5 or "
			   "[2001:db8::5]:443",
			   t->text);
	return *family != 0;
}

/* "tcp A -> B" */
static bool parse_tuple(struct parser *p, struct ip_tuple *t)
{
	static const char *const protos[] = { "tcp", "udp", "icmp" };
	const struct token *at = p->at;
	int proto = parser_choice(p, "the protocol of a flow", protos, 3), from, to;

	if (proto < 0 || !parse_end(p, &t->src, &t->sport, &from))
		return false;
	if (!parser_take_word(p, "->"))
		return parser_unexpected(p, "'->'");
	if (!parse_end(p, &t->dst, &t->dport, &to))
		return false;
	if (from != to) {
		diag_error(p->diags, &at->place, "the ends of a flow are of one address family");
		return false;
	}
	t->family = (uint8_t)from;
	t->proto = proto == 0	? PROTO_TCP
		   : proto == 1 ? PROTO_UDP
		   : from == 4	? PROTO_ICMP
				: PROTO_ICMPV6;
	return true;
}

static bool take_field(struct parser *p, struct l7_field *f)
{
	const struct token *t = p->at;

	if (t->kind != TOKEN_STRING && t->kind != TOKEN_WORD)
		return parser_unexpected(p, "a text in double quotes");
	p->at++;
	l7_set(f, (const uint8_t *)t->text, strlen(t->text), false);
	return true;
}

static bool take_host(struct parser *p, struct l7_field *f)
{
	const struct token *t = p->at;
	char name[DOMAIN_MAX + 1];

	if (!take_field(p, f))
		return false;
	if (!domain_to_ascii(t->text, name)) {
		diag_error(p->diags, &t->place, "'%s' is not a domain name", t->text);
		return false;
	}
	l7_set(f, (const uint8_t *)name, strlen(name), false);
	return true;
}

static bool take_payload(struct parser *p, struct policy_test *test, int side)
{
	const struct token *t = p->at;
	char error[PATTERN_ERROR];
	struct pattern *octets;

	if (!parser_string(p, "octets in double quotes", &test->payload_source[side]))
		return false;
	octets = pattern_octets(t->text, error);
	if (octets == NULL) {
		diag_error(p->diags, &t->place, "'%s' %s", t->text, error);
		return false;
	}
	free((uint8_t *)test->payload[side].at);
	test->payload[side] = (struct bytes){ octets->octets, octets->len };
	octets->octets = NULL;
	pattern_free(octets);
	return true;
}

static bool take_moment(struct parser *p, struct moment *at)
{
	const struct token *t = parser_expect(p, TOKEN_STRING, "a time in double quotes");

	if (t == NULL)
		return false;
	if (moment_parse(t->text, at))
		return true;
	diag_error(
		p->diags, &t->place,
		"'%s' is not a time: \"2026-11-23 09:00\" by the clock of the schedule, or with 'Z' "
		"behind it in UTC",
		t->text);
	return false;
}

static bool take_ct_state(struct parser *p, enum ct_state *state)
{
	const char *names[CT_STATES];
	int choice;

	for (int i = 0; i < CT_STATES; i++)
		names[i] = ct_state_name((enum ct_state)i);
	choice = parser_choice(p, "the state of a flow", names, CT_STATES);
	if (choice >= 0)
		*state = (enum ct_state)choice;
	return choice >= 0;
}

static bool take_iface(struct parser *p, char **out)
{
	const struct token *t = p->at;

	if (t->kind != TOKEN_STRING && t->kind != TOKEN_WORD)
		return parser_unexpected(p, "the name of an interface");
	p->at++;
	free(*out);
	*out = strdup(t->text);
	p->no_memory |= *out == NULL;
	return *out != NULL;
}

static bool read_iif(struct parser *p)
{
	return take_iface(p, &current_test(p)->iif);
}

static bool read_oif(struct parser *p)
{
	return take_iface(p, &current_test(p)->oif);
}

static bool read_sni(struct parser *p)
{
	return take_host(p, &current_test(p)->l7->sni);
}

static bool read_alpn(struct parser *p)
{
	return take_field(p, &current_test(p)->l7->alpn);
}

static bool read_host(struct parser *p)
{
	return take_host(p, &current_test(p)->l7->host);
}

static bool read_method(struct parser *p)
{
	return take_field(p, &current_test(p)->l7->method);
}

static bool read_path(struct parser *p)
{
	return take_field(p, &current_test(p)->l7->path);
}

static bool read_payload(struct parser *p)
{
	return take_payload(p, current_test(p), 0);
}

static bool read_reply(struct parser *p)
{
	return take_payload(p, current_test(p), 1);
}

static bool read_ct_state(struct parser *p)
{
	return take_ct_state(p, &current_test(p)->ct_state);
}

static bool read_mark(struct parser *p)
{
	return parser_number(p, "a mark", 0, UINT32_MAX, &current_test(p)->mark);
}

static bool read_at(struct parser *p)
{
	return take_moment(p, &current_test(p)->at);
}

static bool read_repeat(struct parser *p)
{
	return parser_number(p, "a number of flows", 1, REPEAT_MAX, &current_test(p)->repeat);
}

static const struct statement properties[] = {
	{ "iif", read_iif },	       { "oif", read_oif },	    { "tls sni", read_sni },
	{ "tls alpn", read_alpn },     { "http host", read_host },  { "http method", read_method },
	{ "http path", read_path },    { "payload", read_payload }, { "reply payload", read_reply },
	{ "ct state", read_ct_state }, { "meta mark", read_mark },  { "at", read_at },
	{ "repeat", read_repeat },
};

static bool parse_flow(struct parser *p)
{
	struct policy_test *t = current_test(p);

	if (t->has_flow) {
		diag_error(p->diags, &p->at[-1].place, "a test has one flow");
		return false;
	}
	t->has_flow = true;
	if (!parse_tuple(p, &t->tuple))
		return false;
	while (p->at->kind == TOKEN_WORD) {
		if (!parser_statement(p, "property of a flow", properties,
				      sizeof(properties) / sizeof(properties[0]), NULL))
			return false;
	}
	return true;
}

static bool parse_expect(struct parser *p)
{
	struct policy_test *t = current_test(p);
	const struct token *name;
	enum unreachable ignored;
	bool good;

	t->expect_place = p->at[-1].place;
	if (t->has_expect) {
		diag_error(p->diags, &p->at[-1].place, "a test expects one thing");
		return false;
	}
	t->has_expect = true;
	/* "reset" alone leaves the ends open. */
	if (p->at->kind == TOKEN_WORD && strcmp(p->at->text, "reset") == 0 &&
	    (p->at[1].kind != TOKEN_WORD || strcmp(p->at[1].text, "rule") == 0)) {
		p->at++;
		t->action = ACTION_RESET;
	} else if (!parse_action(p, &t->action, &t->ends, &ignored, &good)) {
		return parser_unexpected(p, "accept, drop, reset or reject");
	} else if (!good) {
		return false;
	}
	if (!parser_take_word(p, "rule"))
		return true;
	name = parser_expect(p, TOKEN_WORD, "the name of a rule");
	if (name == NULL)
		return false;
	t->expect_place = name->place;
	snprintf(t->rule, sizeof(t->rule), "%s", name->text);
	return true;
}

bool parse_test(struct parser *p)
{
	static const struct statement table[] = {
		{ "flow", parse_flow },
		{ "expect", parse_expect },
	};
	const struct token *name = parser_expect(p, TOKEN_STRING,
						 "the name of a test in double quotes");
	struct policy_test *t;

	if (name == NULL)
		return false;
	t = parser_grow(p, (void **)&p->policy->test, &p->policy->tests, sizeof(*t));
	if (t == NULL)
		return false;
	t->place = t->expect_place = name->place;
	t->name = strdup(name->text);
	t->l7 = calloc(1, sizeof(*t->l7));
	t->repeat = 1;
	if (t->name == NULL || t->l7 == NULL) {
		p->no_memory = true;
		return false;
	}
	l7_init(t->l7, L7_ABSENT);
	if (!parser_block(p, "test statement", table, sizeof(table) / sizeof(table[0]), NULL))
		return false;
	t = current_test(p);
	if (!t->has_flow || !t->has_expect)
		diag_error(p->diags, &name->place, "the test has no '%s' statement",
			   t->has_flow ? "expect" : "flow");
	return true;
}
