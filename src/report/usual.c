#include "report/usual.h"

#include "run/train_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Options on which the defaults of others depend. */
static const char *const causes[] = {"max-time", "schedule", "optimizer",
                                     "epochs",   "lanes",    "timesteps"};

static const Option *find(const char *name) {
  const Option *option = train_program.options;
  while (option->name && strcmp(option->name, name) != 0) option++;
  return option->name ? option : NULL;
}

static const char *value_of(const Summary *run, const char *name) {
  for (size_t i = 0; i < run->n_options; i++)
    if (strcmp(run->options[i].name, name) == 0) return run->options[i].value;
  return "";
}

/* The defaults in a run that has this one's values for all causes but the option itself. */
static TrainOptions defaults_for(const char *name, const Summary *run) {
  const double tokens =
      run->train_tokens >= 0 && run->train_tokens < 0x1p53 ? run->train_tokens : 0;
  TrainOptions options = {0};
  Why why;
  options_default(&train_program, &options);
  for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
    const char *value = value_of(run, causes[i]);
    if (strcmp(name, causes[i]) != 0 && *value) (void)!option_set(find(causes[i]), &options, value);
  }
  if (train_options_complete(&options, &why) == 0) train_options_fit(&options, (uint64_t)tokens);
  return options;
}

/* Whether a default is the value that run.json has, which rounds. */
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
  const TrainOptions options = defaults_for(option->name, run);
  option_value(row, &options, usual, sizeof usual);
  return same(row, usual, option->value);
}
