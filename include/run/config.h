/* config: the configuration of a training run: its options, its data and its initial model.
 * Training does not change it; the changing state is in checkpoint.h. */
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

/* All pointers are borrowed. */
typedef struct RunConfig RunConfig;
struct RunConfig {
  const TrainOptions *options; /* complete: with all defaults and the actual number of threads */
  Shape shape;
  const Dataset *dataset;
  uint64_t *inputs;                    /* (dataset->n,DATASET_COLUMNS) the identity of its files */
  uint64_t train_tokens, valid_tokens; /* of an epoch, of a validation */
  Markov markov;                       /* its best order is the baseline; unset: no validation */
  uint64_t memory;                     /* bytes needed by the run (plan.h) */
  RepeatsSize repeats;
  const Kernels *kernels;

  RunDir *dir;
  Runlog *log;
  Progress *progress;

  char *const *command; /* (n_command) as typed */
  int n_command;
  double began;        /* clock_now() at the start of the program, from which --max-time counts */
  const char *started; /* "2026-11-25T15:31:19Z": start of the run, maybe in an earlier program */

  /* The model whose weights the run starts from. NULL weights: random ones. */
  Model *init;
  const char *init_crc32; /* of the model file that the run started from; NULL: none */

  Metadata *origin; /* of the model (origin.h); NULL on ranks other than 0 */

  Metadata *past;        /* of the checkpoint from which the run resumes; NULL: a new run */
  uint64_t *past_inputs; /* (n_past_inputs,DATASET_COLUMNS) the identity of its files */
  size_t n_past_inputs;

  /* Writes the report files in the run directory; NULL: not requested. */
  int (*report)(const RunConfig *run, Why *why);
};

#endif
