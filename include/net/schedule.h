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

/* Over the first `warmup` steps the rate rises from 0, linearly; besides,
 *   linear    it stays for half of the run, then falls in a straight line to 2 % of itself
 *   cosine    it falls along half a cosine to 2 % of itself
 *             (I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, one cycle)
 *   constant  it stays
 *   plateau   it halves whenever validation has not improved twice in a row; the seventh time
 *             ends the run. */
typedef struct {
  ScheduleKind kind;
  double rate;
  uint64_t warmup;
  uint64_t halvings; /* plateau: so far */
  uint64_t stale;    /* validations since the last improvement, or under plateau since a halving */
} Schedule;

/* The rate of a step, from 1 on, when this fraction of the run, 0..1, is done. */
double schedule_rate(const Schedule *schedule, uint64_t step, double part);
void schedule_validated(Schedule *schedule, bool improved);
bool schedule_over(const Schedule *schedule); /* whether the run should end */

#endif
