#include "prediction/modes.h"
#include "prediction/saturation.h"

enum { WINDOW = 32 }; /* bases; docs/prediction.md has the measurement */

int mode_variants(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const uint32_t window = o->window > 0 ? (uint32_t)o->window : WINDOW;
  Alleles *alleles = alleles_new(task->models, window, o->threads, kernels_best());
  const int rc = saturation_run(task, alleles, why);
  alleles_free(alleles);
  return rc;
}
