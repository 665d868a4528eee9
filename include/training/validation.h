/* validation: messages about the validation: its ranges in the input, and its result. */
#ifndef VALIDATION_H
#define VALIDATION_H

#include "cli/progress.h"
#include "run/train_options.h"
#include "sequence/dataset.h"
#include "sequence/markov.h"

/* Prints the part of each file that validates, of the first few files, and a warning where records
 * are for validation only; has_list: run.json lists all files. */
void validation_say(Progress *progress, const Dataset *dataset, bool has_list);

/* Its result. */
typedef struct {
  double bits; /* per base: of the model */
  const Markov *markov;
  uint64_t predicted, bases; /* bases that tokens predict; all of the validation */
  uint64_t train_tokens;     /* of an epoch */
  size_t parameters;
  bool stopped_early; /* before its epochs or --max-time were over */
  bool overfits;      /* the best validation was in the first half of the run */
} Outcome;

/* Prints the bits per base of the model and of the best Markov model, and, if the model is worse,
 * suggestions. */
void validation_say_end(Progress *progress, const TrainOptions *options, const Outcome *outcome);

#endif
