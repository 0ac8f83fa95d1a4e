/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/control.h"

#include "cli/canary_run.h"
#include "cli/cli.h"
#include "cli/json_policy.h"
#include "policy/number.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PEER_GROUPS = 1024, WAITING_CLIENTS = 8, TIMEOUT_MS = 1000, CONTROL_TEXT_MAX = 4096 };

static bool set_name(struct sockaddr_un *a, const char *path)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(a->sun_path))
		return false;
	strcpy(a->sun_path, path); /* it fits */
	return true;
}

/* The folder of @path, when it is not there: /run is empty after a boot. */
static void make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strcpy(folder, path); /* set_name() has seen that it fits */
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return;
	*slash = '\0';
	mkdir(folder, 0755);
}

/* The group whose members are heard: @group, or that of a user who is not root. -ENOENT when there is none of that
 * name. */
static int find_group(const char *group, gid_t *out)
{
	struct group *g;

	*out = geteuid() == 0 ? 0 : getegid();
	if (group == NULL)
		return 0;
	errno = 0;
	g = getgrnam(group);
	if (g == NULL)
		return errno != 0 ? -errno : -ENOENT;
	*out = g->gr_gid;
	return 0;
}

int control_listen(const char *path, const char *group, gid_t *heard)
{
	struct sockaddr_un a;
	struct stat left;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), result;

	if (fd < 0)
		return -errno;
	result = find_group(group, heard);
	if (result == 0 && !set_name(&a, path))
		result = -ENAMETOOLONG;
	if (result != 0) {
		close(fd);
		return result;
	}
	make_folder(path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (errno == ECONNREFUSED && lstat(path, &left) == 0 && S_ISSOCK(left.st_mode))
		unlink(path); /* an earlier run left it */
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || chmod(path, 0660) != 0 ||
	    (*heard != getegid() && chown(path, (uid_t)-1, *heard) != 0) ||
	    listen(fd, WAITING_CLIENTS) != 0) {
		result = -errno;
		close(fd);
		return result;
	}
	return fd;
}

static void set_timeouts(int fd)
{
	struct timeval t = { .tv_sec = TIMEOUT_MS / 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static bool is_in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[PEER_GROUPS];
	socklen_t len = sizeof(groups);

	if (peer->gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false; /* ERANGE: more than anybody has */
	for (size_t i = 0; i < len / sizeof(gid_t); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

/* By what the kernel tells of the peer when it connected: unix(7). */
static bool is_heard(int fd, gid_t group, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid() ||
	       (group != 0 && is_in_group(fd, &peer, group));
}

int control_accept(int fd, gid_t group, char request[CONTROL_REQUEST_MAX], uid_t *uid)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	ssize_t n;

	if (client < 0)
		return -1;
	set_timeouts(client);
	if (!is_heard(client, group, uid)) {
		close(client);
		return -1;
	}
	n = recv(client, request, CONTROL_REQUEST_MAX - 1, 0);
	if (n <= 0) {
		close(client);
		return -1;
	}
	request[n] = '\0';
	return client;
}

static bool send_object(int client, const json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	bool sent = text != NULL && send(client, text, strlen(text), MSG_NOSIGNAL) >= 0;

	free(text);
	return sent;
}

/* Lists that make an answer longer than a packet may be become their lengths. */
static void shorten(json_t *answer)
{
	void *at = json_object_iter(answer);

	while (at != NULL) {
		const char *key = json_object_iter_key(at);
		json_t *value = json_object_iter_value(at);

		at = json_object_iter_next(answer, at);
		if (json_is_array(value))
			json_object_set_new(answer, key,
					    json_integer((json_int_t)json_array_size(value)));
		else if (json_string_length(value) > CONTROL_TEXT_MAX)
			json_object_del(answer, key);
	}
}

void control_answer(int client, json_t *answer)
{
	if (!send_object(client, answer)) {
		shorten(answer);
		send_object(client, answer);
	}
	json_decref(answer);
	close(client);
}

/* Connect to the daemon at @path; -1 with errno set. */
static int connect_to(const char *path)
{
	struct sockaddr_un a;
	int fd, saved;

	if (!set_name(&a, path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

/* Send @request and receive what is answered; NULL when nothing is. */
static json_t *exchange(int fd, const char *request)
{
	char *answer = malloc(CONTROL_ANSWER_MAX);
	json_t *o = NULL;
	ssize_t n = -1;

	if (answer != NULL && send(fd, request, strlen(request), MSG_NOSIGNAL) >= 0)
		n = recv(fd, answer, CONTROL_ANSWER_MAX, 0);
	if (n > 0)
		o = json_loadb(answer, (size_t)n, 0, NULL);
	free(answer);
	return o;
}

json_t *control_ask(const char *path, const char *request)
{
	int fd = connect_to(path);
	json_t *o;

	if (fd < 0) {
		fprintf(stderr,
			"epitaph: cannot reach the daemon at %s: %s; does it run, and does its policy "
			"say 'daemon { control \"%s\" }'?\n",
			path, strerror(errno), path);
		return NULL;
	}
	o = exchange(fd, request);
	close(fd);
	if (o == NULL)
		fprintf(stderr,
			"epitaph: the daemon did not answer; it hears root, its own user and the "
			"group of its socket\n");
	return o;
}

bool control_has_other(const char *path, const char *hash)
{
	int fd = path != NULL ? connect_to(path) : -1;
	json_t *o = fd >= 0 ? exchange(fd, "status") : NULL;
	const char *there = json_text_at(o, "hash");
	bool other = there[0] != '\0' && strcmp(there, hash) != 0;

	if (fd >= 0)
		close(fd);
	json_decref(o);
	return other;
}

static void print_names(const json_t *o, const char *key, const char *label)
{
	const json_t *list = json_object_get(o, key);

	if (json_is_integer(list))
		printf("  %s: %lld\n", label, (long long)json_integer_value(list));
	if (json_array_size(list) == 0)
		return;
	printf("  %s:", label);
	for (size_t i = 0; i < json_array_size(list); i++)
		printf(" %s", json_string_value(json_array_get(list, i)));
	putchar('\n');
}

static void print_number(const json_t *o, const char *key, const char *what)
{
	const json_t *number = json_object_get(o, key);

	if (number != NULL)
		printf("  %lld %s\n", (long long)json_integer_value(number), what);
}

static void print_trial(const json_t *o)
{
	if (o == NULL)
		return;
	printf("  on trial: SHA-256 %s, %llds left; ends when it blocks more than %lld %% of flows on top\n"
	       "  of %lld flows it would block %lld more, let %lld more go, block %lld otherwise;\n"
	       "  %lld were cut before it could tell\n",
	       json_text_at(o, "hash"), json_number_at(o, "left"), json_number_at(o, "bound"),
	       json_number_at(o, "flows"), json_number_at(o, "more"), json_number_at(o, "fewer"),
	       json_number_at(o, "other"), json_number_at(o, "unknown"));
}

static void print_answer(const json_t *o)
{
	const char *hash = json_string_value(json_object_get(o, "hash"));
	const char *findings = json_string_value(json_object_get(o, "findings"));
	const char *walls = json_string_value(json_object_get(o, "walls"));

	if (findings != NULL)
		fputs(findings, stderr);

	printf("%s: generation %lld, %lld rules, %lld sets with %lld entries\n",
	       json_string_value(json_object_get(o, "message")), json_number_at(o, "generation"),
	       json_number_at(o, "rules"), json_number_at(o, "sets"), json_number_at(o, "entries"));
	if (hash != NULL)
		printf("  SHA-256 %s\n", hash);
	printf("  backend %s, on daemon-loss %s, on overload %s\n", json_text_at(o, "backend"),
	       json_text_at(o, "daemon_loss"), json_text_at(o, "overload"));
	if (walls != NULL)
		printf("  walls around the daemon: %s\n", walls);
	print_names(o, "added", "added");
	print_names(o, "removed", "removed");
	print_names(o, "changed", "changed");
	print_names(o, "sets_changed", "sets changed");
	if (json_number_at(o, "exceptions") > 0)
		print_number(o, "exceptions", "exceptions; 'epitaph allow --list' tells them");
	print_trial(json_object_get(o, "canary"));
	print_number(o, "rejudged", "connections are judged again");
	print_number(o, "reclaimed", "ports reclaimed");
}

static int ask_and_print(const struct cli_args *args, const char *request)
{
	const char *path = args->value[CONTROL_SOCKET];
	json_t *o = control_ask(path ? path : CLI_CONTROL_SOCKET, request);
	const char *result = json_string_value(json_object_get(o, "result"));
	bool good = result != NULL && strcmp(result, "refused") != 0;

	if (o == NULL)
		return EXIT_FOUND;
	if (args->value[CONTROL_JSON] != NULL) {
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_answer(o);
	}
	json_decref(o);
	return good ? EXIT_DONE : EXIT_FOUND;
}

/* "reload canary SECONDS PERCENT" into @request; false after a message. */
static bool canary_request(const struct cli_args *args, char request[CONTROL_REQUEST_MAX])
{
	long seconds = duration_parse(args->value[RELOAD_CANARY], CANARY_SECONDS_MAX);
	long bound = CANARY_BOUND;

	if (seconds < 1) {
		fprintf(stderr, "epitaph reload: --canary is a time from 1s to 7d, such as 10m\n");
		return false;
	}
	if (!cli_number("reload", "bound", args->value[RELOAD_BOUND], 0, 100, &bound))
		return false;
	snprintf(request, CONTROL_REQUEST_MAX, CANARY_REQUEST "%ld %ld", seconds, bound);
	return true;
}

int command_reload(const struct cli_args *args)
{
	const char *rule = args->value[RELOAD_RULE];
	bool rejudge = args->value[RELOAD_REJUDGE] != NULL || rule != NULL;
	bool canary = args->value[RELOAD_CANARY] != NULL;
	char request[CONTROL_REQUEST_MAX];

	if (canary && rejudge) {
		fprintf(stderr, "epitaph reload: on trial nothing is judged again\n");
		return EXIT_USAGE;
	}
	if (canary && !canary_request(args, request))
		return EXIT_USAGE;
	if (canary)
		return ask_and_print(args, request);
	if (!rejudge)
		return ask_and_print(args, "reload");
	if (rule != NULL && strlen(rule) > NAME_LEN) {
		fprintf(stderr, "epitaph reload: '%s' is too long for the name of a rule\n", rule);
		return EXIT_USAGE;
	}
	snprintf(request, sizeof(request), "reload rejudge %s", rule != NULL ? rule : "");
	return ask_and_print(args, request);
}

int command_commit(const struct cli_args *args)
{
	return ask_and_print(args, args->value[COMMIT_RETURN] != NULL ? "return" : "commit");
}

int command_status(const struct cli_args *args)
{
	return ask_and_print(args, "status");
}
