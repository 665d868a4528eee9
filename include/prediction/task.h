/* task: the input of a mode of rnnpredict: options, models, files and output. */
#ifndef TASK_H
#define TASK_H

#include "io/output.h"
#include "io/table.h"
#include "memory/pool.h"
#include "model/model.h"
#include "net/trace.h"
#include "prediction/advance.h"
#include "prediction/candidates.h"
#include "prediction/predict_options.h"
#include "scoring/predict.h"

typedef struct {
  const PredictOptions *options;
  const Candidates *candidates; /* the names of the models, for mode classify */
  const Model *models;          /* (n_models) more than one only for mode classify */
  int n_models;
  const char *const *paths; /* (n_models) of the models */
  char *const *files;       /* (n_files) "-": standard input */
  int n_files;
  Output *output;
  Advance *advance;
} Task;

/* Called before any input is read: checks that all files exist, and that the output overwrites none
 * of them and no model. paths: (n_models) of the models. */
int task_check(const Task *task, const char *const *paths, Why *why);

/* The use of memories chosen by the options or the mode. */
EvidenceUse task_memory(const Task *task);

/* A table in the format of the options. */
Table *task_table(const Task *task, const char *const *columns, int n);

/* Calls take for all stretches of all records of all files, as predict_file does, and writes the
 * rows that take adds to table, which may be NULL. Prints the number of circular records. */
int task_predict(const Task *task, PredictWish wish, PredictTake *take, void *context, Table *table,
                 Why *why);

/* The first steps of a record's first run of k + s bases or more. */
typedef struct {
  const char *name;  /* of the record */
  uint64_t position; /* of the first base of the first k-mer, from 1 */
  int n;             /* steps; 0: none */
  int *x, *y;        /* (n) */
  int loss_at;       /* value of --loss-at, or the last step; 0: there is no such step */
} Beginning;

typedef int TaskTake(void *context, const Beginning *beginning, Why *why);

/* Calls take for the beginnings, of at most `most` steps, of all records of all files, and writes
 * the rows that take adds to table, which may be NULL. */
int task_begin(const Task *task, int most, TaskTake *take, void *context, Table *table, Why *why);

/* The number of timesteps in the options, or else the default `usual` of the mode. */
int task_timesteps(const Task *task, int usual);

/* Makes a pool over the memory of the model; NULL if it has none or the options exclude it. */
Pool *task_pool(const Task *task);

/* Reads the next k-mer into the pool, unless that is NULL, and sets the evidence of the trace.
 * Returns the class of the pool. */
int task_evidence(const Task *task, Pool *pool, int x, bool restart, Trace *trace);

/* Prints warnings about a file that was read. named: output rows have the names of its records. */
void task_say_notes(const Task *task, const char *path, SeqNotes notes, bool named);

/* For take functions: checks that a number of a record is finite. */
int task_finite(const char *record, double number, Why *why);

#endif
