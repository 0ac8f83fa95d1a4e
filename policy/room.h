/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that grow. */
#ifndef EPITAPH_POLICY_ROOM_H
#define EPITAPH_POLICY_ROOM_H

#include <stdbool.h>
#include <stdlib.h>

/* Let *list have room for @count elements of @size; *room says how many it has. False, and nothing has
 * changed, without memory. */
static inline bool room_for(void **list, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room : 4;
	void *grown;

	if (count <= *room)
		return true;
	while (more < count)
		more *= 2;
	grown = reallocarray(*list, more, size);
	if (grown == NULL)
		return false;
	*list = grown;
	*room = more;
	return true;
}

#endif
