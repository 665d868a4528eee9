#include "report/usual.h"

#include "run/defaults.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const Option *find(const char *name) {
  const Option *option = train_program.options;
  while (option->name && strcmp(option->name, name) != 0) option++;
  return option->name ? option : NULL;
}

/* The options of a run without flags, on which no default depends. */
static TrainOptions options_of(const Summary *run) {
  TrainOptions options = {0};
  options_default(&train_program, &options);
  for (size_t i = 0; i < run->n_options; i++) {
    const Option *option = find(run->options[i].name);
    const char *value = run->options[i].value;
    const bool is_flag = option && option->type == OPTION_FLAG;
    if (option && *value && !is_flag) (void)!option_set(option, &options, value);
  }
  return options;
}

/* Whether a default equals the value in run.json, which is rounded. */
static bool same(const Option *option, const char *usual, const char *value) {
  const double a = strtod(usual, NULL), b = strtod(value, NULL);
  switch (option->type) {
  case OPTION_FLAG: return (strcmp(usual, "yes") == 0) == (strcmp(value, "true") == 0);
  case OPTION_INT:
  case OPTION_COUNT:
  case OPTION_SIZE:
  case OPTION_REAL:
  case OPTION_DURATION: return fabs(a - b) <= 1e-5 * fabs(a);
  default: return strcmp(usual, value) == 0;
  }
}

bool usual_option(const Summary *run, const SummaryOption *option) {
  const Option *row = find(option->name);
  char usual[4096];
  if (!row) return false;
  const double n = run->train_tokens;
  const uint64_t tokens = n >= 0 && n < 0x1p53 ? (uint64_t)n : 0;
  const TrainOptions options = options_of(run);
  defaults_text(row, &options, tokens, usual, sizeof usual);
  return same(row, usual, option->value);
}
