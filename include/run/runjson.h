/* runjson: run.json, what a run is and how it went, for programs. */
#ifndef RUNJSON_H
#define RUNJSON_H

#include "io/atomicfile.h"
#include "model/exam.h"
#include "net/rnn.h"
#include "run/commands.h"
#include "run/train_options.h"
#include "sequence/dataset.h"
#include "sequence/markov.h"

#include <time.h>

/* What run.json says; strings and arrays are borrowed. */
typedef struct {
  const char *status;  /* "running", "done", "stopped early", "out of time", "interrupted",
                          "diverged" */
  const char *started; /* as runjson_time has it */
  const Commands *commands;
  const TrainOptions *options;
  const Shape *shape;
  const Dataset *dataset;
  const Markov *markov;        /* NULL: no validation */
  const Exam *exam;            /* NULL: no validation, or the run has not ended */
  const char *examination;     /* "whole", "shortened"; NULL: there is none */
  const char *library, *level; /* OpenBLAS, CPU level of the loops */
  uint64_t train_tokens, valid_tokens;
  uint64_t steps, tokens, skipped_steps;
  double best_valid_loss, seconds;
  double longest_step, longest_checkpoint; /* seconds, since the program began */
  uint64_t best_step;
} RunJson;

void runjson_time(time_t when, char text[32]); /* "2026-11-22T15:31:19Z" */

/* Writes it to a file that was just opened and frees it; NULL is an error that `why` says already.
 */
int runjson_write(AtomicFile *file, const RunJson *run, Why *why);

#endif
