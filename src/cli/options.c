#include "cli/options.h"

#include "cli/suggest.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { LONG_ONLY = 256 }; /* a row without a letter has the code LONG_ONLY + row */

void options_default(const Program *program, void *settings) {
  for (const Option *option = program->options; option->name; option++) {
    void *field = (char *)settings + option->offset;
    if (option->fallback)
      option_set(option, settings, option->fallback);
    else if (option->type == OPTION_CHOICE)
      *(int *)field = -1;
    else if (option->type == OPTION_INT)
      *(int *)field = (int)option->min - 1;
  }
}

/* ---- options that exclude each other -------------------------------------------------------- */

static const char with[] = "with --"; /* the start of a group of options that need another one */

/* The row of an option, whose name has n letters. */
static int row_of(const Option *options, const char *name, size_t n) {
  int row = 0;
  while (strlen(options[row].name) != n || strncmp(options[row].name, name, n) != 0) row++;
  return row;
}

const char *options_condition(const Option *option) {
  if (strncmp(option->group, with, strlen(with)) != 0) return NULL;
  return strchr(option->group + strlen(with), ' ') + 1;
}

const Option *options_chooser(const Program *program) {
  for (const Option *option = program->options; option->name; option++) {
    if (!options_condition(option)) continue;
    const char *name = option->group + strlen(with);
    return &program->options[row_of(program->options, name, strcspn(name, " "))];
  }
  return NULL;
}

/* Whether an option is valid with the word of the chooser. */
static int check_group(const Program *program, const Option *option, const void *settings,
                       Why *why) {
  char word[32];
  const char *words = options_condition(option);
  if (!words) return 0;
  option_value(options_chooser(program), settings, word, sizeof word);
  if (option_find(words, word) >= 0) return 0;
  return fail(why, "--%s: goes %s, not with '%s'", option->name, option->group, word);
}

/* Whether an option was given, with one of these values unless they are NULL. */
static bool is_given(const Option *options, const bool *given, const void *settings,
                     const char *name, const char *values) {
  char value[32];
  const int row = row_of(options, name, strlen(name));
  if (!given[row] || !values) return given[row];
  option_value(&options[row], settings, value, sizeof value);
  return option_find(values, value) >= 0;
}

static bool is_clash(const Clash *clash, const Option *options, const bool *given,
                     const void *settings) {
  if (!is_given(options, given, settings, clash->option, NULL)) return false;
  if (clash->fits && is_given(options, given, settings, clash->option, clash->fits)) return false;
  if (!is_given(options, given, settings, clash->with, clash->value)) return false;
  return !clash->and || is_given(options, given, settings, clash->and, NULL);
}

static int check_together(const Program *program, const bool *given, const void *settings,
                          Why *why) {
  const Option *options = program->options;
  for (int row = 0; options[row].name; row++)
    if (given[row] && check_group(program, &options[row], settings, why) != 0) return -1;
  for (const Clash *clash = program->clashes; clash && clash->option; clash++)
    if (is_clash(clash, options, given, settings))
      return fail(why, "--%s: %s", clash->option, clash->reason);
  return 0;
}

/* ---- getopt_long ---------------------------------------------------------------------------- */

typedef struct {
  const Option *options;
  struct option longs[OPTIONS_MAX];
  char letters[2 * OPTIONS_MAX];
} Tables;

static int code(const Option *options, int row) {
  return options[row].letter ? options[row].letter : LONG_ONLY + row;
}

static void fill_tables(Tables *tables) {
  const Option *options = tables->options;
  char *letters = tables->letters;
  int row = 0;
  *letters++ = ':';
  for (; options[row].name; row++) {
    int argument = required_argument;
    if (options[row].type == OPTION_FLAG) argument = no_argument;
    if (options[row].type == OPTION_SWITCH) argument = optional_argument;
    tables->longs[row] = (struct option){options[row].name, argument, NULL, code(options, row)};
    if (!options[row].letter) continue;
    *letters++ = options[row].letter;
    if (argument == required_argument) *letters++ = ':';
  }
  tables->longs[row] = (struct option){"help", optional_argument, NULL, 'h'};
  tables->longs[row + 1] = (struct option){"version", no_argument, NULL, 'V'};
  tables->longs[row + 2] = (struct option){0};
  memcpy(letters, "hV", 3);
}

static const Option *find(const Option *options, int wanted) {
  for (int row = 0; options[row].name; row++)
    if (code(options, row) == wanted) return &options[row];
  return NULL;
}

/* The code of the next option, -1 at the end; *by_name: it was typed as --name. */
static int next_code(const Tables *tables, int argc, char **argv, bool *by_name) {
  int row = -1;
  const int next = getopt_long(argc, argv, tables->letters, tables->longs, &row);
  *by_name = row >= 0;
  return next;
}

/* ---- mistakes ------------------------------------------------------------------------------- */

/* "; did you mean --hidden?", if dashes is "--"; without a suggestion `otherwise`. */
static void did_you_mean(const Suggestion *suggestion, const char *dashes, const char *otherwise,
                         char text[64]) {
  if (*suggestion->word)
    snprintf(text, 64, "; did you mean %s%s?", dashes, suggestion->word);
  else
    snprintf(text, 64, "%s", otherwise);
}

static Suggestion nearest_option(const struct option *longs, const char *typed) {
  Suggestion suggestion = suggest_new(typed, strcspn(typed, "="));
  for (; longs->name; longs++) suggest_offer(&suggestion, longs->name);
  return suggestion;
}

static Suggestion nearest_choice(const Option *option, const char *typed) {
  Suggestion suggestion = suggest_new(typed, strlen(typed));
  char word[32];
  for (int i = 0; option_choice(option, i, word); i++) suggest_offer(&suggestion, word);
  return suggestion;
}

/* "--stride, --strands or --seed": the options that begin with the typed text, and their number. */
static int candidates(const struct option *longs, const char *typed, char text[512]) {
  const size_t n = strcspn(typed, "=");
  int all = 0, listed = 0;
  size_t used = 0;
  for (int i = 0; longs[i].name; i++) all += strncmp(longs[i].name, typed, n) == 0;
  for (int i = 0; longs[i].name && used < 512; i++) {
    if (strncmp(longs[i].name, typed, n) != 0) continue;
    const char *before = listed == all - 1 ? " or " : ", ";
    if (listed == 0) before = "";
    used += (size_t)snprintf(text + used, 512 - used, "%s--%s", before, longs[i].name);
    listed++;
  }
  return all;
}

/* For a word after two dashes. */
static int unknown_name(const struct option *longs, const char *typed, Why *why) {
  char list[512] = "", hint[64];
  const int n = (int)strcspn(typed, "=");
  if (optopt != 0) return fail(why, "--%s: takes no value; write --%.*s", typed, n, typed);
  if (n > 0 && candidates(longs, typed, list) > 1)
    return fail(why, "option '--%.*s' is ambiguous: it may be %s; write more of it", n, typed,
                list);
  const Suggestion nearest = nearest_option(longs, typed);
  did_you_mean(&nearest, "--", "; see --help", hint);
  return fail(why, "unknown option '--%s'%s", typed, hint);
}

/* For a letter after one dash, in a word that may be the name of a long option. */
static int unknown_letter(const Tables *tables, int letter, const char *word, Why *why) {
  char hint[64];
  const int other = islower(letter) ? toupper(letter) : tolower(letter);
  Suggestion nearest = {.word = ""};
  if (word) nearest = nearest_option(tables->longs, word + 1);
  if (*nearest.word && isalpha(letter)) {
    did_you_mean(&nearest, "--", "", hint);
    return fail(why, "unknown option '%s'%s", word, hint);
  }
  if (isalpha(letter) && strchr(tables->letters, other))
    return fail(why, "unknown option '-%c'; did you mean -%c?", letter, other);
  return fail(why, "unknown option '-%c'; see --help", letter);
}

/* The word that getopt_long is parsing, if it begins with this letter; else NULL. */
static const char *word_of(char **argv, int letter) {
  const char *word = argv[optind];
  return word && word[0] == '-' && word[1] == letter && word[2] ? word : NULL;
}

/* getopt_long has returned '?'. */
static int cannot_parse(const Tables *tables, char **argv, Why *why) {
  const bool known = optopt >= LONG_ONLY || (optopt != ':' && strchr(tables->letters, optopt));
  if (optopt != 0 && !known) return unknown_letter(tables, optopt, word_of(argv, optopt), why);
  return unknown_name(tables->longs, argv[optind - 1] + 2, why);
}

/* "a whole number, 1..12" */
static void expected(const Option *option, char text[160]) {
  char range[64], word[32] = "";
  option_range(option, range);
  switch (option->type) {
  case OPTION_INT:
  case OPTION_COUNT:
    option_choice(option, 1, word);
    snprintf(text, 160, "a whole number, %s%s%s", range, *word ? ", or " : "", word);
    break;
  case OPTION_REAL: snprintf(text, 160, "a number, %s", range); break;
  case OPTION_DURATION: snprintf(text, 160, "a time above 0 such as 90s, 10m or 2h"); break;
  case OPTION_SIZE: snprintf(text, 160, "a number of bytes above 0 such as 800k, 64M or 2G"); break;
  case OPTION_CHOICE: snprintf(text, 160, "one of %s", option->argument); break;
  case OPTION_SWITCH: snprintf(text, 160, "%s, or nothing", option->argument); break;
  case OPTION_TEXTS:
    snprintf(text, 160, "a name, not nothing, and given %d times at most", OPTION_TEXTS_MAX);
    break;
  default: snprintf(text, 160, "a name, not nothing"); break;
  }
}

static int wrong_value(const Tables *tables, const Option *option, bool by_name, const char *value,
                       Why *why) {
  char must[160], hint[64] = "", word[SUGGEST_ROOM];
  Suggestion nearest = {.word = ""};
  expected(option, must);
  if (option->type == OPTION_CHOICE) nearest = nearest_choice(option, value);
  did_you_mean(&nearest, "", "", hint);
  if (by_name) return fail(why, "--%s '%s': must be %s%s", option->name, value, must, hint);
  snprintf(word, sizeof word, "%c%.*s", option->letter, (int)strcspn(value, "="), value);
  for (const struct option *other = tables->longs; other->name; other++)
    if (strcmp(other->name, word) == 0) /* "-epochs 5" is -e 'pochs' */
      snprintf(hint, sizeof hint, "; did you mean --%s?", word);
  return fail(why, "-%c '%s': must be %s%s", option->letter, value, must, hint);
}

/* ---- the command line ----------------------------------------------------------------------- */

/* After --help: sets the word given for the chooser, before --help or after it. Other words after
 * --help have no effect. */
static void choose(const Program *program, const Tables *tables, void *settings, int argc,
                   char **argv, CommandLine *line) {
  const Option *chooser = options_chooser(program);
  bool by_name;
  if (!chooser) return;
  bool *given = &line->given[chooser - program->options];
  for (int next; (next = next_code(tables, argc, argv, &by_name)) != -1;) {
    if (find(program->options, next) != chooser) continue;
    option_set(chooser, settings, optarg);
    *given = true;
  }
  if (*given) option_value(chooser, settings, line->chosen, sizeof line->chosen);
}

OptionsWish options_parse(const Program *program, void *settings, int argc, char **argv,
                          CommandLine *line, Why *why) {
  Tables tables = {.options = program->options};
  bool by_name;
  const char *last = argc > 0 ? argv[argc - 1] : ""; /* musl's getopt_long moves it */
  *line = (CommandLine){.operands = argc};
  fill_tables(&tables);
  opterr = 0;
#if defined __APPLE__ || defined __FreeBSD__
  optind = optreset = 1;
#else
  optind = 0; /* 0: glibc forgets where an earlier parse stopped */
#endif
  for (int next; (next = next_code(&tables, argc, argv, &by_name)) != -1;) {
    const Option *option = find(program->options, next);
    if (next == 'h' && !by_name && word_of(argv, 'h')) /* "-hidden 64" */
      return unknown_letter(&tables, 'h', word_of(argv, 'h'), why);
    if (next == 'h') {
      line->topic = optarg;
      choose(program, &tables, settings, argc, argv, line);
      return OPTIONS_HELP;
    }
    if (next == 'V') return OPTIONS_VERSION;
    if (next == ':') return fail(why, "option '%s' needs a value", last);
    if (!option) return cannot_parse(&tables, argv, why);
    if (option_set(option, settings, optarg) != 0)
      return wrong_value(&tables, option, by_name, optarg, why);
    line->given[option - program->options] = true;
  }
  if (check_together(program, line->given, settings, why) != 0) return OPTIONS_ERROR;
  line->operands = optind;
  return OPTIONS_RUN;
}
