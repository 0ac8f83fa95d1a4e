/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log files: budgets, disks that are full, readers that stall. */
#include "tests/unit/unit.h"

#include "events/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[80];

static void name(const char *suffix, char out[100])
{
	snprintf(out, 100, "%s%s", path, suffix);
}

static long size_of(const char *suffix)
{
	struct stat s;
	char at[100];

	name(suffix, at);
	return stat(at, &s) == 0 ? (long)s.st_size : -1;
}

static struct file *open_with(struct log_file settings, uint64_t reserve)
{
	struct file *f = NULL;

	settings.path = path;
	assert_int_equal(file_open(&settings, reserve, NULL, &f), 0);
	return f;
}

static void write_lines(struct file *f, unsigned n, unsigned *taken)
{
	char line[100];

	memset(line, 'x', sizeof(line));
	line[99] = '\n';
	for (unsigned i = 0; i < n; i++)
		*taken += file_write(f, line, sizeof(line));
}

/* 100 octets a line, files of ten lines, three of them kept, and no more than 2,500 octets in all. */
static void budget(void **state)
{
	struct file *f = open_with(
		(struct log_file){ .rotate_size = 1000, .rotate_keep = 3, .budget = 2500 }, 0);
	unsigned taken = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		write_lines(f, 1, &taken);
		file_flush(f);
		assert_true(size_of("") <= 1000);
	}
	assert_int_equal(taken, 60);
	assert_int_equal(size_of(".1"), 1000);
	assert_int_equal(size_of(".2"),
			 -1); /* 1000 of the next one, and 1000 of .1, leave no room for it */
	file_close(f);
	f = open_with((struct log_file){ .rotate_size = 1000, .rotate_keep = 2 }, 0);
	for (int i = 0; i < 5; i++) {
		write_lines(f, 10, &taken);
		file_flush(f);
	}
	assert_int_equal(size_of(".1"), 1000);
	assert_int_equal(size_of(".2"), 1000);
	assert_int_equal(size_of(".3"), -1);
	file_close(f);
}

/* A disk that is full for a while: no line is cut short, and those that were taken are there. */
static void full_disk(void **state)
{
	struct file *f = open_with((struct log_file){ 0 }, 0);
	struct rlimit before, small = { 1050, 1050 };
	unsigned taken = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	write_lines(f, 20000, &taken);
	file_flush(f);
	assert_true(taken < 20000 && taken > 1000);
	assert_int_equal(size_of(""), 1050);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	file_flush(f);
	assert_int_equal(size_of(""), taken * 100);
	write_lines(f, 1, &taken);
	file_close(f);
	assert_int_equal(size_of(""), taken * 100);
}

static void reserve(void **state)
{
	struct file *f = open_with((struct log_file){ 0 }, UINT64_MAX / 2);
	unsigned taken = 0;

	(void)state;
	write_lines(f, 3, &taken);
	file_flush(f);
	assert_int_equal(taken, 3);
	assert_int_equal(size_of(""), 0);
	file_close(f);
}

/* A FIFO that nobody reads, and then somebody does. */
static void stalled_reader(void **state)
{
	static char got[4 << 20];
	struct file *f;
	unsigned taken = 0;
	size_t len = 0;
	ssize_t n;
	int fd;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	f = open_with((struct log_file){ 0 }, 0);
	write_lines(f, 20000, &taken);
	assert_true(taken < 20000);
	assert_true(file_waits_for(f) >= 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	for (;;) {
		n = read(fd, got + len, sizeof(got) - len);
		if (n <= 0 && file_waits_for(f) < 0)
			break;
		len += n > 0 ? (size_t)n : 0;
		file_flush(f);
	}
	assert_int_equal(len, taken * 100);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(got[i], i % 100 == 99 ? '\n' : 'x');
	close(fd);
	file_close(f);
}

/* A pipe whose reader has gone: nothing to wait for. */
static void closed_reader(void **state)
{
	int ends[2], out = dup(STDOUT_FILENO);
	struct log_file settings = { .path = NULL };
	struct file *f;
	unsigned taken = 0;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	assert_int_equal(file_open(&settings, 0, NULL, &f), 0);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	close(ends[1]);
	write_lines(f, 10, &taken);
	close(ends[0]);
	file_flush(f);
	assert_int_equal(file_waits_for(f), -1);
	file_close(f);
}

/* A folder that is away when the file is opened anew, and comes back. */
static void away(void **state)
{
	struct file *f = open_with((struct log_file){ 0 }, 0);
	char elsewhere[80];
	unsigned taken = 0;

	(void)state;
	snprintf(elsewhere, sizeof(elsewhere), "%s.away", folder);
	write_lines(f, 1, &taken);
	file_flush(f);
	assert_int_equal(rename(folder, elsewhere), 0);
	file_reopen(f);
	write_lines(f, 1, &taken);
	file_flush(f);
	assert_int_equal(rename(elsewhere, folder), 0);
	sleep(1); /* it is tried once a second */
	file_flush(f);
	assert_int_equal(size_of(""), 200);
	file_close(f);
}

/* Only what began as we begin is appended to. */
static void beginnings(void **state)
{
	static const uint8_t ours[] = "begin";
	struct file_start start = { ours, 5 };
	struct log_file settings = { .path = path };
	struct file *f;
	unsigned taken = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(file_open(&settings, 0, &start, &f), 0);
		write_lines(f, 1, &taken);
		file_close(f);
		assert_int_equal(size_of(""), 5 + 100 * (i + 1));
	}
	start.octets = (const uint8_t *)"other";
	assert_int_equal(file_open(&settings, 0, &start, &f), -EEXIST);
	settings.path = "/nowhere/at/all";
	assert_int_equal(file_open(&settings, 0, NULL, &f), -ENOENT);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/epitaph-unit.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const suffixes[] = { "", ".1", ".2", ".3" };
	char at[100];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		name(suffixes[i], at);
		unlink(at);
	}
	return rmdir(folder);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(budget),	      TEST(full_disk),	TEST(reserve),
		TEST(stalled_reader), TEST(away), TEST(closed_reader), TEST(beginnings),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
