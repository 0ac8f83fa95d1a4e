/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as a policy spells them. */
#ifndef EPITAPH_POLICY_NUMBER_H
#define EPITAPH_POLICY_NUMBER_H

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

#endif
