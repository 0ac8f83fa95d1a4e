/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef EPITAPH_VERSION
#error "the build sets EPITAPH_VERSION"
#endif

static const struct cli_command commands[] = {
	{ "run",
	  NULL,
	  false,
	  "enforce a policy, in the foreground",
	  "Binds the queues, loads the rules that divert packets to them, and removes those rules at\n"
	  "the end. SIGHUP reads the policy again and reopens the log; a policy with errors is refused\n"
	  "and the old one stays in force. SIGUSR1 logs counters. SIGTERM and SIGINT end it.",
	  { { 'c', "config", "FILE", "the policy; " CLI_POLICY_FILE " if not given" },
	    { 'e', "events", "FILE",
	      "log events there, '-' for standard output; else as 'log' says" },
	    { 0, "no-rules", NULL, "load no rules: others divert packets to the queues" },
	    { 0, "keep-rules", NULL, "leave the rules in the kernel at the end" } },
	  command_run },
	{ "check",
	  "FILE",
	  true,
	  "find all that is wrong with a policy",
	  "Exits 0 when there is no error, 1 when there is one.",
	  { { 0, "werror", NULL, "warnings are errors" },
	    { 'j', "json", NULL, "one JSON object per finding, on standard output" } },
	  command_check },
	{ "policy",
	  "FILE",
	  true,
	  "print a policy in its canonical form",
	  "Variables, includes and lists are resolved, sets are merged. What is printed parses again to\n"
	  "the same policy.",
	  { { 'j', "json", NULL, "the compiled form as one JSON object, for tools" } },
	  command_policy },
	{ "explain",
	  "FLOW|TEXT|EVENT",
	  true,
	  "tell how a flow would be decided, and why",
	  "FLOW is 'tcp 10.8.0.5:40000 198.51.100.9:443', udp or icmp, with or without '->'. TEXT is the\n"
	  "text of a reset, such as 'R=social no social media': which rule sent it. EVENT is the id of a\n"
	  "block, '0a1b2c3d', in the log that --events names. Without a name given, rules that need one leave\n"
	  "the flow undecided.",
	  { { 'c', "config", "FILE", "the policy; " CLI_POLICY_FILE " if not given" },
	    { 0, "sni", "NAME", "server name of the ClientHello" },
	    { 0, "alpn", "LIST", "protocols it offers, joined with commas" },
	    { 0, "host", "NAME", "host of the HTTP request" },
	    { 0, "method", "METHOD", "its method" },
	    { 0, "path", "PATH", "its path" },
	    { 'i', "iif", "NAME", "interface the flow comes in by" },
	    { 'o', "oif", "NAME", "interface it leaves by" },
	    { 0, "mark", "N", "mark of its first packet" },
	    { 0, "at", "TIME",
	      "\"2026-11-23 09:00\" by the schedules' clocks, 'Z' behind it for UTC; now if not given" },
	    { 'e', "events", "FILE", "the log that has EVENT" } },
	  command_explain },
	{ "reload",
	  NULL,
	  false,
	  "have the daemon read its policy again",
	  "Prints what changed. A policy with errors is refused, and the old one stays in force. Needs\n"
	  "'daemon { control \"SOCKET\" }' in the policy; SIGHUP does the same without an answer.",
	  { { 's', "socket", "FILE", "the daemon's socket; " CLI_CONTROL_SOCKET " if not given" },
	    { 'j', "json", NULL, "the answer as one JSON object" },
	    { 0, "rejudge", NULL, "judge live connections again that were let go before" },
	    { 0, "rule", "NAME", "the same, but only those that this rule may be about" },
	    { 0, "canary", "TIME",
	      "only try it beside the policy in force, for so long, and log where it differs" },
	    { 0, "bound", "PERCENT",
	      "end the trial when it would block more than so many of all flows on top; 5 if not given" } },
	  command_reload },
	{ "commit",
	  NULL,
	  false,
	  "put the policy that is on trial in force",
	  "The one that 'epitaph reload --canary TIME' has read, whatever is in the file now. Without a commit\n"
	  "it is dropped when its time is over.",
	  { { 's', "socket", "FILE", "the daemon's socket; " CLI_CONTROL_SOCKET " if not given" },
	    { 'j', "json", NULL, "the answer as one JSON object" },
	    { 0, "return", NULL, "drop it; the policy in force stays" } },
	  command_commit },
	{ "status",
	  NULL,
	  false,
	  "ask the daemon which policy is in force",
	  "Needs 'daemon { control \"SOCKET\" }' in the policy.",
	  { { 's', "socket", "FILE", "the daemon's socket; " CLI_CONTROL_SOCKET " if not given" },
	    { 'j', "json", NULL, "the answer as one JSON object" } },
	  command_status },
	{ "top",
	  NULL,
	  false,
	  "watch the daemon: rates, queues, rules, the latest blocks",
	  "In a terminal, until 'q'; space pauses. With --batch, pages of text. Needs 'daemon { control\n"
	  "\"SOCKET\" }' in the policy.",
	  { { 's', "socket", "FILE", "the daemon's socket; " CLI_CONTROL_SOCKET " if not given" },
	    { 'b', "batch", NULL, "print pages, one after the other" },
	    { 'd', "delay", "SECONDS", "between two of them; 1 if not given" },
	    { 'n', "count", "N", "stop after N" } },
	  command_top },
	{ "allow",
	  "RULE",
	  false,
	  "have a rule not hold for a source, for a while",
	  "Packets of that source are judged as if RULE were not there; other rules hold. Connections that\n"
	  "were let go so live on when it ends; 'epitaph reload --rule RULE' has them judged again. Exceptions\n"
	  "outlive reloads and restarts, and are logged with who asked and why. Without RULE, lists them. Needs\n"
	  "'daemon { control \"SOCKET\"; exceptions \"FILE\" }' in the policy.",
	  { { 's', "socket", "FILE", "the daemon's socket; " CLI_CONTROL_SOCKET " if not given" },
	    { 'j', "json", NULL, "the answer as one JSON object" },
	    { 0, "src", "ADDRESS", "the source: an address, prefix or range" },
	    { 0, "for", "TIME", "how long: 90s, 30m, 12h, 7d" },
	    { 0, "why", "TEXT", "for the log" },
	    { 'l', "list", NULL, "list those in force" },
	    { 0, "end", "ID", "end this one now" } },
	  command_allow },
	{ "counters",
	  NULL,
	  false,
	  "print what the daemon has counted",
	  "Of all queues together; --json and --prometheus tell each by itself. With --output the file is\n"
	  "replaced at once, as node_exporter's textfile collector wants it. Needs 'daemon { control \"SOCKET\" }'\n"
	  "in the policy.",
	  { { 's', "socket", "FILE", "the daemon's socket; " CLI_CONTROL_SOCKET " if not given" },
	    { 'j', "json", NULL, "one JSON object" },
	    { 'p', "prometheus", NULL, "the text format of Prometheus" },
	    { 'o', "output", "FILE", "write it there" } },
	  command_counters },
	{ "plan",
	  "FILE",
	  false,
	  "print the rules that would be loaded for a policy, or load them",
	  "Prints them in the backend's own syntax, with the names of the policy's rules that they are\n"
	  "there for. --load puts them into the kernel, without a daemon, so that 'on daemon-loss' holds\n"
	  "from then on: before the network comes up, for instance. A daemon that starts takes them over.",
	  { { 'b', "backend", "NAME", "nft or iptables; else as the policy and the kernel say" },
	    { 0, "load", NULL, "load them, and print nothing" },
	    { 0, "unload", NULL, "remove what is loaded; FILE is not needed" } },
	  command_plan },
	{ "replay",
	  "IN.pcap",
	  true,
	  "judge a capture under a policy",
	  "Prints the events that the daemon would log, one JSON object per line; 'sent' says which\n"
	  "resets it would send.",
	  { { 'p', "policy", "FILE", "the policy; " CLI_POLICY_FILE " if not given" },
	    { 'w', "write", "OUT.pcap", "write what would be sent, as raw IP packets" },
	    { 'i', "iif", "NAME", "interface that packets of initiators come in by" },
	    { 'o', "oif", "NAME", "interface that they leave by" } },
	  command_replay },
	{ "doctor",
	  "[drill]",
	  false,
	  "find out whether this machine can do what a policy asks, and does",
	  "Looks at rights, namespaces, forwarding, conntrack, bridges, the kernel's features, the queues and\n"
	  "who owns them, flow tables, and counters that stand still; says what to do about each finding.\n"
	  "Exits 1 when something is wrong. 'doctor drill' makes a throw-away lab of network namespaces and\n"
	  "breaks the daemon there: kill -9, kill -STOP, full queues, a log that takes nothing; and compares\n"
	  "what traffic does with 'on daemon-loss' and 'on overload' of the policy.",
	  { { 'c', "config", "FILE", "the policy; " CLI_POLICY_FILE " if not given" },
	    { 'j', "json", NULL, "one JSON object per finding" } },
	  command_doctor },
	{ "codes",
	  NULL,
	  false,
	  "list the reason codes of diagnostic records",
	  "By the numbering of draft-ietf-tcpm-rst-diagnostic-payload -03, and of -02, which a policy\n"
	  "chooses by 'daemon { diag codes ietf-02 }'. Those with a name are what a firewall may send.",
	  { { 0 } },
	  command_codes },
	{ "completion",
	  "SHELL",
	  true,
	  "print what bash or zsh needs to complete commands and options",
	  "'make install' puts it where the shells look; else: source <(epitaph completion bash).",
	  { { 0 } },
	  command_completion },
	{ "read",
	  "IN.pcap",
	  true,
	  "list the resets of a capture, with what they say",
	  "A line per TCP reset: its numbers, at which stage it came, of which kind it is, what is odd about\n"
	  "it, and what it says, which was chosen by its sender and is not authenticated. IN.pcap may be\n"
	  "pcap or pcapng, compressed by gzip, and '-' for standard input.",
	  { { 'j', "json", NULL, "one JSON object per reset, or of the summary" },
	    { 's', "summary", NULL,
	      "no lines, but how many of what: senders, texts, kinds, numbers" },
	    { 'e', "events", "FILE",
	      "a log of epitaph: resets that were sent for its events are ours" },
	    { 0, "color", "WHEN", "auto, always or never" } },
	  command_read },
	{ "watch",
	  NULL,
	  false,
	  "list resets as they pass by, on any host",
	  "A line per TCP reset that comes in, goes out or is forwarded, until SIGINT; then a summary. No\n"
	  "daemon and no policy are needed. A filter in the kernel hands over nothing but segments that\n"
	  "open and end connections; with --all the headers of all, which tell more.",
	  { { 'i', "interface", "NAME", "watch this one; all if not given" },
	    { 'a', "all", NULL, "look at all of TCP: tells forgeries, echoes and timeouts" },
	    { 'j', "json", NULL, "one JSON object per reset, and no summary" },
	    { 's', "summary", NULL, "nothing but the summary" },
	    { 'e', "events", "FILE",
	      "a log of epitaph: resets that were sent for its events are ours" },
	    { 0, "color", "WHEN", "auto, always or never" },
	    { 'n', "count", "N", "stop after N resets" },
	    { 't', "time", "SECONDS", "stop after that" } },
	  command_watch },
	{ "report",
	  "EVENTS.json",
	  true,
	  "make a page of a log: what was blocked, for whom, by which rules",
	  "One HTML file that needs no other and no network: charts over time, lists by rule, client, name,\n"
	  "kind and text, and a search for blocks by their event id. EVENTS.json may be compressed by gzip,\n"
	  "and '-' for standard input.",
	  { { 'o', "output", "FILE", "write it there; else to standard output" },
	    { 'b', "blocks", "N",
	      "how many blocks, the latest, can be searched; 20000 if not given" } },
	  command_report },
	{ "why",
	  "-- COMMAND...",
	  true,
	  "run a command, and tell why its connections were reset",
	  "Prints a line on standard error for each TCP reset of a connection that COMMAND, or what it\n"
	  "starts, has opened. Exits as COMMAND does.",
	  { { 0, "color", "WHEN", "auto, always or never" } },
	  command_why },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct cli_command *cli_command_at(size_t i)
{
	return i < COMMANDS ? &commands[i] : NULL;
}

static void print_usage(FILE *out)
{
	fprintf(out,
		"usage: epitaph COMMAND [OPTION]...\n\n"
		"epitaph cuts TCP connections that a policy forbids, and says why in the reset.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out,
		"\n'epitaph COMMAND --help' describes one; 'epitaph --version' prints the version.\n"
		"Exit codes: 0 done, 1 something is wrong or failed, 2 usage.\n");
}

static void print_help(const struct cli_command *c, FILE *out)
{
	fprintf(out, "usage: epitaph %s%s%s%s\n\n%s.\n\n%s\n\n", c->name,
		c->option[0].name ? " [OPTION]..." : "", c->operand ? " " : "",
		c->operand ? c->operand : "", c->summary, c->details);
	for (const struct cli_option *o = c->option; o->name != NULL; o++) {
		char letter[5] = "    ", left[64];

		if (o->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name, o->value ? "=" : "",
			 o->value ? o->value : "");
		fprintf(out, "  %-24s %s\n", left, o->help);
	}
	fprintf(out, "  %-24s %s\n", "-h, --help", "print this");
}

static int usage_error(const struct cli_command *c)
{
	fprintf(stderr, "Try 'epitaph %s --help'.\n", c->name);
	return EXIT_USAGE;
}

/* The operand; "explain" takes a flow as several words. */
static const char *take_operand(const struct cli_command *c, int argc, char **argv)
{
	static char joined[1024];
	size_t used = 0;

	if (c->run == command_why) {
		const char *first = argv[optind];

		optind = argc;
		return first;
	}
	if (c->run != command_explain)
		return argv[optind++];
	for (; optind < argc && used < sizeof(joined); optind++)
		used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s",
					 used > 0 ? " " : "", argv[optind]);
	return joined;
}

/* Fill @args from the command line. Returns EXIT_DONE to go on, or -1 after the help was printed. */
static int parse_args(const struct cli_command *c, int argc, char **argv, struct cli_args *args)
{
	struct option longs[CLI_OPTIONS + 2] = { { 0 } };
	char shorts[3 * CLI_OPTIONS + 4] = ":h";
	size_t n = 0, used = 2;
	int got, index;

	for (; c->option[n].name != NULL; n++) {
		bool value = c->option[n].value != NULL;

		longs[n] = (struct option){ c->option[n].name, value, NULL, 256 + (int)n };
		if (c->option[n].letter != 0) {
			shorts[used++] = c->option[n].letter;
			if (value)
				shorts[used++] = ':';
		}
	}
	shorts[used] = '\0';
	longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
	opterr = 0;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (got == 'h') {
			print_help(c, stdout);
			return -1;
		}
		if (got == '?' || got == ':') {
			fprintf(stderr, "epitaph %s: %s: %s\n", c->name, argv[optind - 1],
				got == ':' ? "needs a value" : "unknown option");
			return usage_error(c);
		}
		index = got - 256;
		for (size_t i = 0; got < 256 && i < n; i++) {
			if (c->option[i].letter == got)
				index = (int)i;
		}
		args->value[index] = optarg ? optarg : "";
	}
	args->words = argv + optind;
	if (optind < argc && c->operand != NULL)
		args->operand = take_operand(c, argc, argv);
	if (optind < argc) {
		fprintf(stderr, "epitaph %s: unexpected '%s'\n", c->name, argv[optind]);
		return usage_error(c);
	}
	if (c->operand_needed && args->operand == NULL) {
		fprintf(stderr, "epitaph %s: %s is missing\n", c->name, c->operand);
		return usage_error(c);
	}
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct suggestion s;
	struct cli_args args = { { NULL }, NULL, NULL };
	int result;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("epitaph %s\n", EPITAPH_VERSION);
		return EXIT_DONE;
	}
	s = (struct suggestion){ .word = argv[1], .word_len = strlen(argv[1]) };
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			result = parse_args(&commands[i], argc - 1, argv + 1, &args);
			if (result != EXIT_DONE)
				return result < 0 ? EXIT_DONE : result;
			result = commands[i].run(&args);
			if (fflush(stdout) != 0 && result == EXIT_DONE) {
				fprintf(stderr, "epitaph: cannot write the result: %s\n",
					strerror(errno));
				result = EXIT_FOUND;
			}
			return result;
		}
		suggestion_offer(&s, commands[i].name);
	}
	fprintf(stderr, "epitaph: unknown command '%s'", argv[1]);
	if (s.best != NULL)
		fprintf(stderr, "; did you mean '%s'?", s.best);
	fprintf(stderr, "\nTry 'epitaph --help'.\n");
	return EXIT_USAGE;
}
