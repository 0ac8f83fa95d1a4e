/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether each wall of cli/confine.h holds: walls FOLDER; without it, whether there is a Landlock: yes or no. Each deed is tried in a process of its own, first without
 * walls, to see that it would be done, then behind the one wall that is to stop it. Prints TAP; needs root.
 */
#include "cli/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DIES = -1, DONE = 0 };

static const char *inside, *outside; /* folders */
static pid_t other;		     /* a process that is not ours to signal */

static int result_of(bool good)
{
	return good ? DONE : errno;
}

static int in_folder(const char *folder, int (*deed)(const char *name))
{
	char name[512];

	snprintf(name, sizeof(name), "%s/file", folder);
	return deed(name);
}

static int create(const char *name)
{
	return result_of(open(name, O_WRONLY | O_CREAT, 0600) >= 0);
}
static int create_inside(void) { return in_folder(inside, create); }
static int create_outside(void) { return in_folder(outside, create); }
static int make_link(const char *name) { return result_of(symlink("/etc/passwd", name) == 0); }
static int link_inside(void) { return in_folder(inside, make_link); }
static int make_shorter(void)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/kept", outside);
	return result_of(open(name, O_WRONLY | O_TRUNC) >= 0);
}
static int remove_outside(void)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/kept", outside);
	return result_of(unlink(name) == 0);
}
static int read_anything(void) { return result_of(open("/etc/passwd", O_RDONLY) >= 0); }
static int rotate(void)
{
	char name[512], old[520];

	snprintf(name, sizeof(name), "%s/log", inside);
	snprintf(old, sizeof(old), "%s.1", name);
	if (open(name, O_WRONLY | O_CREAT, 0600) < 0 || rename(name, old) != 0)
		return errno;
	return result_of(unlink(old) == 0);
}

static int run(const char *program)
{
	char *argv[] = { (char *)program, NULL };
	int status, result;
	pid_t pid;

	result = posix_spawn(&pid, program, NULL, NULL, argv, NULL);
	if (result != 0)
		return result;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? DONE : ENOEXEC;
}
static int run_tool(void) { return run("/bin/true"); }
static int run_own(void)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/true", inside);
	return run(name);
}
static int execute(void)
{
	char *argv[] = { "true", NULL };

	execv("/bin/true", argv);
	return errno;
}

static int raw_socket(void) { return result_of(socket(AF_INET, SOCK_RAW, IPPROTO_RAW) >= 0); }
static int packet_socket(void) { return result_of(socket(AF_PACKET, SOCK_RAW, 0) >= 0); }
static int stream_socket(void) { return result_of(socket(AF_INET, SOCK_STREAM, 0) >= 0); }
static int netlink_socket(void) { return result_of(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 12) >= 0); }
static int datagram_socket(void) { return result_of(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0); }
static int connect_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == ECONNREFUSED)
		return DONE;
	return errno;
}

static int set_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return result_of(clock_settime(CLOCK_REALTIME, &now) == 0);
}
static int mount_it(void) { return result_of(unshare(CLONE_NEWNS) == 0 && mount("none", outside, "tmpfs", 0, NULL) == 0); }
static int become_other(void) { return result_of(setresuid(1, 1, 1) == 0); }
static int signal_other(void) { return result_of(kill(other, SIGCONT) == 0); }
static int trace_other(void) { return result_of(ptrace(PTRACE_SEIZE, other, NULL, NULL) == 0); }
static int leave_namespace(void) { return result_of(unshare(CLONE_NEWNET) == 0); }
static int load_module(void) { return syscall(SYS_init_module, NULL, 0, "") == 0 || errno != EPERM ? DONE : errno; }
static int load_bpf(void) { return syscall(SYS_bpf, 9999, NULL, 0) == 0 || errno != EPERM ? DONE : errno; }
static int open_ring(void) { return syscall(SYS_io_uring_setup, 0, NULL) == 0 || errno != EPERM ? DONE : errno; }
static int fork_one(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return result_of(pid > 0 && waitpid(pid, NULL, 0) == pid);
}
static int make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result_of(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
}
static int map_code(void)
{
	return result_of(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}
static void *nothing(void *arg) { return arg; }
static int start_thread(void)
{
	pthread_t t;

	errno = pthread_create(&t, NULL, nothing, NULL);
	return result_of(errno == 0 && pthread_join(t, NULL) == 0);
}

/* What stands in /proc/self/status behind @key, as a hexadecimal number. */
static unsigned long long status_of(const char *key)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long long value = ~0ULL;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), ": %llx", &value);
	}
	return value;
}
static int has_few_rights(void)
{
	return status_of("CapEff") == 0x1002 && status_of("CapPrm") == 0x1002 && status_of("CapBnd") == 0x1002 &&
			       status_of("NoNewPrivs") == 1
		       ? EPERM
		       : DONE;
}

/* Each deed, behind which wall, and what comes of it there; without walls it is done. */
static const struct deed {
	const char *name;
	int (*run)(void);
	enum wall wall;
	bool spawns;
	int expected, abi; /* of Landlock, that is needed */
} deeds[] = {
	{ "no right but CAP_NET_ADMIN and root's own over files", has_few_rights, WALL_RIGHTS, false, EPERM, 0 },
	{ "a raw socket", raw_socket, WALL_RIGHTS, false, EPERM, 0 },
	{ "a packet socket", packet_socket, WALL_RIGHTS, false, EPERM, 0 },
	{ "setting the clock", set_clock, WALL_RIGHTS, false, EPERM, 0 },
	{ "a mount", mount_it, WALL_RIGHTS, false, EPERM, 0 },
	{ "another user", become_other, WALL_RIGHTS, false, EPERM, 0 },
	{ "a raw socket, with iptables", raw_socket, WALL_RIGHTS, true, EPERM, 0 },
	{ "a file elsewhere", create_outside, WALL_FILES, false, EACCES, 1 },
	{ "removing one elsewhere", remove_outside, WALL_FILES, false, EACCES, 1 },
	{ "emptying one elsewhere", make_shorter, WALL_FILES, false, EACCES, 3 },
	{ "a symbolic link among its own files", link_inside, WALL_FILES, false, EACCES, 1 },
	{ "a file among its own", create_inside, WALL_FILES, false, DONE, 1 },
	{ "rotating its log", rotate, WALL_FILES, false, DONE, 1 },
	{ "reading", read_anything, WALL_FILES, false, DONE, 1 },
	{ "running a program", run_tool, WALL_FILES, false, EACCES, 1 },
	{ "running a tool, with iptables", run_tool, WALL_FILES, true, DONE, 1 },
	{ "running what it has written, with iptables", run_own, WALL_FILES, true, EACCES, 1 },
	{ "a TCP connection", connect_tcp, WALL_FILES, false, EACCES, 4 },
	{ "a signal to others", signal_other, WALL_FILES, false, EPERM, 6 },
	{ "executing a program", execute, WALL_CALLS, false, DIES, 0 },
	{ "running a tool, with iptables", run_tool, WALL_CALLS, true, DONE, 0 },
	{ "another process", fork_one, WALL_CALLS, false, EPERM, 0 },
	{ "tracing others", trace_other, WALL_CALLS, true, DIES, 0 },
	{ "another namespace", leave_namespace, WALL_CALLS, true, DIES, 0 },
	{ "a kernel module", load_module, WALL_CALLS, true, DIES, 0 },
	{ "a BPF program", load_bpf, WALL_CALLS, true, DIES, 0 },
	{ "io_uring", open_ring, WALL_CALLS, true, DIES, 0 },
	{ "another user", become_other, WALL_CALLS, true, DIES, 0 },
	{ "a signal to others", signal_other, WALL_CALLS, false, EPERM, 0 },
	{ "a TCP socket", stream_socket, WALL_CALLS, false, EPERM, 0 },
	{ "a packet socket", packet_socket, WALL_CALLS, false, EPERM, 0 },
	{ "memory made executable", make_code, WALL_CALLS, false, EPERM, 0 },
	{ "memory mapped executable", map_code, WALL_CALLS, false, EPERM, 0 },
	{ "a netlink socket", netlink_socket, WALL_CALLS, false, DONE, 0 },
	{ "a datagram socket", datagram_socket, WALL_CALLS, false, DONE, 0 },
	{ "a thread", start_thread, WALL_CALLS, false, DONE, 0 },
	{ "a file among its own", create_inside, WALL_CALLS, false, DONE, 0 },
};

enum { NO_WALL = 125 /* an exit code */ };

/* Try @d in a process of its own, behind @walls: its result, DIES, or NO_WALL. */
static int try(const struct deed *d, unsigned walls)
{
	const char *folders[] = { inside, "/no/such/folder", NULL };
	struct confine_settings s = { walls, d->spawns, folders };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (confine(&s) != walls)
			_exit(NO_WALL);
		_exit(d->run());
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? DIES : NO_WALL;
	return WEXITSTATUS(status);
}

static const char *result_name(int result)
{
	return result == DIES ? "killed" : result == DONE ? "done" : result == NO_WALL ? "no wall" : strerror(result);
}

int main(int argc, char **argv)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	char in[256], out[256], command[1024];

	if (argc != 2) {
		puts(abi > 0 ? "yes" : "no");
		return 0;
	}
	snprintf(in, sizeof(in), "%s/in", argv[1]);
	snprintf(out, sizeof(out), "%s/out", argv[1]);
	inside = in;
	outside = out;
	snprintf(command, sizeof(command), "mkdir -p %s %s && cp /bin/true %s/true", in, out, in);
	if (system(command) != 0)
		return 1;
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	setbuf(stdout, NULL);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		const struct deed *d = &deeds[i];
		int bare, walled;

		snprintf(command, sizeof(command), "rm -f %s/file %s/file && echo >%s/kept", in, out, out);
		if (system(command) != 0)
			return 1;
		bare = try(d, 0);
		snprintf(command, sizeof(command), "rm -f %s/file %s/file && echo >%s/kept", in, out, out);
		if (system(command) != 0)
			return 1;
		if (d->abi > 0 && d->abi > abi) {
			printf("ok %zu - wall '%s': %s # SKIP this kernel's Landlock has ABI %ld (0: there is none), not %d\n", i + 1,
			       confine_names(d->wall), d->name, abi > 0 ? abi : 0, d->abi);
			continue;
		}
		walled = try(d, d->wall);
		printf("%s %zu - wall '%s': %s: %s%s%s\n", bare == DONE && walled == d->expected ? "ok" : "not ok",
		       i + 1, confine_names(d->wall), d->name, result_name(walled), bare == DONE ? "" : "; without it: ",
		       bare == DONE ? "" : result_name(bare));
	}
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	return 0;
}
