/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion for shells, made from the table of commands. */
#include "cli/cli.h"

/* Options that take a file, by what their value is called; an operand likewise. */
static bool is_file(const char *value)
{
	return value != NULL && (strstr(value, "FILE") != NULL || strstr(value, "pcap") != NULL ||
				 strstr(value, "json") != NULL);
}

/* What may be given for a value that is one of a few words; NULL for any other. */
static const char *words_of(const char *option)
{
	if (strcmp(option, "color") == 0)
		return "auto always never";
	return strcmp(option, "backend") == 0 ? "nft iptables" : NULL;
}

static void print_commands(void)
{
	const struct cli_command *c;

	for (size_t i = 0; (c = cli_command_at(i)) != NULL; i++)
		printf("%s%s", i > 0 ? " " : "", c->name);
}

static void bash_command(const struct cli_command *c)
{
	printf("\t%s)\n\t\toptions='", c->name);
	for (const struct cli_option *o = c->option; o->name != NULL; o++)
		printf("--%s%s ", o->name, o->value ? "=" : "");
	printf("--help'\n\t\tcase $option in\n");
	for (const struct cli_option *o = c->option; o->name != NULL; o++) {
		if (o->value == NULL)
			continue;
		if (o->letter != 0)
			printf("\t\t-%c | ", o->letter);
		else
			printf("\t\t");
		printf("--%s) ", o->name);
		if (is_file(o->value))
			printf("files=1");
		else
			printf("values='%s'", words_of(o->name) ? words_of(o->name) : "");
		printf(" valued=1 ;;\n");
	}
	printf("\t\tesac\n");
	if (is_file(c->operand))
		printf("\t\t[ -n \"$valued\" ] || files=1\n");
	else if (c->run == command_doctor)
		printf("\t\tvalues=${values:-drill}\n");
	printf("\t\t;;\n");
}

static void print_bash(void)
{
	const struct cli_command *c;

	printf("# bash completion for epitaph\n"
	       "_epitaph() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} options='' values='' files='' valued=''\n"
	       "\tCOMPREPLY=()\n"
	       "\tif [ \"$COMP_CWORD\" = 1 ]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	print_commands();
	printf(" --help --version' -- \"$word\")\n\t\treturn\n\tfi\n"
	       "\t# bash takes --name=VALUE apart.\n"
	       "\tif [ \"$word\" = = ]; then word=''\n"
	       "\telif [ \"$option\" = = ]; then option=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
	       "\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; (c = cli_command_at(i)) != NULL; i++)
		bash_command(c);
	printf("\tesac\n"
	       "\tif [[ $word == -* && -z $valued ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
	       "\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\t[ -z \"$values\" ] || mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$word\")\n"
	       "\tif [ -n \"$files\" ]; then\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	       "\tfi\n"
	       "}\n"
	       "complete -F _epitaph epitaph\n");
}

/* What stands in brackets, and in single quotes. */
static void print_escaped(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (strchr("[]:\\", *text) != NULL)
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh_option(const struct cli_option *o)
{
	printf(" \\\n\t\t\t");
	if (o->letter != 0)
		printf("'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
		       o->value ? "+" : "", o->name, o->value ? "=" : "");
	else
		printf("'--%s%s[", o->name, o->value ? "=" : "");
	print_escaped(o->help);
	putchar(']');
	if (o->value != NULL && is_file(o->value))
		printf(":%s:_files", o->value);
	else if (o->value != NULL && words_of(o->name) != NULL)
		printf(":%s:(%s)", o->value, words_of(o->name));
	else if (o->value != NULL)
		printf(":%s: ", o->value);
	putchar('\'');
}

static void print_zsh(void)
{
	const struct cli_command *c;

	printf("#compdef epitaph\n# zsh completion for epitaph\n"
	       "_epitaph() {\n"
	       "\tlocal -a commands\n"
	       "\tcommands=(\n");
	for (size_t i = 0; (c = cli_command_at(i)) != NULL; i++) {
		printf("\t\t'%s:", c->name);
		print_escaped(c->summary);
		printf("'\n");
	}
	printf("\t)\n"
	       "\tif ((CURRENT == 2)); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	       "\tlocal command=$words[2]\n\tshift words\n\t((CURRENT--))\n"
	       "\tcase $command in\n");
	for (size_t i = 0; (c = cli_command_at(i)) != NULL; i++) {
		printf("\t%s)\n\t\t_arguments -s", c->name);
		for (const struct cli_option *o = c->option; o->name != NULL; o++)
			zsh_option(o);
		printf(" \\\n\t\t\t'(-h --help)'{-h,--help}'[print help]'");
		if (is_file(c->operand))
			printf(" \\\n\t\t\t'1:%s:_files'", c->operand);
		else if (c->run == command_why)
			printf(" \\\n\t\t\t'*::command: _normal'");
		else if (c->run == command_doctor)
			printf(" \\\n\t\t\t'1:what:(drill)'");
		printf("\n\t\t;;\n");
	}
	printf("\tesac\n}\n_epitaph \"$@\"\n");
}

int command_completion(const struct cli_args *args)
{
	if (strcmp(args->operand, "bash") == 0) {
		print_bash();
	} else if (strcmp(args->operand, "zsh") == 0) {
		print_zsh();
	} else {
		fprintf(stderr, "epitaph completion: bash and zsh are known, not '%s'\n",
			args->operand);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}
