/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow`: finds the command in its one table and runs it.  A command is
 * added by a cmd_*.c, a declaration in command.h and a row here.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <winnow/winnow.h>

#include "commands.h"
#include "report.h"

static const Command *const commands[] = {
    &command_inspect,  &command_adopt, &command_classify, &command_run,
    &command_eval,     &command_tune,  &command_collect,  &command_teach,
    &command_quantize, &command_join,  &command_bench,    &command_monitor,
};

/* What is typed after the program's name. */
static const char *verb(const Command *command) {
  return command->name + strlen("winnow ");
}

static void print_help(void) {
  printf("Usage:\n  winnow COMMAND [OPTION...] ARGUMENT...\n\n"
         "Classifies images with networks that stop as soon as the answer is known.\n\n"
         "Commands:\n");
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    printf("  %-10s %s\n", verb(commands[i]), commands[i]->summary);
  printf("\nOptions:\n  --help     Print this text\n  --version  Print the version\n\n"
         "'winnow COMMAND --help' explains a command; 'man winnow' has the whole story.\n");
}

static int run_command(int argc, char **argv) {
  if (argc < 2) {
    report("no command given; see 'winnow --help'");
    return STATUS_USAGE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
    print_help();
    return STATUS_OK;
  }
  if (strcmp(name, "--version") == 0) {
    printf("winnow %s\n", wn_version());
    return STATUS_OK;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
    if (strcmp(name, verb(commands[i])) == 0) return commands[i]->run(argc - 1, argv + 1);
  report("unknown %s '%s'; see 'winnow --help'", name[0] == '-' ? "option" : "command", name);
  return STATUS_USAGE;
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "");  /* numbers keep their point in every locale */
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error, as on a full disk */
  return report_output(run_command(argc, argv));
}
