/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp/checksum.h"

uint64_t checksum_add(uint64_t sum, struct bytes b)
{
	size_t i;

	for (i = 0; b.len - i >= 4; i += 4)
		sum += (uint64_t)b.at[i] << 24 | (uint64_t)b.at[i + 1] << 16 |
		       (uint64_t)b.at[i + 2] << 8 | b.at[i + 3];
	if (b.len - i >= 2) {
		sum += (uint64_t)b.at[i] << 8 | b.at[i + 1];
		i += 2;
	}
	if (b.len - i == 1)
		sum += (uint64_t)b.at[i] << 8;
	return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint64_t checksum_pseudo(const struct ip_tuple *t, uint8_t proto, uint32_t len)
{
	size_t skip = t->family == 4 ? 12 : 0;
	uint64_t sum = (uint64_t)proto + len;

	sum = checksum_add(sum, (struct bytes){ t->src.b + skip, 16 - skip });
	return checksum_add(sum, (struct bytes){ t->dst.b + skip, 16 - skip });
}
