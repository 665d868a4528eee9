/* budget: the shares of --max-time. All times are in seconds since the start of the run.
 *
 * Training gets the time that is left by the last validation, the last checkpoint, the memory of
 * repeats and the examination of the model. The durations of these are measured if one has
 * happened, or else estimated from the steps. */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  double limit;      /* of the run; 0: none */
  double began;      /* start of training in this program */
  double step_time;  /* total of all steps in this program */
  uint64_t steps;    /* number of these steps */
  uint64_t windows;  /* in a validation, approximately; 0: no validation */
  double validation; /* seconds of the last complete one; 0: unknown yet */
  double save;       /* of the longest checkpoint; 0: unknown yet */
  /* Estimates for the memory of repeats; all 0: the run makes none. */
  double indexing;              /* seconds */
  double pools;                 /* seconds of the pools per window */
  uint64_t calibration_windows; /* in the whole calibration */
} Budget;

/* Whether there is time for a validation now: a validation must not take more than half of the time
 * for training. */
bool budget_has_validation(const Budget *budget, double now);

/* When training must end; INFINITY without a limit. */
double budget_end(const Budget *budget);

/* When a validation is aborted: a little after the limit; before the first step (--init), after
 * half of the remaining time. */
double budget_deadline(const Budget *budget);

/* When a calibration that begins now must end; INFINITY without a limit. It gets a share of the
 * limit, or all the remaining time. */
double budget_calibration_end(const Budget *budget, double now);

/* The fraction of the training time that has passed, 0..1; 0 without a limit. */
double budget_part(const Budget *budget, double now);

#endif
