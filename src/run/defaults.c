#include "run/defaults.h"

/* Options on which the defaults of others depend. */
static const char causes[] = "max-time|schedule|optimizer|epochs|lanes|timesteps";

void defaults_text(const Option *option, const TrainOptions *options, uint64_t train_tokens,
                   char *text, size_t size) {
  TrainOptions usual = {0};
  char value[64];
  Why why;
  options_default(&train_program, &usual);
  for (const Option *cause = train_program.options; cause->name; cause++) {
    if (cause == option || option_find(causes, cause->name) < 0) continue;
    option_value(cause, options, value, sizeof value);
    if (*value) (void)!option_restore(cause, &usual, value);
  }
  if (train_options_complete(&usual, &why) == 0) train_options_fit(&usual, train_tokens);
  option_value(option, &usual, text, size);
}
