/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/community_id.h"

#include "tcp/bytes.h"

#include <sha1.h>

static void base64(const uint8_t in[SHA1_DIGEST_LENGTH], char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i + 3 <= SHA1_DIGEST_LENGTH; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = digits[v >> shift & 63];
	}
	/* 20 octets leave two: three digits and one "=". */
	*out++ = digits[in[i] >> 2];
	*out++ = digits[(in[i] << 4 | in[i + 1] >> 4) & 63];
	*out++ = digits[in[i + 1] << 2 & 63];
	*out++ = '=';
	*out = '\0';
}

const char *community_id(const struct ip_tuple *t, char out[COMMUNITY_ID_LEN + 1])
{
	size_t skip = t->family == 4 ? 12 : 0;
	int order = memcmp(t->src.b + skip, t->dst.b + skip, 16 - skip);
	struct ip_tuple low = order < 0 || (order == 0 && t->sport <= t->dport) ? *t
										: tuple_reverse(t);
	uint8_t tail[6] = { t->proto, 0 }, digest[SHA1_DIGEST_LENGTH];
	static const uint8_t seed[2];
	SHA1_CTX sha;

	bytes_put16(tail + 2, low.sport);
	bytes_put16(tail + 4, low.dport);
	SHA1Init(&sha);
	SHA1Update(&sha, seed, sizeof(seed));
	SHA1Update(&sha, low.src.b + skip, 16 - skip);
	SHA1Update(&sha, low.dst.b + skip, 16 - skip);
	SHA1Update(&sha, tail, sizeof(tail));
	SHA1Final(digest, &sha);
	out[0] = '1';
	out[1] = ':';
	base64(digest, out + 2);
	return out;
}
