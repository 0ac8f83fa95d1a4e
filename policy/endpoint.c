/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/endpoint.h"

#include "policy/number.h"

#include <string.h>

int endpoint_parse(const char *text, struct ip_addr *addr, uint16_t *port)
{
	char copy[ADDR_STRLEN + 8], *address = copy, *colon, *bracket;
	size_t len = strlen(text);
	long number = 0;
	int family;

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len + 1);
	colon = strrchr(copy, ':');
	if (copy[0] == '[') {
		address++;
		bracket = strchr(copy, ']');
		if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
			return 0;
		colon = bracket[1] == ':' ? bracket + 1 : NULL;
		*bracket = '\0';
	} else if (colon != NULL && colon != strchr(copy, ':')) {
		colon = NULL; /* IPv6 without a port */
	}
	if (colon != NULL) {
		*colon = '\0';
		number = number_parse(colon + 1, 65535);
	}
	family = addr_parse(address, addr);
	if (family == 0 || number < 0 || (copy[0] == '[' && family != 6))
		return 0;
	*port = (uint16_t)number;
	return family;
}
