/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Out of memory, where a test wants it: preloaded, this makes one allocation of the main thread fail. OOM_FILE holds two
 * numbers of 8 octets: how many allocations are still to succeed before (negative: all of them), and how many were made to
 * fail. Those that libnftables makes succeed: it ends the process when they do not.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CALLERS = 40 };

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
void *malloc(size_t);
void *calloc(size_t, size_t);
void *realloc(void *, size_t);
void *reallocarray(void *, size_t, size_t);

static struct {
	_Atomic int64_t left, failed;
} *shared;

__attribute__((constructor)) static void start(void)
{
	const char *name = getenv("OOM_FILE");
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *first[1], *p = fd >= 0 ? mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (p != MAP_FAILED)
		shared = p;
	if (fd >= 0)
		close(fd);
	backtrace(first, 1); /* loads what it needs, before there are walls */
}

/* Whether libnftables, or the library of its messages, is among the callers. */
static bool is_spared(void)
{
	void *caller[CALLERS];
	int n = backtrace(caller, CALLERS);
	Dl_info where;

	for (int i = 0; i < n; i++) {
		if (dladdr(caller[i], &where) != 0 && strstr(where.dli_fname, "libnft") != NULL)
			return true;
	}
	return false;
}

static bool fails(void)
{
	static _Thread_local bool inside;
	bool spared;

	if (shared == NULL || atomic_load(&shared->left) < 0 || gettid() != getpid() || inside)
		return false;
	inside = true;
	spared = is_spared();
	inside = false;
	if (spared || atomic_fetch_sub(&shared->left, 1) != 0)
		return false;
	atomic_fetch_add(&shared->failed, 1);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return fails() ? NULL : __libc_realloc(p, all);
}
