/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as a policy spells them. */
#ifndef EPITAPH_POLICY_NUMBER_H
#define EPITAPH_POLICY_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Decimal digits only, at most @max; -1 otherwise. */
static inline long number_parse(const char *text, long max)
{
	long n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (*text - '0');
		if (n > max)
			return -1;
	}
	return n;
}

/* Decimal digits, or 0x and hexadecimal ones, of at most 32 bits; false otherwise. */
static inline bool word32_parse(const char *text, uint32_t *out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	size_t len = strlen(digits);
	unsigned long n;

	if (len == 0 || len > 10 ||
	    strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != len)
		return false;
	n = strtoul(digits, NULL, hex ? 16 : 10);
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

/* Seconds of "90s", "30m", "12h" or "7d"; -1 when it is none of these, or more than @max seconds. */
static inline long duration_parse(const char *text, long max)
{
	static const char units[] = "smhd";
	static const long seconds[] = { 1, 60, 3600, 86400 };
	size_t len = strlen(text);
	const char *unit = len > 1 ? strchr(units, text[len - 1]) : NULL;
	char number[12];
	long n;

	if (unit == NULL || len >= sizeof(number))
		return -1;
	memcpy(number, text, len);
	number[len - 1] = '\0';
	n = number_parse(number, max / seconds[unit - units]);
	return n < 0 ? -1 : n * seconds[unit - units];
}

#endif
