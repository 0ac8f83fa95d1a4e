/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that grows, rotates itself and stays within a budget; or standard output, a FIFO, a terminal.
 *
 * Theory of operation. What is written gathers in a buffer of a fixed size, whole records at a time, and is handed
 * over at flush. Of what is no regular file, only as much is handed over as it takes at once: nothing ever
 * waits for a reader. A record that the buffer has no room for is lost. What could not be written stays in the
 * buffer, so that no record is ever cut short by a disk that is full for a while.
 */
#ifndef EPITAPH_EVENTS_FILES_H
#define EPITAPH_EVENTS_FILES_H

#include "policy/policy.h"

struct file;

/* What a new file begins with, and how one that is there is known as of this kind; NULL for any. */
struct file_start {
	const uint8_t *octets;
	size_t len;
};

/* Open @settings->path for appending, NULL for standard output. @reserve: octets of the file system that stay free.
 * Returns 0 or -errno, -EEXIST for a file that begins otherwise. The caller owns *out. */
int file_open(const struct log_file *settings, uint64_t reserve, const struct file_start *start,
	      struct file **out);
void file_close(struct file *f);

/* Whether there is room for a record of this length, after a flush if need be. */
bool file_has_room(struct file *f, size_t len);

/* Take in one record. False when there was no room for it. */
bool file_write(struct file *f, const void *record, size_t len);

/* Hand over what there is, and rotate when it is time. What goes wrong is said once on standard error. */
void file_flush(struct file *f);

/* What to poll for output while something waits to be handed over; -1 when nothing does. */
int file_waits_for(const struct file *f);

/* Open it anew: others have renamed it. */
void file_reopen(struct file *f);

#endif
