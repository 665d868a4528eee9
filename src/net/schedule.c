#include "net/schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846, end = 0.02, fall = 0.5;
enum { PLATEAU_PATIENCE = 2, PLATEAU_HALVINGS = 6 };

/* The factor of the rate in this part of the run: from 1 down to `end`. */
static double left(ScheduleKind kind, double part) {
  part = fmin(part, 1);
  switch (kind) {
  case SCHEDULE_LINEAR: return end + (1 - end) * fmin(1, (1 - part) / fall);
  case SCHEDULE_COSINE: return end + (1 - end) * (1 + cos(pi * part)) / 2;
  case SCHEDULE_CONSTANT:
  case SCHEDULE_PLATEAU: break;
  }
  return 1;
}

double schedule_rate(const Schedule *schedule, uint64_t step, double part) {
  double rate = schedule->rate * exp2(-(double)schedule->halvings);
  if (step < schedule->warmup) rate *= (double)step / (double)schedule->warmup;
  return rate * left(schedule->kind, part);
}

void schedule_validated(Schedule *schedule, bool improved) {
  schedule->stale = improved ? 0 : schedule->stale + 1;
  if (schedule->kind != SCHEDULE_PLATEAU || schedule->stale < PLATEAU_PATIENCE) return;
  schedule->halvings++;
  schedule->stale = 0;
}

bool schedule_over(const Schedule *schedule) { return schedule->halvings > PLATEAU_HALVINGS; }
