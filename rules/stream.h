/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that is written into memory. */
#ifndef EPITAPH_RULES_STREAM_H
#define EPITAPH_RULES_STREAM_H

#include <stdbool.h>
#include <stdio.h>

/* Close @stream, from open_memstream(3) into @text. False when memory ran out: glibc then says so by its result, or by no
 * text at all. */
static inline bool stream_close(FILE *stream, char *const *text)
{
	return fclose(stream) == 0 && *text != NULL;
}

#endif
