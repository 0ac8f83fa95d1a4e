/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/inspect.h"

static void field_init(struct l7_field *f, enum l7_state state)
{
	f->state = state;
	f->len = 0;
	f->text[0] = '\0';
}

void l7_init(struct l7 *l7, enum l7_state state)
{
	field_init(&l7->sni, state);
	field_init(&l7->alpn, state);
	field_init(&l7->host, state);
	field_init(&l7->method, state);
	field_init(&l7->path, state);
}

void l7_set(struct l7_field *f, const uint8_t *name, size_t len, bool lower)
{
	if (len > L7_NAME_MAX)
		len = L7_NAME_MAX;
	for (size_t i = 0; i < len; i++) {
		char c = (char)name[i];

		if (c < 0x21 || c > 0x7e)
			c = '?';
		else if (lower && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		f->text[i] = c;
	}
	f->text[len] = '\0';
	f->len = (uint16_t)len;
	f->state = L7_KNOWN;
}

void l7_trim_dot(struct l7_field *f)
{
	if (f->len > 0 && f->text[f->len - 1] == '.')
		f->text[--f->len] = '\0';
}

void inspect_initiator(struct bytes data, struct l7 *out)
{
	l7_init(out, L7_PENDING);
	if (data.len == 0)
		return;
	if (!tls_inspect(data, out)) {
		field_init(&out->sni, L7_ABSENT);
		field_init(&out->alpn, L7_ABSENT);
	}
	if (!http_inspect(data, out)) {
		field_init(&out->host, L7_ABSENT);
		field_init(&out->method, L7_ABSENT);
		field_init(&out->path, L7_ABSENT);
	}
}
