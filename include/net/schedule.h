/* schedule: the learning rate over the course of a run. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* A row per schedule: its constant, and its word for --schedule. */
// clang-format off
#define SCHEDULE_TABLE(FIRST, ROW) \
  FIRST(LINEAR, linear)            \
  ROW(COSINE,   cosine)            \
  ROW(CONSTANT, constant)          \
  ROW(PLATEAU,  plateau)
// clang-format on

#define SCHEDULE_ENUM(NAME, ...) SCHEDULE_##NAME,
typedef enum { SCHEDULE_TABLE(SCHEDULE_ENUM, SCHEDULE_ENUM) } ScheduleKind;

/* Over the first `warmup` steps the rate rises linearly from 0. In addition:
 *   linear    it stays constant for half of the run, then falls linearly to 2 %
 *   cosine    it falls along half a cosine to 2 %
 *             (I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, one cycle)
 *   constant  it stays constant
 *   plateau   it halves whenever validation has not improved twice in a row; the seventh time
 *             ends the run. */
typedef struct {
  ScheduleKind kind;
  double rate;
  uint64_t warmup;
  uint64_t halvings; /* under plateau: number of halvings so far */
  uint64_t stale;    /* validations since the last improvement (plateau: or halving) */
} Schedule;

/* The rate of a step (counted from 1), when this part of the run, 0..1, is done. */
double schedule_rate(const Schedule *schedule, uint64_t step, double part);

/* Updates the schedule after a validation. */
void schedule_validated(Schedule *schedule, bool improved);
bool schedule_over(const Schedule *schedule); /* whether the run should end */

#endif
