#include "bits.h"

#include <math.h>

static const double UNPREDICTED = 2;

double bits_per_base(double nats, double bases) { return nats / (bases * M_LN2); }

double bits_over_all(double bits, double predicted, double bases) {
  if (predicted == 0) return bases > 0 ? UNPREDICTED : NAN;
  return UNPREDICTED + (bits - UNPREDICTED) * (predicted / bases);
}
