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

/* Checks, before anything is read, that all files exist, and that the output overwrites none of
 * them and no model; paths (n_models) are those of the models. */
int task_check(const Task *task, const char *const *paths, Why *why);

/* The use of memories, which the options or the mode choose. */
EvidenceUse task_memory(const Task *task);

/* A table in the format of the options. */
Table *task_table(const Task *task, const char *const *columns, int n);

/* Calls take for all stretches of all records of all files, as predict_file does, and writes the
 * rows that it puts into table, which may be NULL; prints the number of circular records. */
int task_predict(const Task *task, PredictWish wish, PredictTake *take, void *context, Table *table,
                 Why *why);

/* The first steps of a record's first run of k + s bases or more. */
typedef struct {
  const char *name;  /* of the record */
  uint64_t position; /* of the first base of the first k-mer, from 1 */
  int n;             /* steps, 0: there are none */
  int *x, *y;        /* (n) */
  int loss_at;       /* as --loss-at says, or the last; 0: there is no such step */
} Beginning;

typedef int TaskTake(void *context, const Beginning *beginning, Why *why);

/* Calls take for the beginnings, of `most` steps at most, of all records of all files, and writes
 * the rows that it puts into table, which may be NULL. */
int task_begin(const Task *task, int most, TaskTake *take, void *context, Table *table, Why *why);

/* The number of timesteps in the options, or else the mode's default. */
int task_timesteps(const Task *task, int usual);

/* A pool over the memory of the model; NULL: it has none, or the options leave it out. */
Pool *task_pool(const Task *task);

/* The pool, unless it is NULL, reads the next k-mer, and the trace gets its evidence. Returns its
 * class. */
int task_evidence(const Task *task, Pool *pool, int x, bool restart, Trace *trace);

/* Prints warnings about a file that was read. named: rows have the names of its records. */
void task_say_notes(const Task *task, const char *path, SeqNotes notes, bool named);

/* For take: whether a record's number is finite. */
int task_finite(const char *record, double number, Why *why);

#endif
