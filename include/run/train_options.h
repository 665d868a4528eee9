/* train_options: the options of rnntrain and their table. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int lowercase; /* Lowercase */
  int min_quality;
  uint64_t min_length;
  int k, s, strands;
  int d, D, activation, softmax;
  int epochs; /* -1: no limit; 0: no training */
  int B;      /* 0: auto, until train_options_fit has chosen */
  int T, optimizer, schedule, patience, log_every, threads;
  double rate; /* 0: the default of the optimizer and the lanes, until train_options_fit */
  double clip, valid_fraction, max_time, checkpoint_every;
  uint64_t warmup, seed;
  uint64_t memory_limit; /* bytes of the memory of repeats; 0: no limit */
  const char *init, *valid, *output;
  int resume; /* 1: --resume, 2: --resume=auto */
  bool memory, circular, force, dry_run, report, multiqc, quiet, no_progress;
} TrainOptions;

extern const Program train_program;

/* Whether a report or the files for MultiQC are requested. */
bool train_options_report(const TrainOptions *options);

/* Whether run.json and the checkpoint list an option. The options of a memory are listed only if
 * the run has one, and --lowercase only if it is ambiguous. The files of other runs thus stay as
 * they were before these options existed. */
bool train_options_list(const TrainOptions *options, const Option *option);

/* Whether an option can change the model of a complete run. */
bool train_options_matters(const Option *option);

/* Checks that the command line is complete: its options and the n_files FILEs. */
int train_options_check(const TrainOptions *options, const char *const *files, int n_files,
                        Why *why);

/* The largest number of lanes with this many timesteps. */
int train_options_most_lanes(int T);

/* Checks that the options fit each other, and sets the defaults that depend on other options. */
int train_options_complete(TrainOptions *options, Why *why);

/* The number of lanes of --lanes auto for a run with this many tokens and epochs; epochs -1: no
 * limit. 32, or up to 1024 if each lane reads at least four million of them in the run
 * (docs/learning-tables.md, Lanes). */
int train_options_lanes(uint64_t train_tokens, int epochs);

/* Sets the lanes and the learning rate if they depend on the number of training tokens. */
void train_options_fit(TrainOptions *options, uint64_t train_tokens);

/* Gives the completed options of rank 0 to all ranks, except for texts and the number of
 * threads. */
void train_options_share(TrainOptions *options);

#endif
