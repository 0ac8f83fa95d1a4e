/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that may be compressed, as streams. */
#ifndef EPITAPH_CLI_GZ_H
#define EPITAPH_CLI_GZ_H

#include <stdio.h>

/* Open @path for reading, '-' for standard input; what gzip made is unpacked, anything else comes as it is. NULL
 * with errno set. The caller closes it. */
FILE *gz_open(const char *path);

#endif
