/* runjson: run.json, the configuration and the results of a run in machine-readable form. */
#ifndef RUNJSON_H
#define RUNJSON_H

#include "model/exam.h"
#include "run/checkpoint.h"

typedef enum {
  RUN_STATUS_RUNNING,
  RUN_STATUS_DONE,
  RUN_STATUS_STOPPED_EARLY,
  RUN_STATUS_OUT_OF_TIME,
  RUN_STATUS_INTERRUPTED,
  RUN_STATUS_DIVERGED
} RunStatus;

/* The time to make the memory of repeats, and the bits per base of the validation with it; NAN: not
 * measured. */
typedef struct {
  double seconds;  /* for indexing and calibration */
  double frozen;   /* the memory holds the training sequence */
  double adapting; /* and also the part of the validation sequence that has been read */
} RepeatsResult;

/* The results of a run, besides its state. */
typedef struct {
  RunStatus status;
  Exam *exam;     /* of the model; NULL: no validation, or the run has not ended */
  double seconds; /* of the run so far */
  double longest_step, longest_checkpoint; /* seconds, in this program */
  RepeatsResult repeats;
} RunResult;

void runjson_now(char text[32]); /* "2026-11-22T15:31:19Z" */

const char *runjson_status(RunStatus status); /* "stopped early" */

/* Writes run.json to a file that was just opened and frees the file. If opening failed, file is
 * NULL, why has the reason, and the result is -1. */
int runjson_write(AtomicFile *file, const RunConfig *run, const RunState *state,
                  const RunResult *result, Why *why);

#endif
