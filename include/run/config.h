/* config: a training run: its options, its data and its beginning. Training changes none of it; its
 * state (checkpoint.h) is what changes. */
#ifndef CONFIG_H
#define CONFIG_H

#include "cli/progress.h"
#include "model/model.h"
#include "net/kernels.h"
#include "run/rundir.h"
#include "run/train_options.h"
#include "sequence/dataset.h"
#include "sequence/markov.h"

typedef struct Runlog Runlog; /* runlog.h */

/* The size of a memory of repeats; all 0: the run makes none. */
typedef struct {
  uint64_t bases, bytes;
  int m, every; /* its index (memory.h) */
} RepeatsSize;

/* All is borrowed. */
typedef struct RunConfig RunConfig;
struct RunConfig {
  const TrainOptions *options; /* complete: the actual number of threads, all defaults */
  Shape shape;
  const Dataset *dataset;
  uint64_t *inputs;                    /* (dataset->n,DATASET_COLUMNS) the identity of its files */
  uint64_t train_tokens, valid_tokens; /* of an epoch, of a validation */
  Markov markov;                       /* its best order is the baseline; unset: no validation */
  uint64_t memory;                     /* bytes that the run needs (plan.h) */
  RepeatsSize repeats;
  const Kernels *kernels;

  RunDir *dir;
  Runlog *log;
  Progress *progress;

  char *const *command; /* (n_command) as typed */
  int n_command;
  double began;        /* clock_now() when the program began: --max-time counts from there */
  const char *started; /* "2026-11-25T15:31:19Z": when the run began, maybe in another program */

  /* The model to start from: its weights become the run's. NULL weights: random ones. */
  Model *init;
  const char *init_crc32; /* of the model that the run started from; NULL: none */

  Metadata *origin; /* of the model (origin.h); NULL: of other ranks than 0 */

  Metadata *past;        /* of the checkpoint from which the run resumes; NULL: it begins */
  uint64_t *past_inputs; /* (n_past_inputs,DATASET_COLUMNS) the identity of its files */
  size_t n_past_inputs;

  /* Writes the files that report on the run in its directory; NULL: none are asked for. */
  int (*report)(const RunConfig *run, Why *why);
};

#endif
