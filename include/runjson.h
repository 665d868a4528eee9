/* runjson: run.json, what a run is and how it went, for programs. */
#ifndef RUNJSON_H
#define RUNJSON_H

#include "dataset.h"
#include "exam.h"
#include "markov.h"
#include "rnn.h"
#include "train_options.h"

/* What run.json says; strings and arrays are borrowed. */
typedef struct {
  const char *status; /* "running", "done", "stopped early", "out of time", "interrupted",
                         "diverged" */
  char *const *command;
  int n_command;
  const TrainOptions *options;
  const Shape *shape;
  const Dataset *dataset;
  const Markov *markov;        /* NULL: no validation */
  const Exam *exam;            /* NULL: no validation, or the run has not ended */
  const char *library, *level; /* OpenBLAS, CPU level of the loops */
  uint64_t train_tokens, valid_tokens;
  uint64_t steps, tokens, skipped_steps;
  double best_valid_loss, seconds;
  double longest_step, longest_checkpoint; /* seconds, since the program began */
  uint64_t best_step;
} RunJson;

int runjson_write(const char *path, const RunJson *run, Why *why);

#endif
