/* validation: what a person reads about it: which part of the input it is, and what came of it. */
#ifndef VALIDATION_H
#define VALIDATION_H

#include "dataset.h"
#include "markov.h"
#include "progress.h"
#include "train_options.h"

/* Prints the part of each file that validates, of the first few files, and a warning where records
 * are for validation only; has_list: run.json lists all files. */
void validation_say(Progress *progress, const Dataset *dataset, bool has_list);

/* What came of it. */
typedef struct {
  double bits; /* per base: of the model */
  const Markov *markov;
  uint64_t predicted, bases; /* bases that tokens predict; all of the validation */
  uint64_t train_tokens;     /* of an epoch */
  size_t parameters;
} Outcome;

/* Prints the model's bits per base beside those of the best Markov model, and where the model has
 * more, what to try. */
void validation_say_end(Progress *progress, const TrainOptions *options, const Outcome *outcome);

#endif
