#include "sequence/bits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double UNPREDICTED = 2;

double bits_per_base(double nats, double bases) { return nats / (bases * M_LN2); }

double bits_over_all(double bits, double predicted, double bases) {
  if (predicted == 0) return bases > 0 ? UNPREDICTED : NAN;
  return UNPREDICTED + (bits - UNPREDICTED) * (predicted / bases);
}

bool bits_differ(double a, double b) {
  char text_a[32], text_b[32];
  snprintf(text_a, sizeof text_a, "%.4f", a);
  snprintf(text_b, sizeof text_b, "%.4f", b);
  return isfinite(a) && isfinite(b) && strcmp(text_a, text_b) != 0;
}
