/* summary: run.json in memory, for the report and MultiQC's files. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "base/fail.h"
#include "report/examined.h"

#include <stddef.h>

enum { SUMMARY_COLUMNS = 11 };

/* A list of objects as columns: first columns of texts, then columns of numbers. */
typedef struct {
  const char *const *name; /* of the columns; NULL after the last */
  int texts;
  size_t n, all;                      /* rows: in memory (the first EXCERPT_KEPT); in the file */
  const char **text[SUMMARY_COLUMNS]; /* (n) each */
  double *number[SUMMARY_COLUMNS];    /* (n) each */
} SummaryList;

typedef struct {
  size_t n;
  const char **word; /* (n) */
} SummaryWords;

typedef struct {
  const char *name;
  char *value; /* a string as it is, other values as JSON */
} SummaryOption;

/* Numbers that are missing in run.json are NAN, texts "". */
typedef struct {
  const char *version, *status, *started, *written, *openblas, *cpu_level;
  const char *output, *valid; /* options */
  double k, s, d, D, clip, valid_fraction;
  double train_tokens, valid_tokens, parameters, markov_order, markov_bits; /* bits per base */
  double steps, tokens, skipped_steps, seconds, best_step, best_bits, whole_bits, peak_memory;
  double frozen_bits, adapting_bits; /* with a memory of repeats */
  SummaryList inputs, validation, calibration, flow;
  NextBases next;
  PassageData passage;
  SummaryWords *commands; /* (n_commands) the command lines of the run, the oldest first */
  size_t n_commands;
  SummaryOption *options; /* (n_options) in the order of the file */
  size_t n_options;
  void *json; /* owns the texts */
} Summary;

/* Columns of the drawn lists. */
enum { SUMMARY_PROBABILITY, SUMMARY_OBSERVED, SUMMARY_PREDICTIONS };
enum { SUMMARY_BACK, SUMMARY_LOWER, SUMMARY_MEDIAN, SUMMARY_UPPER };

/* Reads a run.json of this or an older version; to be freed with summary_free. After an error there
 * is nothing to free. */
int summary_read(Summary *summary, const char *path, Why *why);
void summary_free(Summary *summary);

#endif
