/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel can, and how it is set. */
#include "cli/doctor.h"

#include "nfq/conntrack.h"
#include "nfq/queue.h"
#include "rules/rules.h"
#include "rules/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
	CAP_NET_ADMIN = 12, /* linux/capability.h */
	CAP_NET_RAW = 13,
	CONNTRACK_PERCENT = 90,
};

/* The number in a file of /proc, or -1. */
static long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static unsigned long long effective_capabilities(void)
{
	FILE *f = fopen("/proc/thread-self/status", "re");
	unsigned long long set = 0;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "CapEff: %llx", &set) == 1)
			break;
	}
	if (f != NULL)
		fclose(f);
	return set;
}

static void look_at_rights(struct doctor *d)
{
	unsigned long long caps = effective_capabilities();
	bool admin = caps >> CAP_NET_ADMIN & 1, raw = caps >> CAP_NET_RAW & 1;

	d->is_privileged = admin && raw;
	if (d->is_privileged)
		doctor_say(d, FINDING_OK, "rights", NULL, "CAP_NET_ADMIN and CAP_NET_RAW");
	else
		doctor_say(d, FINDING_FAILURE, "rights",
			   "run this, and the daemon, as root or with both capabilities",
			   "no %s%s%s", admin ? "" : "CAP_NET_ADMIN", admin || raw ? "" : ", no ",
			   raw ? "" : "CAP_NET_RAW");
}

static void look_at_namespace(struct doctor *d)
{
	char own[64] = "", first[64] = "";

	if (readlink("/proc/thread-self/ns/net", own, sizeof(own) - 1) < 0 ||
	    readlink("/proc/1/ns/net", first, sizeof(first) - 1) < 0)
		return;
	if (strcmp(own, first) == 0)
		doctor_say(d, FINDING_OK, "namespace", NULL, "the machine's own network");
	else
		doctor_say(d, FINDING_NOTE, "namespace", NULL,
			   "a network namespace of its own (%s): only what crosses it is judged",
			   own);
}

static void look_at_forwarding(struct doctor *d)
{
	static const struct {
		const char *path, *name;
		enum finding when_off;
	} families[] = {
		{ "/proc/sys/net/ipv4/ip_forward", "IPv4", FINDING_WARNING },
		{ "/proc/sys/net/ipv6/conf/all/forwarding", "IPv6", FINDING_NOTE },
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (read_number(families[i].path) == 1)
			doctor_say(d, FINDING_OK, "forwarding", NULL, "%s is forwarded",
				   families[i].name);
		else
			doctor_say(
				d, families[i].when_off, "forwarding",
				i == 0 ? "sysctl net.ipv4.ip_forward=1, unless this machine is a bridge"
				       : "sysctl net.ipv6.conf.all.forwarding=1, if it is to be a router",
				"%s is not forwarded", families[i].name);
	}
	if (read_number("/proc/sys/net/ipv4/conf/all/rp_filter") == 1)
		doctor_say(
			d, FINDING_NOTE, "rp_filter", "2 or 0 where routes are asymmetric",
			"net.ipv4.conf.all.rp_filter=1 drops what comes by another way than the answer "
			"would take, before any rule sees it");
}

static void look_at_conntrack(struct doctor *d)
{
	long count = read_number("/proc/sys/net/netfilter/nf_conntrack_count");
	long max = read_number("/proc/sys/net/netfilter/nf_conntrack_max");

	if (max > 0 && count > max / 100 * CONNTRACK_PERCENT)
		doctor_say(d, FINDING_WARNING, "conntrack",
			   "raise net.netfilter.nf_conntrack_max, or shorten timeouts",
			   "its table is nearly full, %ld of %ld: new connections will be dropped",
			   count, max);
	else if (max > 0)
		doctor_say(d, FINDING_OK, "conntrack", NULL, "%ld of %ld entries", count, max);
	if (read_number("/proc/sys/net/netfilter/nf_conntrack_tcp_loose") == 0)
		doctor_say(
			d, FINDING_NOTE, "conntrack", NULL,
			"nf_conntrack_tcp_loose=0: connections from before a start of conntrack are "
			"invalid, and all their packets may be queued");
}

/* Whether an interface of this namespace is a bridge. */
static bool has_bridge(void)
{
	DIR *dir = opendir("/sys/class/net");
	char path[300];
	struct dirent *e;
	bool found = false;

	while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", e->d_name);
		found = e->d_name[0] != '.' && access(path, F_OK) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static void look_at_bridges(struct doctor *d)
{
	if (!has_bridge())
		return;
	if (read_number("/proc/sys/net/bridge/bridge-nf-call-iptables") == 1)
		doctor_say(d, FINDING_OK, "bridge", NULL,
			   "bridged packets are judged (br_netfilter)");
	else
		doctor_say(
			d, FINDING_NOTE, "bridge",
			"modprobe br_netfilter; sysctl net.bridge.bridge-nf-call-iptables=1 "
			"net.bridge.bridge-nf-call-ip6tables=1",
			"there is a bridge, and what it bridges is not judged, only what is routed");
}

void doctor_look_at_settings(struct doctor *d)
{
	look_at_rights(d);
	look_at_namespace(d);
	look_at_forwarding(d);
	look_at_conntrack(d);
	look_at_bridges(d);
}

static void probe_queue(struct doctor *d)
{
	struct queue_settings settings = { .length = 16, .buffer = 1 << 16 };
	struct queue_error error;
	struct queue *q = queue_open(&settings, &error);

	if (q == NULL)
		doctor_say(d, FINDING_FAILURE, "NFQUEUE", "modprobe nfnetlink_queue", "%s",
			   error.text);
	else if (queue_has_conntrack(q))
		doctor_say(d, FINDING_OK, "NFQUEUE", NULL,
			   "with conntrack's view of packets (NFQA_CT)");
	else
		doctor_say(
			d, FINDING_NOTE, "NFQUEUE",
			"a kernel with CONFIG_NETFILTER_NETLINK_GLUE_CT, such as Debian's",
			"without conntrack's view of packets (NFQA_CT): connections are looked up, and "
			"resets to those behind DNAT or translated twice may not arrive");
	queue_close(q);
}

static bool has_iptables(void)
{
	char *argv[] = { "iptables-nft-restore", "--version", NULL }, *said = NULL;
	int result = spawn_run(argv, "", 1, &said);

	free(said);
	return result == 0;
}

static void probe_backend(struct doctor *d)
{
	enum backend wanted = d->policy->daemon.backend;
	bool nft = nft_can_queue();

	if (nft && wanted != BACKEND_IPTABLES)
		doctor_say(d, FINDING_OK, "backend", NULL, "nft");
	else if (wanted == BACKEND_NFT)
		doctor_say(d, FINDING_FAILURE, "backend",
			   "modprobe nft_queue, or 'daemon { backend auto }'",
			   "the policy says nft, and this kernel's nftables cannot queue");
	else if (has_iptables())
		doctor_say(d, FINDING_OK, "backend", NULL, "iptables%s",
			   nft ? "" : ", as this kernel's nftables cannot queue");
	else
		doctor_say(
			d, FINDING_FAILURE, "backend",
			"install the package iptables, or a kernel with CONFIG_NFT_QUEUE",
			"the iptables backend is to be used, and iptables-nft-restore was not found");
}

/* What the rules of a plan are made of. */
static void probe_rules(struct doctor *d)
{
	static const struct {
		const char *name, *commands;
	} probes[] = {
		{ "sets of intervals",
		  "table inet p { set s { type ipv4_addr; flags interval; }; }" },
		{ "sets of addresses with ports",
		  "table inet p { set s { type ipv6_addr . inet_service; flags interval; }; }" },
		{ "connection marks",
		  "table inet p { chain c { ct direction original ct mark set ct mark | 0x1; }; }" },
		{ "kinds of interfaces",
		  "table inet p { chain c { meta iifkind \"bridge\" accept; }; }" },
		{ "untracked packets",
		  "table inet p { chain c { type filter hook output priority -300; notrack; }; }" },
	};
	struct rules_error error;
	unsigned bad = 0;

	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		error.text[0] = '\0';
		if (nft_run(probes[i].commands, true, &error))
			continue;
		bad++;
		doctor_say(d, FINDING_FAILURE, "nftables",
			   "a kernel of 5.10 or later with nf_tables", "no %s: %s", probes[i].name,
			   error.text);
	}
	if (bad == 0)
		doctor_say(d, FINDING_OK, "nftables", NULL, "all that the rules need");
}

static void probe_sockets(struct doctor *d)
{
	struct conntrack *c = conntrack_open();
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (c == NULL)
		doctor_say(d, FINDING_FAILURE, "ctnetlink", "modprobe nf_conntrack_netlink",
			   "conntrack cannot be asked");
	else
		doctor_say(d, FINDING_OK, "ctnetlink", NULL, "conntrack can be asked");
	if (raw < 0)
		doctor_say(d, FINDING_FAILURE, "raw sockets", NULL, "cannot be opened: %s",
			   strerror(errno));
	conntrack_close(c);
	if (raw >= 0)
		close(raw);
}

/* In a namespace of their own, so that nothing that runs is in the way or changed. */
void doctor_look_at_kernel(struct doctor *d)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct utsname u;

	uname(&u);
	if (!d->is_privileged || home < 0 || unshare(CLONE_NEWNET) != 0) {
		doctor_say(d, FINDING_NOTE, "kernel", "run this as root",
			   "%s; what it can was not tried", u.release);
	} else {
		doctor_say(d, FINDING_OK, "kernel", NULL, "%s", u.release);
		probe_queue(d);
		probe_backend(d);
		probe_rules(d);
		probe_sockets(d);
		if (setns(home, CLONE_NEWNET) != 0)
			d->is_privileged = false; /* what is asked now would be of the wrong one */
	}
	if (home >= 0)
		close(home);
}
