#include "cli/options.h"

#include "cli/suggest.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_ONLY = 256 }; /* a row without a letter has the code LONG_ONLY + row */

static const char with[] = "with --"; /* what the group begins with of options that go with one */

int options_choice(const Option *option, int i, char word[32]) {
  const char *from = option->argument;
  for (; i > 0 && from; i--) from = strchr(from, '|') ? strchr(from, '|') + 1 : NULL;
  if (!from) return 0;
  snprintf(word, 32, "%.*s", (int)strcspn(from, "|"), from);
  return 1;
}

void options_range(const Option *option, char text[64]) {
  double min = option->min, max = option->max;
  text[0] = 0;
  if (option->type == OPTION_INT || option->type == OPTION_COUNT || option->type == OPTION_REAL) {
    if (option->type == OPTION_REAL)
      snprintf(text, 64, "%g..%g", min, max);
    else
      snprintf(text, 64, "%.0f..%.0f", min, max);
  }
}

static void *field(void *settings, const Option *option) {
  return (char *)settings + option->offset;
}

/* What a value must be, for the end of an error message. */
static void expected(const Option *option, char text[160]) {
  char range[64];
  options_range(option, range);
  switch (option->type) {
  case OPTION_INT:
  case OPTION_COUNT: snprintf(text, 160, "a whole number, %s", range); break;
  case OPTION_REAL: snprintf(text, 160, "a number, %s", range); break;
  case OPTION_DURATION: snprintf(text, 160, "a time above 0 such as 90s, 10m or 2h"); break;
  case OPTION_CHOICE: snprintf(text, 160, "one of %s", option->argument); break;
  case OPTION_SWITCH: snprintf(text, 160, "%s, or nothing", option->argument); break;
  case OPTION_TEXTS:
    snprintf(text, 160, "a name, not nothing, and given %d times at most", TEXTS_MAX);
    break;
  default: snprintf(text, 160, "a name, not nothing"); break;
  }
}

/* The number that text begins with, decimal and finite, and what follows it. */
static int parse_real(const char *text, double *value, const char **rest) {
  char *end;
  const char *digits = text + strspn(text, "+-");
  if (!isdigit((unsigned char)digits[digits[0] == '.']) || (digits[1] | 32) == 'x') return -1;
  *value = strtod(text, &end);
  *rest = end;
  return isfinite(*value) ? 0 : -1;
}

static int parse_duration(const char *text, double *seconds) {
  static const struct {
    const char *unit;
    double seconds;
  } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  const char *rest;
  if (parse_real(text, seconds, &rest) != 0) return -1;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strcmp(rest, units[i].unit) == 0) return isfinite(*seconds *= units[i].seconds) ? 0 : -1;
  return -1;
}

static int parse_count(const char *text, uint64_t *value) {
  char *end;
  if (!isdigit((unsigned char)text[0])) return -1;
  errno = 0;
  *value = strtoull(text, &end, 10);
  return *end == 0 && errno == 0 ? 0 : -1;
}

static int parse_choice(const Option *option, const char *text, int *value) {
  char word[32];
  for (*value = 0; options_choice(option, *value, word); ++*value)
    if (strcmp(word, text) == 0) return 0;
  return -1;
}

static int parse_real_in_range(const Option *option, const char *text, double *value) {
  const char *rest;
  if (parse_real(text, value, &rest) != 0 || *rest) return -1;
  return *value >= option->min && *value <= option->max ? 0 : -1;
}

/* Compared as integers: the next one after the end of a range may be the same double. */
static int parse_count_in_range(const Option *option, const char *text, uint64_t *value) {
  if (parse_count(text, value) != 0) return -1;
  return *value >= (uint64_t)option->min && *value <= (uint64_t)option->max ? 0 : -1;
}

static int add_text(TextList *texts, const char *text) {
  if (!*text || texts->n == TEXTS_MAX) return -1;
  texts->text[texts->n++] = text;
  return 0;
}

static int set(const Option *option, void *settings, const char *text) {
  void *to = field(settings, option);
  uint64_t count;
  double real;
  switch (option->type) {
  case OPTION_FLAG: *(bool *)to = true; return 0;
  case OPTION_INT:
    if (parse_count_in_range(option, text, &count) != 0) return -1;
    *(int *)to = (int)count;
    return 0;
  case OPTION_COUNT:
    if (parse_count_in_range(option, text, &count) != 0) return -1;
    *(uint64_t *)to = count;
    return 0;
  case OPTION_REAL:
    if (parse_real_in_range(option, text, &real) != 0) return -1;
    *(double *)to = real;
    return 0;
  case OPTION_DURATION:
    if (parse_duration(text, &real) != 0 || !(real > 0)) return -1;
    *(double *)to = real;
    return 0;
  case OPTION_CHOICE: return parse_choice(option, text, to);
  case OPTION_SWITCH:
    if (text && strcmp(text, option->argument) != 0) return -1;
    *(int *)to = text ? 2 : 1;
    return 0;
  case OPTION_TEXT: *(const char **)to = text; return *text ? 0 : -1;
  case OPTION_TEXTS: return add_text(to, text);
  }
  return -1;
}

/* With as few digits as bring it back. */
static void real_text(double value, char *text, size_t size) {
  snprintf(text, size, "%.10g", value);
  if (strtod(text, NULL) != value) snprintf(text, size, "%.17g", value);
}

void options_value(const Option *option, const void *settings, char *text, size_t size) {
  const char *from = (const char *)settings + option->offset;
  const void *field = from;
  char word[32] = "";
  switch (option->type) {
  case OPTION_FLAG: snprintf(text, size, "%s", *(const bool *)field ? "yes" : "no"); break;
  case OPTION_INT:
    snprintf(text, size, "%d", *(const int *)field);
    if (*(const int *)field < option->min) *text = 0; /* not given */
    break;
  case OPTION_COUNT: snprintf(text, size, "%" PRIu64, *(const uint64_t *)field); break;
  case OPTION_REAL:
  case OPTION_DURATION: real_text(*(const double *)field, text, size); break;
  case OPTION_CHOICE:
    if (*(const int *)field >= 0) options_choice(option, *(const int *)field, word);
    snprintf(text, size, "%s", word);
    break;
  case OPTION_SWITCH: {
    const char *const words[] = {"no", "yes", option->argument};
    snprintf(text, size, "%s", words[*(const int *)field]);
    break;
  }
  case OPTION_TEXT:
    snprintf(text, size, "%s", *(const char *const *)field ? *(const char *const *)field : "");
    break;
  case OPTION_TEXTS: { /* the last */
    const TextList *texts = field;
    snprintf(text, size, "%s", texts->n > 0 ? texts->text[texts->n - 1] : "");
    break;
  }
  }
}

int options_set(const Option *option, void *settings, const char *text) {
  void *to = field(settings, option);
  int no = strcmp(text, "no") == 0, yes = strcmp(text, "yes") == 0;
  switch (option->type) {
  case OPTION_FLAG: *(bool *)to = yes; return yes || no ? 0 : -1;
  case OPTION_SWITCH:
    *(int *)to = yes ? 1 : 2;
    if (no) *(int *)to = 0;
    return no || yes || strcmp(text, option->argument) == 0 ? 0 : -1;
  case OPTION_INT:
    if (*text || option->fallback) break;
    *(int *)to = 0;
    return 0;
  case OPTION_REAL:
  case OPTION_DURATION:
    if (strcmp(text, "0") != 0 || option->fallback) break;
    *(double *)to = 0;
    return 0;
  case OPTION_CHOICE:
    if (*text || option->fallback) break;
    *(int *)to = -1;
    return 0;
  default: break;
  }
  return set(option, settings, text);
}

void options_default(const Program *program, void *settings) {
  for (const Option *option = program->options; option->name; option++)
    if (option->fallback)
      set(option, settings, option->fallback);
    else if (option->type == OPTION_CHOICE)
      *(int *)field(settings, option) = -1;
}

static int code(const Option *options, int row) {
  return options[row].letter ? options[row].letter : LONG_ONLY + row;
}

/* The tables that getopt_long wants; returns the number of rows. */
static int getopt_tables(const Option *options, struct option *longs, char *letters) {
  int row = 0;
  *letters++ = ':';
  for (; options[row].name; row++) {
    int argument = required_argument;
    if (options[row].type == OPTION_FLAG) argument = no_argument;
    if (options[row].type == OPTION_SWITCH) argument = optional_argument;
    longs[row] = (struct option){options[row].name, argument, NULL, code(options, row)};
    if (!options[row].letter) continue;
    *letters++ = options[row].letter;
    if (argument == required_argument) *letters++ = ':';
  }
  longs[row] = (struct option){"help", optional_argument, NULL, 'h'};
  longs[row + 1] = (struct option){"version", no_argument, NULL, 'V'};
  longs[row + 2] = (struct option){0};
  memcpy(letters, "hV", 3);
  return row;
}

static const Option *find(const Option *options, int rows, int wanted) {
  for (int row = 0; row < rows; row++)
    if (code(options, row) == wanted) return &options[row];
  return NULL;
}

static bool among(const char *words, const char *word) {
  for (size_t n; *words; words += n + (words[n] == '|')) {
    n = strcspn(words, "|");
    if (strlen(word) == n && strncmp(words, word, n) == 0) return true;
  }
  return false;
}

/* The row of an option, whose name has n letters. */
static int row_of(const Option *options, const char *name, size_t n) {
  int row = 0;
  while (strlen(options[row].name) != n || strncmp(options[row].name, name, n) != 0) row++;
  return row;
}

/* Whether an option that was given goes with what the one that its group names is set to. */
static int check_group(const Program *program, const Option *option, const void *settings,
                       Why *why) {
  char word[32];
  if (strncmp(option->group, with, strlen(with)) != 0) return 0;
  const char *name = option->group + strlen(with), *words = strchr(name, ' ') + 1;
  const int other = row_of(program->options, name, strcspn(name, " "));
  options_value(&program->options[other], settings, word, sizeof word);
  return among(words, word)
             ? 0
             : fail(why, "--%s: goes %s, not with '%s'", option->name, option->group, word);
}

/* Whether an option was given, with one of these values unless they are NULL. */
static bool is_given(const Option *options, const bool *given, const void *settings,
                     const char *name, const char *values) {
  char value[32];
  const int row = row_of(options, name, strlen(name));
  if (!given[row] || !values) return given[row];
  options_value(&options[row], settings, value, sizeof value);
  return among(values, value);
}

static bool is_clash(const Clash *clash, const Option *options, const bool *given,
                     const void *settings) {
  if (!is_given(options, given, settings, clash->option, NULL)) return false;
  if (clash->fits && is_given(options, given, settings, clash->option, clash->fits)) return false;
  if (!is_given(options, given, settings, clash->with, clash->value)) return false;
  return !clash->and || is_given(options, given, settings, clash->and, NULL);
}

static int check_clashes(const Program *program, const bool *given, const void *settings,
                         Why *why) {
  for (const Clash *clash = program->clashes; clash && clash->option; clash++)
    if (is_clash(clash, program->options, given, settings))
      return fail(why, "--%s: %s", clash->option, clash->reason);
  return 0;
}

/* ---- what was mistyped ---------------------------------------------------------------------- */

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
  for (int i = 0; options_choice(option, i, word); i++) suggest_offer(&suggestion, word);
  return suggestion;
}

/* "--stride, --strands or --seed": the options that begin with what was typed; gives back how many.
 */
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

/* Of a word behind two dashes. */
static int unknown_name(const struct option *longs, const char *typed, Why *why) {
  char list[512] = "", hint[64];
  const int n = (int)strcspn(typed, "=");
  if (optopt != 0) return fail(why, "--%s: takes no value; write --%.*s", typed, n, typed);
  if (n > 0 && candidates(longs, typed, list) > 1)
    return fail(why, "option '--%.*s' is ambiguous: it may be %s; write more of it", n, typed,
                list);
  const Suggestion nearest = nearest_option(longs, typed);
  did_you_mean(&nearest, "--", "; --help lists them", hint);
  return fail(why, "unknown option '--%s'%s", typed, hint);
}

/* Of a letter behind one dash, in a word that may be a long option's name. */
static int unknown_letter(const struct option *longs, const char *letters, int letter,
                          const char *word, Why *why) {
  char hint[64];
  const int other = islower(letter) ? toupper(letter) : tolower(letter);
  Suggestion nearest = {.word = ""};
  if (word) nearest = nearest_option(longs, word + 1);
  if (*nearest.word && isalpha(letter)) {
    did_you_mean(&nearest, "--", "", hint);
    return fail(why, "unknown option '%s'%s", word, hint);
  }
  if (isalpha(letter) && strchr(letters, other))
    return fail(why, "unknown option '-%c'; did you mean -%c?", letter, other);
  return fail(why, "unknown option '-%c'; --help lists them", letter);
}

/* The word that getopt_long is in the middle of, where it begins with this letter; else NULL. */
static const char *word_of(char **argv, int letter) {
  const char *word = argv[optind];
  return word && word[0] == '-' && word[1] == letter && word[2] ? word : NULL;
}

/* getopt_long has given '?'. */
static int cannot_parse(const struct option *longs, const char *letters, char **argv, Why *why) {
  const bool known = optopt >= LONG_ONLY || (optopt != ':' && strchr(letters, optopt));
  if (optopt != 0 && !known)
    return unknown_letter(longs, letters, optopt, word_of(argv, optopt), why);
  return unknown_name(longs, argv[optind - 1] + 2, why);
}

/* typed is how the option was named: "-B" or "--lanes". */
static int wrong_value(const Option *option, const struct option *longs, const char *typed,
                       const char *value, Why *why) {
  char must[160], hint[64] = "", word[SUGGEST_ROOM];
  Suggestion nearest = {.word = ""};
  expected(option, must);
  if (option->type == OPTION_CHOICE) nearest = nearest_choice(option, value);
  did_you_mean(&nearest, "", "", hint);
  snprintf(word, sizeof word, "%c%.*s", option->letter, (int)strcspn(value, "="), value);
  for (; typed[1] != '-' && longs->name; longs++) /* "-epochs 5" is -e 'pochs' */
    if (strcmp(longs->name, word) == 0) snprintf(hint, sizeof hint, "; did you mean --%s?", word);
  return fail(why, "%s '%s': must be %s%s", typed, value, must, hint);
}

OptionsWish options_parse(const Program *program, void *settings, int argc, char **argv,
                          CommandLine *line, Why *why) {
  struct option longs[OPTIONS_MAX];
  char letters[2 * OPTIONS_MAX], name[64];
  int rows = getopt_tables(program->options, longs, letters), wish, row;
  const char *last = argc > 0 ? argv[argc - 1] : ""; /* musl's getopt_long moves it */
  *line = (CommandLine){.operands = argc};
  opterr = 0;
  optind = 0; /* 0: glibc forgets where an earlier parse stopped */
  for (;;) {
    row = -1;
    wish = getopt_long(argc, argv, letters, longs, &row);
    if (wish == -1) break;
    const Option *option = find(program->options, rows, wish);
    if (wish == 'h' && row < 0 && word_of(argv, 'h')) /* "-hidden 64" */
      return unknown_letter(longs, letters, 'h', word_of(argv, 'h'), why);
    if (wish == 'h') {
      line->topic = optarg;
      return OPTIONS_HELP;
    }
    if (wish == 'V') return OPTIONS_VERSION;
    if (wish == ':') return fail(why, "option '%s' needs a value", last);
    if (!option) return cannot_parse(longs, letters, argv, why);
    if (set(option, settings, optarg) != 0) { /* getopt sets row where a name was typed */
      const char letter[] = {'-', option->letter, 0};
      snprintf(name, sizeof name, "--%s", option->name);
      return wrong_value(option, longs, row < 0 ? letter : name, optarg, why);
    }
    line->given[option - program->options] = true;
  }
  for (row = 0; row < rows; row++)
    if (line->given[row] && check_group(program, &program->options[row], settings, why) != 0)
      return OPTIONS_ERROR;
  if (check_clashes(program, line->given, settings, why) != 0) return OPTIONS_ERROR;
  line->operands = optind;
  return OPTIONS_RUN;
}
