/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/sockaddr.h"

#include <netinet/in.h>
#include <string.h>

bool sockaddr_read(const struct sockaddr *a, struct ip_addr *out, uint16_t *port)
{
	const struct sockaddr_in *v4 = (const void *)a;
	const struct sockaddr_in6 *v6 = (const void *)a;

	if (a->sa_family == AF_INET) {
		*out = addr_from_v4((const uint8_t *)&v4->sin_addr);
		*port = ntohs(v4->sin_port);
	} else if (a->sa_family == AF_INET6) {
		memcpy(out->b, &v6->sin6_addr, sizeof(out->b));
		*port = ntohs(v6->sin6_port);
	}
	return a->sa_family == AF_INET || a->sa_family == AF_INET6;
}
