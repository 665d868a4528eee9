/* budget: how the time of --max-time is shared. All times are seconds since the run began.
 *
 * Training has what is left after the last validation, the last checkpoint and the examination of
 * the model. What these take is measured where one has happened, and else estimated from the steps.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  double limit;      /* of the run; 0: none */
  double began;      /* when training began, in this program */
  double step_time;  /* of all steps of this program, */
  uint64_t steps;    /* which are so many */
  uint64_t windows;  /* of a validation, about; 0: there is none */
  double validation; /* seconds of the last whole one; 0: not known yet */
  double save;       /* of the longest checkpoint; 0: not known yet */
} Budget;

/* What a validation is expected to take; 0 where nothing is known. */
double budget_validation(const Budget *budget);

/* Whether validation may have the time that it takes: half of what is left to training. Where it
 * takes more, the run does without. */
bool budget_validates(const Budget *budget);

/* Whether there is still time for one, at this time. */
bool budget_has_validation(const Budget *budget, double now);

/* When training must end; INFINITY without a limit. */
double budget_end(const Budget *budget);

/* When a validation is given up: a little over the limit. */
double budget_deadline(const Budget *budget);

/* The part of the training that is over, 0..1; 0 without a limit. */
double budget_part(const Budget *budget, double now);

#endif
