/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/confine_calls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* By name, so that one that this libseccomp or machine does not know is passed over. */
static const char allowed[] =
	/* packets, rules, connection tracking, the control socket, sinks */
	"recvmmsg sendmmsg recvmsg sendmsg recvfrom sendto poll ppoll bind connect listen accept "
	"accept4 getsockopt setsockopt getsockname getpeername shutdown select pselect6 "
	"_newselect "
	/* files: what may be written is the second wall's matter */
	"open openat openat2 read write readv writev pread64 pwrite64 close close_range lseek "
	"_llseek stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs "
	"statfs64 fstatfs fstatfs64 statvfs access faccessat faccessat2 readlink readlinkat "
	"getdents getdents64 rename renameat renameat2 unlink unlinkat mkdir mkdirat ftruncate "
	"ftruncate64 fsync fdatasync fallocate fcntl fcntl64 flock dup dup2 dup3 pipe pipe2 umask "
	"getcwd chmod fchmod fchmodat fadvise64 "
	/* threads, time, memory */
	"futex futex_time64 set_robust_list rseq membarrier sched_yield sched_getaffinity exit "
	"exit_group restart_syscall nanosleep clock_nanosleep clock_nanosleep_time64 "
	"clock_gettime clock_gettime64 clock_getres gettimeofday time brk mremap munmap madvise "
	"rt_sigaction rt_sigprocmask rt_sigreturn sigreturn rt_sigtimedwait rt_sigpending "
	"sigaltstack signalfd4 eventfd2 setpriority getpriority getrandom prlimit64 getrlimit "
	"ugetrlimit getrusage sysinfo uname times "
	/* who am I */
	"getpid gettid getppid getuid geteuid getgid getegid getresuid getresgid getgroups capget "
	"getpgrp arch_prctl set_tid_address set_thread_area set_tls cacheflush ";

/* To run the tools of iptables, which inherit the filter. */
static const char allowed_to_spawn[] =
	"execve vfork fork clone wait4 waitpid waitid mmap mmap2 mprotect chdir fchdir getxattr "
	"setitimer ";

/* What nothing of ours ever does, nor would go on after. */
static const char deadly[] =
	"execveat ptrace process_vm_readv process_vm_writev pidfd_getfd mount "
	"umount2 move_mount open_tree fsopen fsconfig fsmount pivot_root chroot unshare setns "
	"init_module finit_module delete_module kexec_load kexec_file_load bpf perf_event_open "
	"userfaultfd io_uring_setup open_by_handle_at reboot swapon swapoff setuid setgid "
	"setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset keyctl add_key "
	"request_key personality iopl ioperm modify_ldt acct quotactl syslog settimeofday "
	"clock_settime adjtimex clock_adjtime sethostname setdomainname mknod mknodat symlink "
	"symlinkat link linkat ";

/* With no tools to run, neither these. */
static const char deadly_alone[] = "execve fork vfork ";

enum {
	PRIORITY_OFTEN = 200,
	TYPE_MASK = 0xf /* of socket(2), without SOCK_CLOEXEC and SOCK_NONBLOCK */
};

/* Have the calls of @list, each with a blank behind it, come to @action. */
static void apply(scmp_filter_ctx f, uint32_t action, const char *list)
{
	char name[32];
	int len, call;

	for (; sscanf(list, "%31s%n", name, &len) == 1; list += len) {
		call = seccomp_syscall_resolve_name(name);
		if (call != __NR_SCMP_ERROR)
			seccomp_rule_add(f, action, call, 0);
	}
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Argument number @arg is @value; or it is where @mask has bits. */
static struct scmp_arg_cmp is(unsigned arg, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ .arg = arg, .op = SCMP_CMP_EQ, .datum_a = value };
}
static struct scmp_arg_cmp masked(unsigned arg, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ arg, SCMP_CMP_MASKED_EQ, mask, value };
}

/* New sockets: to the kernel, to local sinks, and datagrams to a syslog server. */
static void allow_sockets(scmp_filter_ctx f)
{
	static const scmp_datum_t whole[] = { AF_UNIX, AF_NETLINK };
	static const scmp_datum_t datagram[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < COUNT(whole); i++)
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, is(0, whole[i]));
	for (size_t i = 0; i < COUNT(datagram); i++)
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, is(0, datagram[i]),
				 masked(1, TYPE_MASK, SOCK_DGRAM));
}

/* What is right with some arguments only. */
static void allow_by_argument(scmp_filter_ctx f)
{
	static const scmp_datum_t controls[] = { SIOCGIFNAME,  SIOCGIFINDEX, SIOCGIFHWADDR,
						 SIOCGIFFLAGS, FIONREAD,     FIONBIO,
						 TCGETS };
	static const scmp_datum_t about_us[] = { PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ,
						 0x53564d41 /* PR_SET_VMA */ };

	for (size_t i = 0; i < COUNT(controls); i++)
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, is(1, controls[i]));
	for (size_t i = 0; i < COUNT(about_us); i++)
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, is(0, about_us[i]));
	/* abort() and raise() end this process, no other. */
	seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, is(0, (scmp_datum_t)getpid()));
	/* Its flags are in memory, where no filter looks: the C library falls back to clone(). */
	seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* Threads but no processes, and no memory that can be executed. */
static void allow_threads_alone(scmp_filter_ctx f)
{
	static const int mappings[] = { SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect) };

	seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			 masked(0, CLONE_THREAD, CLONE_THREAD));
	for (size_t i = 0; i < COUNT(mappings); i++)
		seccomp_rule_add(f, SCMP_ACT_ALLOW, mappings[i], 1, masked(2, PROT_EXEC, 0));
}

bool confine_calls(bool spawns)
{
	static const int often[] = { SCMP_SYS(recvmmsg), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg),
				     SCMP_SYS(poll) };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (f == NULL) {
		errno = ENOMEM;
		return false;
	}
	apply(f, SCMP_ACT_ALLOW, allowed);
	apply(f, SCMP_ACT_KILL_PROCESS, deadly);
	allow_sockets(f);
	allow_by_argument(f);
	if (spawns) {
		apply(f, SCMP_ACT_ALLOW, allowed_to_spawn);
	} else {
		apply(f, SCMP_ACT_KILL_PROCESS, deadly_alone);
		allow_threads_alone(f);
	}
	for (size_t i = 0; i < COUNT(often); i++)
		seccomp_syscall_priority(f, often[i], PRIORITY_OFTEN);
	result = seccomp_load(f);
	seccomp_release(f);
	errno = -result;
	return result == 0;
}
