/* defaults: the default values of the options of a run. Those of the lanes, the epochs and the
 * learning rate follow from other options and from the number of training k-mers. */
#ifndef DEFAULTS_H
#define DEFAULTS_H

#include "run/train_options.h"

/* Writes the default of an option, in the form of option_value, for a run with these options. */
void defaults_text(const Option *option, const TrainOptions *options, uint64_t train_tokens,
                   char *text, size_t size);

#endif
