#include "cli/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int option_find(const char *words, const char *word) {
  const size_t n = strlen(word);
  for (int i = 0; words; i++) {
    if (strncmp(words, word, n) == 0 && strcspn(words, "|") == n) return i;
    words = strchr(words, '|');
    if (words) words++;
  }
  return -1;
}

bool option_choice(const Option *option, int i, char word[32]) {
  const char *from = option->argument;
  for (; i > 0 && from; i--) from = strchr(from, '|') ? strchr(from, '|') + 1 : NULL;
  if (!from) return false;
  snprintf(word, 32, "%.*s", (int)strcspn(from, "|"), from);
  return true;
}

void option_range(const Option *option, char text[64]) {
  text[0] = 0;
  if (option->type == OPTION_REAL) snprintf(text, 64, "%g..%g", option->min, option->max);
  if (option->type == OPTION_INT || option->type == OPTION_COUNT)
    snprintf(text, 64, "%.0f..%.0f", option->min, option->max);
}

/* The number at the beginning of text, decimal and finite, and the rest of the text. */
static int begin_real(const char *text, double *value, const char **rest) {
  char *end;
  const char *digits = text + strspn(text, "+-");
  if (!isdigit((unsigned char)digits[digits[0] == '.']) || (digits[1] | 32) == 'x') return -1;
  *value = strtod(text, &end);
  *rest = end;
  return isfinite(*value) ? 0 : -1;
}

static int parse_real(const Option *option, const char *text, double *value) {
  const char *rest;
  if (begin_real(text, value, &rest) != 0 || *rest) return -1;
  return *value >= option->min && *value <= option->max ? 0 : -1;
}

/* A unit that a number may end with. */
typedef struct {
  const char *name;
  double value;
} Unit;

/* Parses a number above 0 with one of n units. */
static int parse_units(const char *text, const Unit *units, size_t n, double *value) {
  const char *rest;
  if (begin_real(text, value, &rest) != 0) return -1;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(rest, units[i].name) != 0) continue;
    *value *= units[i].value;
    return *value > 0 && isfinite(*value) ? 0 : -1;
  }
  return -1;
}

static int parse_duration(const char *text, double *seconds) {
  static const Unit units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  return parse_units(text, units, sizeof units / sizeof *units, seconds);
}

static int parse_size(const char *text, uint64_t *bytes) {
  static const Unit units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}};
  double value;
  if (parse_units(text, units, sizeof units / sizeof *units, &value) != 0) return -1;
  if (value < 1 || value > 0x1p53) return -1;
  *bytes = (uint64_t)value;
  return 0;
}

/* Compared as integers: the number after the end of a range may be the same double. */
static int parse_count(const Option *option, const char *text, uint64_t *value) {
  char *end;
  if (!isdigit((unsigned char)text[0])) return -1;
  errno = 0;
  *value = strtoull(text, &end, 10);
  if (*end != 0 || errno != 0) return -1;
  return *value >= (uint64_t)option->min && *value <= (uint64_t)option->max ? 0 : -1;
}

/* An option may accept a word in place of a number; its value is then min - 1. */
static int parse_int(const Option *option, const char *text, int *value) {
  uint64_t count = 0;
  const bool word = option_find(option->argument, text) == 1;
  if (!word && parse_count(option, text, &count) != 0) return -1;
  *value = word ? (int)option->min - 1 : (int)count;
  return 0;
}

static int add_text(TextList *texts, const char *text) {
  if (!*text || texts->n == OPTION_TEXTS_MAX) return -1;
  texts->text[texts->n++] = text;
  return 0;
}

int option_set(const Option *option, void *settings, const char *text) {
  void *to = (char *)settings + option->offset;
  switch (option->type) {
  case OPTION_FLAG: *(bool *)to = true; return 0;
  case OPTION_INT: return parse_int(option, text, to);
  case OPTION_COUNT: return parse_count(option, text, to);
  case OPTION_REAL: return parse_real(option, text, to);
  case OPTION_DURATION: return parse_duration(text, to);
  case OPTION_SIZE: return parse_size(text, to);
  case OPTION_CHOICE:
    *(int *)to = option_find(option->argument, text);
    return *(int *)to < 0 ? -1 : 0;
  case OPTION_SWITCH:
    if (text && strcmp(text, option->argument) != 0) return -1;
    *(int *)to = text ? 2 : 1;
    return 0;
  case OPTION_TEXT: *(const char **)to = text; return *text ? 0 : -1;
  case OPTION_TEXTS: return add_text(to, text);
  }
  return -1;
}

/* With the fewest digits that restore the number. */
static void real_text(double value, char *text, size_t size) {
  snprintf(text, size, "%.10g", value);
  if (strtod(text, NULL) != value) snprintf(text, size, "%.17g", value);
}

void option_value(const Option *option, const void *settings, char *text, size_t size) {
  const void *field = (const char *)settings + option->offset;
  char word[32] = "";
  switch (option->type) {
  case OPTION_FLAG: snprintf(text, size, "%s", *(const bool *)field ? "yes" : "no"); break;
  case OPTION_INT:
    snprintf(text, size, "%d", *(const int *)field);
    if (*(const int *)field >= option->min) break;
    option_choice(option, 1, word);
    snprintf(text, size, "%s", word);
    break;
  case OPTION_COUNT:
  case OPTION_SIZE: snprintf(text, size, "%" PRIu64, *(const uint64_t *)field); break;
  case OPTION_REAL:
  case OPTION_DURATION: real_text(*(const double *)field, text, size); break;
  case OPTION_CHOICE:
    if (*(const int *)field >= 0) option_choice(option, *(const int *)field, word);
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

int option_restore(const Option *option, void *settings, const char *text) {
  const bool yes = strcmp(text, "yes") == 0, flag = option->type == OPTION_FLAG;
  char unset[64];
  option_value(option, settings, unset, sizeof unset);
  if (strcmp(text, unset) == 0) return 0;
  if (flag && !yes) return -1;
  return option_set(option, settings, flag || (option->type == OPTION_SWITCH && yes) ? NULL : text);
}
