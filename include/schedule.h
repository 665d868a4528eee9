/* schedule: the learning rate over the course of a run. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

typedef enum { COSINE, CONSTANT, PLATEAU } ScheduleKind;

/* Progress is the part of the run that is done, 0..1. The rate rises linearly over the first
 * `warmup` of it; then
 *   cosine    it falls along half a cosine to 2 % of itself
 *             (I. Loshchilov, F. Hutter, "SGDR", ICLR 2017, one cycle)
 *   constant  it stays
 *   plateau   it halves whenever validation has not improved twice in a row. */
typedef struct {
  ScheduleKind kind;
  double rate, warmup;
  double factor; /* plateau: what the halvings have left, 1 at first */
  int stale;     /* plateau: validations since the last improvement or halving */
} Schedule;

double schedule_rate(const Schedule *schedule, double progress);
void schedule_validated(Schedule *schedule, int improved);

#endif
