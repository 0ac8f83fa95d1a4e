/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER = 512 * 1024, /* some thousand events while a reader is away */
	MODE = 0640,
	KEPT_MAX = 999,
	NAME_ROOM = 8, /* ".999" */
	DRAIN_MS = 1000,
};

struct file {
	struct log_file settings; /* the path is ours */
	uint64_t reserve;
	struct file_start start;
	int fd; /* -1: it could not be opened */
	bool regular;
	uint64_t size;
	size_t used;
	time_t looked; /* at the free room */
	time_t tried;  /* to open it again */
	bool room, complained;
	uint8_t buffer[BUFFER];
};

static const char *name_of(const struct file *f)
{
	return f->settings.path ? f->settings.path : "standard output";
}

static void complain(struct file *f, const char *what, const char *why)
{
	if (!f->complained)
		fprintf(stderr, "epitaph: cannot %s %s: %s; events are lost until it works again\n",
			what, name_of(f), why);
	f->complained = true;
}

/* Whether the file is of the kind that we append to. An empty one gets its beginning. */
static int begin(struct file *f)
{
	uint8_t head[64];
	size_t len = f->start.len;

	if (len == 0 || !f->regular)
		return 0;
	if (f->size == 0) {
		if (write(f->fd, f->start.octets, len) != (ssize_t)len)
			return -EIO;
		f->size = len;
		return 0;
	}
	if (len > sizeof(head) || pread(f->fd, head, len, 0) != (ssize_t)len ||
	    memcmp(head, f->start.octets, len) != 0)
		return -EEXIST;
	return 0;
}

static int open_path(struct file *f)
{
	struct stat s;
	int result;

	/* A FIFO without a reader would make us wait if it were opened for writing alone. */
	if (f->settings.path == NULL)
		f->fd = dup(STDOUT_FILENO);
	else
		f->fd = open(f->settings.path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
			     MODE);
	if (f->fd < 0 && errno == EACCES)
		f->fd = open(f->settings.path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0 || fstat(f->fd, &s) != 0)
		return -errno;
	f->regular = S_ISREG(s.st_mode);
	f->size = f->regular ? (uint64_t)s.st_size : 0;
	result = begin(f);
	if (result != 0) {
		close(f->fd);
		f->fd = -1;
	}
	return result;
}

int file_open(const struct log_file *settings, uint64_t reserve, const struct file_start *start,
	      struct file **out)
{
	struct file *f = calloc(1, sizeof(*f));
	int result = -ENOMEM;

	if (f == NULL)
		return -ENOMEM;
	f->settings = *settings;
	f->settings.path = settings->path ? strdup(settings->path) : NULL;
	f->reserve = reserve;
	f->fd = -1;
	f->room = true;
	if (start != NULL)
		f->start = *start;
	if (settings->path == NULL || f->settings.path != NULL)
		result = open_path(f);
	if (result != 0)
		file_close(f);
	else
		*out = f;
	return result;
}

int file_waits_for(const struct file *f)
{
	/* One that fails would be ready all the time. */
	return f->used > 0 && !f->regular && !f->complained ? f->fd : -1;
}

/* A reader that is there, but slow, gets the rest; one that takes nothing does not hold us up. */
static void drain(struct file *f)
{
	struct pollfd fd = { .fd = f->fd, .events = POLLOUT };

	do {
		file_flush(f);
	} while (file_waits_for(f) >= 0 && poll(&fd, 1, DRAIN_MS) == 1 && (fd.revents & POLLOUT));
}

void file_close(struct file *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0) {
		drain(f);
		if (f->used > 0)
			fprintf(stderr,
				"epitaph: %zu octets of events could not be written to %s\n",
				f->used, name_of(f));
		close(f->fd);
	}
	free(f->settings.path);
	free(f);
}

void file_reopen(struct file *f)
{
	int result;

	if (f->settings.path == NULL)
		return;
	file_flush(f);
	if (f->fd >= 0)
		close(f->fd);
	f->complained = false;
	result = open_path(f);
	if (result != 0)
		complain(f, "open", strerror(-result));
}

/* "events.json" becomes "events.json.1", that one ".2", and so on; the oldest goes. */
static void name_of_kept(const struct file *f, unsigned i, char *out, size_t room)
{
	if (i == 0)
		snprintf(out, room, "%s", f->settings.path);
	else
		snprintf(out, room, "%s.%u", f->settings.path, i);
}

/* Remove what is kept beyond the budget, the oldest first, also what an earlier setting kept. */
static void keep_budget(struct file *f, char *name, size_t room)
{
	uint64_t total = f->settings.rotate_size;
	struct stat s;

	for (unsigned i = 1; i <= KEPT_MAX; i++) {
		name_of_kept(f, i, name, room);
		if (stat(name, &s) != 0)
			break;
		total += (uint64_t)s.st_size;
		if (i > f->settings.rotate_keep ||
		    (f->settings.budget > 0 && total > f->settings.budget))
			unlink(name);
	}
}

static void rotate(struct file *f)
{
	size_t room = strlen(f->settings.path) + NAME_ROOM;
	char *from = malloc(room), *to = malloc(room);
	bool failed = from == NULL || to == NULL;
	int result;

	for (unsigned i = f->settings.rotate_keep; i > 0 && !failed; i--) {
		name_of_kept(f, i - 1, from, room);
		name_of_kept(f, i, to, room);
		failed = rename(from, to) != 0 && errno != ENOENT;
	}
	if (failed)
		complain(f, "rotate", strerror(errno));
	else
		keep_budget(f, to, room);
	free(from);
	free(to);
	close(f->fd);
	result = open_path(f);
	if (result != 0)
		complain(f, "open", strerror(-result));
	else if (failed)
		f->size = 0; /* not at every event anew */
}

/* Whether the file system has room to spare; looked up once a second. */
static bool has_room(struct file *f)
{
	time_t now = time(NULL);
	struct statvfs s;

	if (f->reserve == 0 || !f->regular || now == f->looked)
		return f->room;
	f->looked = now;
	f->room = fstatvfs(f->fd, &s) != 0 || (uint64_t)s.f_bavail * s.f_frsize >= f->reserve;
	if (!f->room)
		complain(f, "write to", "less than 'reserve' is free");
	return f->room;
}

/* How much of @left octets may be handed over now without waiting. */
static size_t accepted(const struct file *f, size_t left)
{
	struct pollfd fd = { .fd = f->fd, .events = POLLOUT };

	if (f->regular)
		return left;
	/* pipe(7): what is ready takes PIPE_BUF octets at once. */
	if (poll(&fd, 1, 0) != 1 || !(fd.revents & POLLOUT))
		return 0;
	return left < PIPE_BUF ? left : PIPE_BUF;
}

/* A file that could not be opened when it was its turn: again once a second. */
static void try_again(struct file *f)
{
	time_t now = time(NULL);

	if (f->fd >= 0 || now == f->tried)
		return;
	f->tried = now;
	open_path(f);
}

void file_flush(struct file *f)
{
	size_t len, done = 0;

	try_again(f);
	while (f->fd >= 0 && done < f->used && has_room(f) &&
	       (len = accepted(f, f->used - done)) > 0) {
		ssize_t n = write(f->fd, f->buffer + done, len);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			complain(f, "write to", strerror(errno));
		if (n <= 0)
			break;
		f->complained = false;
		done += (size_t)n;
		f->size += (uint64_t)n;
	}
	f->used -= done;
	memmove(f->buffer, f->buffer + done, f->used);
	if (f->fd >= 0 && f->regular && f->settings.rotate_size > 0 &&
	    f->size >= f->settings.rotate_size && f->used == 0)
		rotate(f);
}

bool file_has_room(struct file *f, size_t len)
{
	if (len > sizeof(f->buffer) - f->used)
		file_flush(f);
	return len <= sizeof(f->buffer) - f->used;
}

bool file_write(struct file *f, const void *record, size_t len)
{
	/* A file is flushed when it is time to rotate, so that none grows far beyond that. */
	if (f->settings.rotate_size > 0 && f->size + f->used + len > f->settings.rotate_size)
		file_flush(f);
	if (!file_has_room(f, len))
		return false;
	memcpy(f->buffer + f->used, record, len);
	f->used += len;
	return true;
}
