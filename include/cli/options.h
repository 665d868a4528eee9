/* options: a program's command line. One table of rows (option.h) drives the parsing and checks
 * here, the help and man page (manual.h), and the completion scripts (completion.h). */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/fail.h"
#include "cli/option.h"

enum { OPTIONS_MAX = 64 };

/* Options that cannot be combined although each is valid, because one of them would have no
 * effect. */
typedef struct {
  const char *option; /* must not be given, */
  const char *fits;   /* except with this value (NULL: with none), */
  const char *with;   /* if this option is given, */
  const char *value;  /* with one of the values "a|b" (NULL: with any), */
  const char *and;    /* and this option too (NULL: no further condition) */
  const char *reason; /* the end of the message, after the option's name */
} Clash;

typedef struct {
  const char *name;        /* "rnntrain" */
  const char *summary;     /* one line */
  const char *usage;       /* "[options] -o DIR FILE...", a line for each form */
  const Option *options;   /* ends with a row whose name is NULL */
  const Clash *clashes;    /* ends with a row whose option is NULL; NULL: there are none */
  const char *operands;    /* the arguments besides options, for the help */
  const char *description; /* for the man page; paragraphs are separated by empty lines */
  const char *examples;    /* "# comment" lines, a shell line after each */
  const char *files;       /* for the man page: "NAME: text" paragraphs, one for each file */
  const char *environment; /* for the man page: the same for environment variables */
  const char *exit_codes;  /* their meanings, for the man page */
  const char *see_also;    /* the other program */
} Program;

/* The task that a command line sets. */
typedef enum { OPTIONS_ERROR = -1, OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION } OptionsWish;

/* Sets the fields that have a default in settings, which are all zero before. */
void options_default(const Program *program, void *settings);

/* The option that other options depend on: --mode, if a group is "with --mode score|track". All
 * groups that begin with "with --" name the same option. NULL: there is no such group. */
const Option *options_chooser(const Program *program);

/* The words of the chooser that an option goes with, "score|track"; NULL: all. */
const char *options_condition(const Option *option);

/* A parsed command line. */
typedef struct {
  int operands;            /* index of the first operand in argv; all that follow are operands */
  const char *topic;       /* with OPTIONS_HELP: the text after --help=, or NULL */
  char chosen[32];         /* with OPTIONS_HELP: the valid word given for the chooser, or "" */
  bool given[OPTIONS_MAX]; /* (rows of the table) whether each option was given */
} CommandLine;

/* Sets the fields in settings to the values in argv, and moves the operands to the end of argv. An
 * option that does not go with the value of another one (group, clashes) is an error. */
OptionsWish options_parse(const Program *program, void *settings, int argc, char **argv,
                          CommandLine *line, Why *why);

#endif
