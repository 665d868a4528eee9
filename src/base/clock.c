#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

double clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void clock_text(double seconds, char text[32]) {
  const long s = lround(seconds);
  if (s < 60)
    snprintf(text, 32, "%lds", s);
  else if (s < 3600)
    snprintf(text, 32, "%ldm %02lds", s / 60, s % 60);
  else
    snprintf(text, 32, "%ldh %02ldm", s / 3600, s / 60 % 60);
}
