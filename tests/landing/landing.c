/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The matrix of one topology: land -t NAME -f FAMILIES -g GOLDEN -o FOLDER [-u] [STATE]...
 * The lab (run) has made the namespaces, loaded the policy, and says in the environment what is where.
 * Prints a TAP line for each cell, and a line "STATE TOPOLOGY FAMILY PAYLOAD RESULT MS" into FOLDER/table.
 */
#include "tests/landing/landing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_PORT = 20000, WHY = 1024, SETTLE_US = 20000 };

static const char *const payload_names[] = { "text", "diag", "both" };

static struct {
	const char *topology, *golden, *folder;
	bool update, one_way;
	int netns[2];
	struct wire *wire[2];
	uint16_t next_port;
	FILE *table;
	unsigned count, failed;
} matrix = { .next_port = FIRST_PORT };

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	if (value == NULL) {
		fprintf(stderr, "landing: %s is not set; run 'tests/landing/run'\n", name);
		exit(2);
	}
	return value;
}

static int open_netns(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

static struct sockaddr_storage address(int family, const char *text, uint16_t port)
{
	struct sockaddr_storage a = { .ss_family = (sa_family_t)family };

	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&a;

		in->sin_port = htons(port);
		inet_pton(AF_INET, text, &in->sin_addr);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;

		in6->sin6_port = htons(port);
		inet_pton(AF_INET6, text, &in6->sin6_addr);
	}
	return a;
}

/* The policy of the lab cuts by port: a base for each way to get there, and one more for each payload. */
static uint16_t server_port(const struct state *s, enum payload payload)
{
	static const uint16_t bases[] = { [CUT_UP] = 7000, [CUT_SYN] = 7010, [CUT_AGAIN] = 7020, [CUT_DOWN] = 7030 };

	return (uint16_t)(bases[s->cut] + payload);
}

static void prepare(struct cell *c, const struct state *s, int family, enum payload payload)
{
	bool v4 = family == AF_INET;
	uint16_t port = server_port(s, payload);

	*c = (struct cell){
		.state = s,
		.family = family,
		.payload = payload,
		.listener = -1,
		.client_port = matrix.next_port++,
		.server_port = port,
		.len = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
		.rejudge = setting("LANDING_REJUDGE"),
	};
	c->to = address(family, setting(v4 ? "LANDING_TARGET4" : "LANDING_TARGET6"), port);
	c->at = address(family, v4 ? "0.0.0.0" : "::", port);
	c->from = address(family, v4 ? "0.0.0.0" : "::", c->client_port);
	for (int e = 0; e < 2; e++)
		c->end[e] = (struct end){ .netns = matrix.netns[e], .fd = -1 };
}

/* What must be seen on the wire at an end. "" for what does not fit its window. */
static bool shows_payload(const struct cell *c, enum side e)
{
	static const char text[] = "R=cut in the lab";
	static const uint8_t diag[] = { 0x33, 0xaa, 0, 11, 0, 0, 0, 0 };
	size_t room = c->state->room[e], len = sizeof(text) - 1;
	struct bytes record = { diag, sizeof(diag) }, words = { (const uint8_t *)text, len < room ? len : room };

	if (c->payload != PAYLOAD_DIAG && room >= 8 && !wire_has_payload(matrix.wire[e], words))
		return false;
	return c->payload == PAYLOAD_TEXT || room < sizeof(diag) || wire_has_payload(matrix.wire[e], record);
}

/* True when all is as it must be; else @why says what is not. */
static bool judge(const struct cell *c, char why[WHY])
{
	static const char *const names[] = { "client", "server" };

	for (int e = 0; e < 2; e++) {
		unsigned bit = 1u << e;

		if ((c->state->live & bit) && c->end[e].error == 0)
			snprintf(why, WHY, "the %s got no error", names[e]);
		else if (c->state->gone && end_kernel_states(c, (enum side)e, 0) > 0)
			snprintf(why, WHY, "the kernel of the %s still knows the connection", names[e]);
		else if ((c->state->reached & bit) && !shows_payload(c, (enum side)e))
			snprintf(why, WHY, "no payload reached the %s", names[e]);
		else if (wire_bad_checksums(matrix.wire[e]) > 0)
			snprintf(why, WHY, "a reset with a bad checksum reached the %s", names[e]);
		else
			continue;
		return false;
	}
	return true;
}

static void write_trace(bool noisy, FILE *out)
{
	fprintf(out, out == stdout ? "# client\n" : "client\n");
	wire_trace(matrix.wire[CLIENT], CLIENT, noisy, out);
	fprintf(out, out == stdout ? "# server\n" : "server\n");
	wire_trace(matrix.wire[SERVER], SERVER, noisy, out);
}

static bool write_file(const char *name, const struct cell *c)
{
	FILE *out = fopen(name, "w");

	if (out == NULL) {
		perror(name);
		return false;
	}
	write_trace(c->state->noisy, out);
	fclose(out);
	return true;
}

/* Compare the trace with the golden one of this state and payload, which holds for every topology and
 * family; one that has good reason to differ has a file of its own, which an update makes. */
static bool compare_trace(const struct cell *c, char why[WHY])
{
	char common[512], own[600], found[512], command[3072];
	const char *golden;
	bool good;

	snprintf(common, sizeof(common), "%s/%s.%s", matrix.golden, c->state->name, payload_names[c->payload]);
	snprintf(own, sizeof(own), "%s.%s", common, matrix.topology);
	snprintf(found, sizeof(found), "%s/trace", matrix.folder);
	if (matrix.update && strcmp(matrix.topology, "plain") == 0)
		return write_file(common, c);
	golden = access(own, R_OK) == 0 ? own : common;
	snprintf(command, sizeof(command), "diff -u %s %s | sed '/^[-+@ ]/!d; s/^/# /' >%s.diff && ! grep . %s.diff",
		 golden, found, found, found);
	snprintf(why, WHY, "the trace differs from %s", golden);
	good = write_file(found, c) && system(command) == 0;
	return good || (matrix.update && write_file(own, c));
}

/* Whether a state cannot be tested here: an address that the router itself translated, of a connection that
 * conntrack has not confirmed, is only known where the kernel tells. */
static bool is_out_of_reach(const struct state *s)
{
	return s->cut == CUT_SYN && strcmp(matrix.topology, "dnat") == 0 && getenv("LANDING_NO_CT") != NULL;
}

static void run_cell(const struct state *s, int family, enum payload payload)
{
	struct cell c;
	char why[WHY] = "the ends did not get into the state";
	int64_t ms = 0;
	bool good;

	prepare(&c, s, family, payload);
	if (is_out_of_reach(s)) {
		printf("ok %u - %s %s %s %s # SKIP this kernel's queue does not tell conntrack's tuples (NFQA_CT)\n",
		       ++matrix.count, matrix.topology, s->name, family == AF_INET ? "v4" : "v6",
		       payload_names[payload]);
		return;
	}
	for (int e = 0; e < 2; e++)
		wire_clear(matrix.wire[e]);
	good = ends_open(&c) && s->run(&c);
	if (good) {
		ends_wait(&c);
		usleep(SETTLE_US);
		for (int e = 0; e < 2; e++) {
			wire_read(matrix.wire[e], &c);
			if (c.end[e].error != 0 && c.end[e].error_ms - c.cut_ms > ms)
				ms = c.end[e].error_ms - c.cut_ms;
		}
		good = judge(&c, why) && compare_trace(&c, why);
	}
	printf("%s %u - %s %s %s %s%s", good ? "ok" : "not ok", ++matrix.count, matrix.topology, s->name,
	       family == AF_INET ? "v4" : "v6", payload_names[payload], good ? "" : "\n# ");
	printf(good ? " (%s%lld ms)\n" : "%s (%lld ms)\n", good ? "" : why, (long long)ms);
	if (!good) {
		printf("# all of it:\n");
		write_trace(false, stdout);
	}
	fprintf(matrix.table, "%s %s %s %s %s %lld\n", s->name, matrix.topology, family == AF_INET ? "v4" : "v6",
		payload_names[payload], good ? "ok" : "FAILED", (long long)ms);
	fflush(stdout);
	matrix.failed += !good;
	ends_close(&c);
}

static bool is_wanted(const struct state *s, char **names)
{
	if (matrix.one_way && !s->one_way)
		return false;
	for (char **n = names; *n != NULL; n++) {
		if (strcmp(*n, s->name) == 0)
			return true;
	}
	return *names == NULL;
}

static void open_wires(void)
{
	char file[512];

	for (int e = 0; e < 2; e++) {
		struct end end = { .netns = matrix.netns[e] };

		end_enter(&end);
		snprintf(file, sizeof(file), "%s/%s.pcap", matrix.folder, e == CLIENT ? "client" : "server");
		matrix.wire[e] = wire_open("eth0", file);
	}
}

int main(int argc, char **argv)
{
	const char *families = "46", *payloads = "tdb";
	char path[512];
	int o;

	while ((o = getopt(argc, argv, "t:f:p:g:o:u1")) != -1) {
		switch (o) {
		case 't': matrix.topology = optarg; break;
		case 'f': families = optarg; break;
		case 'p': payloads = optarg; break;
		case 'g': matrix.golden = optarg; break;
		case 'o': matrix.folder = optarg; break;
		case 'u': matrix.update = true; break;
		case '1': matrix.one_way = true; break;
		default: return 2;
		}
	}
	if (matrix.topology == NULL || matrix.golden == NULL || matrix.folder == NULL)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	matrix.netns[CLIENT] = open_netns(setting("LANDING_CLIENT"));
	matrix.netns[SERVER] = open_netns(setting("LANDING_SERVER"));
	snprintf(path, sizeof(path), "%s/table", matrix.folder);
	matrix.table = fopen(path, "w");
	if (matrix.table == NULL)
		return 2;
	open_wires();
	for (const char *f = families; *f != '\0'; f++) {
		for (size_t i = 0; i < state_count; i++) {
			for (int p = 0; p < PAYLOADS && is_wanted(&states[i], argv + optind); p++) {
				if (strchr(payloads, payload_names[p][0]) != NULL)
					run_cell(&states[i], *f == '4' ? AF_INET : AF_INET6, (enum payload)p);
			}
		}
	}
	wire_close(matrix.wire[CLIENT]);
	wire_close(matrix.wire[SERVER]);
	fclose(matrix.table);
	return matrix.failed > 0;
}
