#include "schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846, cosine_end = 0.02;
enum { PLATEAU_PATIENCE = 2 };

double schedule_rate(const Schedule *schedule, double progress) {
  double rate = schedule->rate * schedule->factor;
  if (progress > 1) progress = 1;
  if (progress < schedule->warmup) return rate * progress / schedule->warmup;
  if (schedule->kind != COSINE || schedule->warmup >= 1) return rate;
  double after = (progress - schedule->warmup) / (1 - schedule->warmup);
  return rate * (cosine_end + (1 - cosine_end) * (1 + cos(pi * after)) / 2);
}

void schedule_validated(Schedule *schedule, int improved) {
  schedule->stale = improved ? 0 : schedule->stale + 1;
  if (schedule->kind != PLATEAU || schedule->stale < PLATEAU_PATIENCE) return;
  schedule->factor /= 2;
  schedule->stale = 0;
}
