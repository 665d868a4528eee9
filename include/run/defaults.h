/* defaults: the values that the options of a run have by default. Those of the lanes, the epochs
 * and the learning rate follow from other options and from the k-mers to learn from. */
#ifndef DEFAULTS_H
#define DEFAULTS_H

#include "run/train_options.h"

/* The default of an option, as option_value writes it, in a run whose other options have these
 * values. */
void defaults_text(const Option *option, const TrainOptions *options, uint64_t train_tokens,
                   char *text, size_t size);

#endif
