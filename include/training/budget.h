/* budget: the shares of --max-time. All times are seconds since the run began.
 *
 * Training has the time before the last validation, the last checkpoint, the memory of repeats and
 * the examination of the model. The durations of these are measured if one has happened, or else
 * estimated from the steps. */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  double limit;      /* of the run; 0: none */
  double began;      /* when training began, in this program */
  double step_time;  /* total of all steps in this program */
  uint64_t steps;    /* number of these steps */
  uint64_t windows;  /* in a validation, approximately; 0: no validation */
  double validation; /* seconds of the last whole one; 0: not known yet */
  double save;       /* of the longest checkpoint; 0: not known yet */
  /* Of the memory of repeats, estimated; all 0: the run makes none. */
  double indexing;              /* seconds */
  double pools;                 /* seconds that pools take for a window */
  uint64_t calibration_windows; /* of the whole calibration */
} Budget;

/* Whether there is time for a validation now. If it takes more than half of the time for training,
 * the run has none. */
bool budget_has_validation(const Budget *budget, double now);

/* When training must end; INFINITY without a limit. */
double budget_end(const Budget *budget);

/* When a validation is aborted: a little after the limit; before the first step (--init), when it
 * has taken half of the time that is left. */
double budget_deadline(const Budget *budget);

/* When a calibration that begins now must end; INFINITY without a limit. It has a share of the
 * limit, or all that is left. */
double budget_calibration_end(const Budget *budget, double now);

/* The fraction of the training time that has passed, 0..1; 0 without a limit. */
double budget_part(const Budget *budget, double now);

#endif
