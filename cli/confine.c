/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/confine.h"

#include "cli/confine_calls.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What <linux/landlock.h> of older systems does not have. */
#define ACCESS_REFER (1ULL << 13)
#define ACCESS_TRUNCATE (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPED_SIGNAL (1ULL << 1)

/* struct landlock_ruleset_attr as of ABI 6. */
struct ruleset {
	uint64_t files, net, scoped;
};

#define ACCESS_WRITES                                                                              \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | ACCESS_TRUNCATE)
#define ACCESS_FIRST (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1)

/* Where what executes a tool of iptables must be. */
static const char *const tool_folders[] = { "/usr/sbin", "/usr/bin", "/sbin",  "/bin",
					    "/usr/lib",	 "/lib",     "/lib64", NULL };

static bool give_up_rights(bool spawns)
{
	capng_type_t kept = CAPNG_EFFECTIVE | CAPNG_PERMITTED | (spawns ? CAPNG_INHERITABLE : 0) |
			    CAPNG_BOUNDING_SET | (spawns ? CAPNG_AMBIENT : 0);
	bool bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	bool root = geteuid() == 0;

	capng_clear(CAPNG_SELECT_ALL);
	capng_update(CAPNG_ADD, kept, CAP_NET_ADMIN);
	if (root)
		capng_update(CAPNG_ADD, kept, CAP_DAC_OVERRIDE);
	/* Without CAP_SETPCAP the bounding set stays; what is executed gains nothing by it all the same. */
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       (!bounds || capng_apply(CAPNG_SELECT_BOUNDS) == 0) &&
	       capng_apply(CAPNG_SELECT_CAPS) == 0 && capng_apply(CAPNG_SELECT_AMBIENT) == 0;
}

/* Allow @access below @path; true as well when there is no such file. */
static bool allow_below(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	bool good;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT;
	good = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return good;
}

/* What the kernel's Landlock can handle of all that is asked for; reading stays free. */
static struct ruleset ruleset_of(long abi)
{
	struct ruleset r = { .files = ACCESS_FIRST & ~(LANDLOCK_ACCESS_FS_READ_FILE |
						       LANDLOCK_ACCESS_FS_READ_DIR) };

	if (abi >= 2)
		r.files |= ACCESS_REFER;
	if (abi >= 3)
		r.files |= ACCESS_TRUNCATE;
	if (abi >= 4)
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 5)
		r.files |= ACCESS_IOCTL_DEV;
	if (abi >= 6)
		r.scoped = SCOPED_SIGNAL;
	return r;
}

static bool enclose_files(const struct confine_settings *s)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset r = ruleset_of(abi);
	size_t size = abi >= 6 ? sizeof(r) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	int fd = abi > 0 ? (int)syscall(SYS_landlock_create_ruleset, &r, size, 0) : -1;
	bool good = fd >= 0;

	if (fd < 0)
		return false;
	for (size_t i = 0; good && s->folder[i] != NULL; i++)
		good = allow_below(fd, s->folder[i], ACCESS_WRITES & r.files);
	good = good && allow_below(fd, "/dev/null", LANDLOCK_ACCESS_FS_WRITE_FILE);
	for (size_t i = 0; good && s->spawns && tool_folders[i] != NULL; i++)
		good = allow_below(fd, tool_folders[i], LANDLOCK_ACCESS_FS_EXECUTE);
	good = good && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return good;
}

/* Older kernels have no Landlock, and some are started without it: that is said by "status", not as a fault. */
static bool is_missing(unsigned wall)
{
	return wall == WALL_FILES && (errno == ENOSYS || errno == EOPNOTSUPP);
}

unsigned confine(const struct confine_settings *s)
{
	unsigned standing = 0;

	for (unsigned wall = WALL_RIGHTS; wall <= WALL_CALLS; wall *= 2) {
		bool good = true;

		if ((s->walls & wall) == 0)
			continue;
		errno = 0;
		if (wall == WALL_RIGHTS)
			good = give_up_rights(s->spawns);
		else if (wall == WALL_FILES)
			good = enclose_files(s);
		else
			good = confine_calls(s->spawns);
		if (good)
			standing |= wall;
		else if (!is_missing(wall))
			fprintf(stderr, "epitaph: the wall '%s' cannot be built%s%s\n",
				confine_names(wall), errno != 0 ? ": " : "",
				errno != 0 ? strerror(errno) : "");
	}
	return standing;
}

const char *confine_names(unsigned walls)
{
	static const char *const names[WALLS_ALL + 1] = { "none",	 "rights",
							  "files",	 "rights files",
							  "calls",	 "rights calls",
							  "files calls", "rights files calls" };

	return names[walls & WALLS_ALL];
}
