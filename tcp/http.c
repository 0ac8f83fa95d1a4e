/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request line and the Host field of an HTTP/1 request (RFC 9112 3), as far as they arrived. */
#include "tcp/inspect.h"

enum { METHOD_MAX = 24 };

enum line_status { LINE_OK, LINE_MORE };

/* The line at *at without its end; *at moves past it. A bare LF ends a line too (RFC 9112 2.2). */
static enum line_status next_line(struct bytes data, size_t *at, struct bytes *line)
{
	const uint8_t *from = data.at + *at;
	const uint8_t *lf = *at < data.len ? memchr(from, '\n', data.len - *at) : NULL;

	if (lf == NULL)
		return LINE_MORE;
	line->at = from;
	line->len = (size_t)(lf - from);
	if (line->len > 0 && from[line->len - 1] == '\r')
		line->len--;
	*at = (size_t)(lf - data.at) + 1;
	return LINE_OK;
}

static bool starts_with_nocase(struct bytes b, const char *word)
{
	size_t i;

	for (i = 0; word[i] != '\0'; i++) {
		uint8_t c;

		if (!bytes_get8(b, i, &c))
			return false;
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (c != (uint8_t)word[i])
			return false;
	}
	return true;
}

static struct bytes trim(struct bytes b)
{
	while (b.len > 0 && (b.at[0] == ' ' || b.at[0] == '\t')) {
		b.at++;
		b.len--;
	}
	while (b.len > 0 && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

/* uri-host [":" port] of RFC 9110 7.2: keep the host, without the brackets of an IPv6 literal. */
static void set_host(struct l7_field *f, struct bytes authority)
{
	const uint8_t *end;

	authority = trim(authority);
	if (authority.len > 0 && authority.at[0] == '[') {
		authority = bytes_cut(authority, 1, authority.len);
		end = memchr(authority.at, ']', authority.len);
	} else {
		end = authority.len > 0 ? memchr(authority.at, ':', authority.len) : NULL;
	}
	if (end != NULL)
		authority.len = (size_t)(end - authority.at);
	if (authority.len == 0) {
		f->state = L7_ABSENT;
		return;
	}
	l7_set(f, authority.at, authority.len, true);
	l7_trim_dot(f);
}

/* The authority of an absolute-form target, empty for other forms, and what follows it (RFC 9112 3.2). */
static bool split_target(struct bytes target, struct bytes *authority, struct bytes *rest)
{
	size_t scheme = starts_with_nocase(target, "http://")	 ? 7
			: starts_with_nocase(target, "https://") ? 8
								 : 0;
	size_t n = scheme;

	while (scheme > 0 && n < target.len && target.at[n] != '/' && target.at[n] != '?')
		n++;
	*authority = bytes_cut(target, scheme, n - scheme);
	*rest = bytes_cut(target, n, target.len);
	return scheme > 0;
}

/* The host and the path that a target names. Its authority overrides Host (RFC 9112 3.2.2); that of CONNECT
 * is all there is (3.2.3). A path is "/" where it is empty, and ends before the query. */
static void read_target(struct bytes target, bool connect, struct l7 *out)
{
	struct bytes authority, path;
	bool absolute = split_target(target, &authority, &path);
	const uint8_t *query;
	size_t n = authority.len;

	out->path.state = L7_ABSENT;
	if (connect) {
		set_host(&out->host, target);
		return;
	}
	if (absolute) {
		while (n > 0 && authority.at[n - 1] != '@')
			n--;
		set_host(&out->host, bytes_cut(authority, n, authority.len));
	}
	query = path.len > 0 ? memchr(path.at, '?', path.len) : NULL;
	if (query != NULL)
		path.len = (size_t)(query - path.at);
	if (path.len > 0)
		l7_set(&out->path, path.at, path.len, false);
	else if (absolute)
		l7_set(&out->path, (const uint8_t *)"/", 1, false);
}

/* How many octets of @data can be a method; *ended tells whether a space follows them. */
static size_t method_length(struct bytes data, bool *ended)
{
	size_t n = 0;

	while (n < data.len && n <= METHOD_MAX &&
	       ((data.at[n] >= 'A' && data.at[n] <= 'Z') || data.at[n] == '-' || data.at[n] == '_'))
		n++;
	*ended = n < data.len && data.at[n] == ' ';
	return n;
}

/* "METHOD target HTTP/1.x" */
static bool read_request_line(struct bytes line, struct l7 *out)
{
	bool ended;
	size_t method = method_length(line, &ended), version = line.len;
	struct bytes target;

	while (version > 0 && line.at[version - 1] != ' ')
		version--;
	if (version <= method + 1 ||
	    !starts_with_nocase(bytes_cut(line, version, line.len), "http/1."))
		return false;
	l7_set(&out->method, line.at, method, false);
	target = trim(bytes_cut(line, method, version - method));
	read_target(target, method == 7 && memcmp(line.at, "CONNECT", 7) == 0, out);
	return true;
}

bool http_inspect(struct bytes data, struct l7 *out)
{
	struct bytes line;
	size_t at = 0, method;
	bool ended;

	/* A server skips empty lines before the request line (RFC 9112 2.2). */
	while (at < data.len && (data.at[at] == '\r' || data.at[at] == '\n'))
		at++;
	data = bytes_cut(data, at, data.len);
	at = 0;
	method = method_length(data, &ended);
	if (method == data.len && method <= METHOD_MAX)
		return true; /* nothing but a method so far */
	if (method == 0 || method > METHOD_MAX || !ended)
		return false;
	if (next_line(data, &at, &line) == LINE_MORE)
		return true;
	if (!read_request_line(line, out))
		return false;
	while (out->host.state == L7_PENDING && next_line(data, &at, &line) == LINE_OK) {
		if (line.len == 0)
			out->host.state = L7_ABSENT;
		else if (starts_with_nocase(line, "host:"))
			set_host(&out->host, bytes_cut(line, 5, line.len));
	}
	return true;
}
