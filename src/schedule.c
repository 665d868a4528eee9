#include "schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846, cosine_end = 0.02;
enum { PLATEAU_PATIENCE = 2, PLATEAU_HALVINGS = 6 };

double schedule_rate(const Schedule *schedule, uint64_t step, double part) {
  double rate = ldexp(schedule->rate, -schedule->halvings);
  if (step < schedule->warmup) rate *= (double)step / (double)schedule->warmup;
  if (schedule->kind != COSINE) return rate;
  return rate * (cosine_end + (1 - cosine_end) * (1 + cos(pi * fmin(part, 1))) / 2);
}

void schedule_validated(Schedule *schedule, int improved) {
  schedule->stale = improved ? 0 : schedule->stale + 1;
  if (schedule->kind != PLATEAU || schedule->stale < PLATEAU_PATIENCE) return;
  schedule->halvings++;
  schedule->stale = 0;
}

int schedule_over(const Schedule *schedule) { return schedule->halvings > PLATEAU_HALVINGS; }
