/* options: one table of rows knows all about a program's options. From it come the parsing and
 * its range checks here, and the help text, man page and completion in manual.h. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  OPTION_FLAG,     /* bool */
  OPTION_INT,      /* int, min..max */
  OPTION_COUNT,    /* uint64_t, min..max */
  OPTION_REAL,     /* double, min..max, finite */
  OPTION_DURATION, /* double, seconds; typed as 90, 90s, 10m, 2h or 1d */
  OPTION_CHOICE,   /* int, index into choices; -1: it has no default and was not given */
  OPTION_SWITCH,   /* int: 0; given bare, 1; given as --name=argument, 2 */
  OPTION_TEXT,     /* const char *, borrowed from argv */
  OPTION_TEXTS     /* TextList: one more each time that it is given */
} OptionType;

enum { OPTIONS_MAX = 64, TEXTS_MAX = 64 };

typedef struct {
  int n;
  const char *text[TEXTS_MAX]; /* borrowed from argv */
} TextList;

typedef struct {
  const char *name;
  char letter; /* 0: none */
  OptionType type;
  size_t offset;        /* of its field in the settings that options_parse fills */
  const char *fallback; /* its default as a user would type it; NULL: the field stays zero */
  double min, max;      /* inclusive; of a whole number, 0 to 2^53, which are exact */
  const char *argument; /* "N"; for a choice, "sigmoid|tanh|relu" */
  const char *group;    /* heading it stands under; "with --mode score|track": options that go with
                           these words of that choice alone */
  const char *help;     /* a sentence without its default and range */
} Option;

/* Options that do not go together although each is right: one of them would have no effect. */
typedef struct {
  const char *option; /* that must not be given, */
  const char *fits;   /* but with this value, */
  const char *with;   /* where this one is given, */
  const char *value;  /* with one of these values "a|b", NULL: with any, */
  const char *and;    /* and this one too, NULL: or not */
  const char *reason; /* after the option's name */
} Clash;

typedef struct {
  const char *name;        /* "rnntrain" */
  const char *summary;     /* a line */
  const char *usage;       /* "[options] -o DIR FILE...", a line for each form */
  const Option *options;   /* ends with a row whose name is NULL */
  const Clash *clashes;    /* ends with a row whose option is NULL; NULL: there are none */
  const char *operands;    /* what the arguments that are no options are, for the help */
  const char *description; /* for the man page; paragraphs are separated by empty lines */
  const char *examples;    /* shell lines, "# comment" lines between them */
  const char *files;       /* for the man page: what is written where; may be NULL */
  const char *exit_codes;  /* what they mean */
  const char *see_also;    /* another program */
} Program;

/* What the command line asks for. */
typedef enum { OPTIONS_ERROR = -1, OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION } OptionsWish;

/* Sets every field in settings to its default. */
void options_default(const Program *program, void *settings);

/* A command line that was parsed. */
typedef struct {
  int operands;            /* index of the first operand in argv: the rest are operands too */
  const char *topic;       /* with OPTIONS_HELP: the text after --help=, or NULL */
  bool given[OPTIONS_MAX]; /* (rows of the table) the options that it has */
} CommandLine;

/* Sets the fields in settings to what argv says, and moves the operands to the end of argv. Numbers
 * are whole arguments: "4x", "", "nan" are errors; so is an option that does not go with what
 * another was set to (group), or with another that was given (clashes). */
OptionsWish options_parse(const Program *program, void *settings, int argc, char **argv,
                          CommandLine *line, Why *why);

/* The i-th of the words that argument "a|b|c" separates, copied to word; 0 where there is none. */
int options_choice(const Option *option, int i, char word[32]);

/* The range of a number, "1..12", or "" where it says nothing. */
void options_range(const Option *option, char text[64]);

/* The value of an option as a user would type it, to the last bit; "yes" or "no" of a flag or bare
 * switch; "" for a text, or a whole number or choice that has no default, where it was not given.
 */
void options_value(const Option *option, const void *settings, char *text, size_t size);

/* Its inverse: sets an option to what options_value said; -1 where it would not have said that. */
int options_set(const Option *option, void *settings, const char *text);

#endif
