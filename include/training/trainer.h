/* trainer: a run in memory, with all that changes while it goes on, and how it gets into files. */
#ifndef TRAINER_H
#define TRAINER_H

#include "cli/progress.h"
#include "model/exam.h"
#include "net/bptt.h"
#include "net/schedule.h"
#include "run/checkpoint.h"
#include "run/commands.h"
#include "run/runjson.h"
#include "run/runlog.h"
#include "sequence/lanes.h"
#include "training/budget.h"
#include "training/phases.h"

/* What a run is made of; all borrowed. */
typedef struct {
  const TrainOptions *options; /* with threads and rate filled in */
  Shape shape;
  const Dataset *dataset;
  uint64_t memory; /* bytes that the run needs (plan.h) */
  Model *init; /* to start from, and its weights become the trainer's; none there: random ones */
  const char *init_crc32; /* of the model that the run began from, NULL: none */
  RunDir *dir;
  Runlog *log;
  Metadata *past;        /* of the checkpoint to go on from, NULL: the run begins */
  uint64_t *past_inputs; /* (n_past_inputs,DATASET_COLUMNS) its table of inputs */
  size_t n_past_inputs;
  const Kernels *kernels;
  Progress *progress;
  char *const *command; /* (n_command) as typed */
  int n_command;
  Phases *phases; /* that come before training */
  double started; /* clock_now() when the program began: what --max-time counts from */
} TrainRun;

/* Owns all but run, options and log; trainer_free frees it. */
typedef struct {
  const TrainRun *run;
  const TrainOptions *options;
  Lanes *lanes, *valid_lanes;
  Window *window;
  Bptt *bptt;
  Weights *weights, *best;
  Gradient *gradient; /* of the last window */
  Optimizer *optimizer;
  Schedule schedule;
  RunNumbers numbers;
  double *timestep_loss; /* (T) since the last rows of timestep_loss.tsv */
  uint64_t *timestep_tokens;
  float *h;        /* (B,D) for a checkpoint, or while validating */
  bool validating; /* h holds the training lanes' states */
  uint64_t *lanes_state;
  uint64_t *inputs;              /* (dataset->n,DATASET_COLUMNS) */
  double recent_bits;            /* of the last log row, for the progress line */
  double began, next_checkpoint; /* clock_now() */
  double earlier_seconds;        /* of the run's parts before this program */
  char started[32];              /* the run: "2026-11-25T15:31:19Z" */
  uint64_t earlier_tokens;
  Commands commands;    /* of the run, this one at the end */
  double least_seconds; /* that a checkpoint gives the run: one that is out of time stays so */
  double longest_step, longest_save; /* seconds, in this program */
  Budget budget;                     /* of --max-time */
  bool without_validation;           /* it was said that there is no time for one */
  Markov markov;
  Exam *exam;              /* of the model, once the run has come to its end; else NULL */
  const char *examination; /* as run.json has it; NULL: there was none yet */
  Runlog *log;
} Trainer;

/* Everything at the start of the run; markov and the clocks are the caller's to set. */
Trainer *trainer_new(const TrainRun *run);
void trainer_free(Trainer *train);

/* Bytes that trainer_new takes: for the weights, their gradient, average and moments; and for
 * windows. */
typedef struct {
  size_t weights, windows;
} TrainerMemory;

TrainerMemory trainer_memory(const TrainRun *run);

double trainer_elapsed(const Trainer *train); /* seconds of the run, in all its parts */

/* Goes back, or on, to where the run's checkpoint was written, and the logs with it. */
int trainer_resume(Trainer *train, Why *why);

/* A row of loss.tsv, with valid_loss where it was measured (else NAN), and T rows of
 * timestep_loss.tsv; what they sum up starts anew. */
int trainer_log(Trainer *train, double valid_loss, Why *why);

/* model.safetensors: the averaged weights that were best on validation, or where there is none, the
 * latest. */
int trainer_write_model(Trainer *train, Why *why);

/* Whether --max-time ends what goes on now. A resumed run without time left makes no step, but
 * still validates and examines its model. */
bool trainer_is_limited(const Trainer *train);

/* Looks at what the model shows on the validation span, for run.json. A signal may end it early,
 * and so may --max-time. */
void trainer_examine(Trainer *train);

/* run.json, with this status. */
int trainer_write_runjson(Trainer *train, const char *status, Why *why);

/* Whether what a checkpoint would hold is finite: else it must not take the place of one. Weights
 * stay as they are then; the states h may be finite again once lanes have begun new pieces. */
bool trainer_weights_finite(const Trainer *train);
bool trainer_states_finite(Trainer *train);

/* The checkpoint, then the model that goes with it once there is one, then run.json: what is
 * missing after the first can be made again from it. */
int trainer_save(Trainer *train, const char *status, Why *why);

#endif
