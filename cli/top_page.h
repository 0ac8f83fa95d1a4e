/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "epitaph top" shows, as lines of text. */
#ifndef EPITAPH_CLI_TOP_PAGE_H
#define EPITAPH_CLI_TOP_PAGE_H

#include <jansson.h>
#include <stdio.h>

/*
 * Write the page of @now, an answer of the daemon to "top", with rates against @before, an answer of @seconds earlier;
 * NULL: without rates. At most @rules rules and @blocks blocks. Nothing but printable ASCII and line ends is written.
 */
void top_page(const json_t *now, const json_t *before, double seconds, unsigned rules,
	      unsigned blocks, FILE *out);

#endif
