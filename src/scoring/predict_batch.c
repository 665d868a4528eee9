#include "scoring/predict_batch.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 1 << 20 }; /* bytes of the names in a batch, which the last name may exceed */

/* ---- memory --------------------------------------------------------------------------------- */

Outcome *outcome_new(const PredictNet *net, int nets) {
  Outcome *of = alloc_new((size_t)nets, sizeof *of);
  for (int i = 0; i < nets; i++) {
    const size_t D = (size_t)net[i].model->shape.D;
    of[i].seam = alloc_floats(D);
    of[i].h = alloc_floats(D);
    if (net[i].wish->with_sum) of[i].h_sum = alloc_new(D, sizeof *of[i].h_sum);
  }
  return of;
}

void outcome_free(Outcome *of, int nets) {
  for (int i = 0; of && i < nets; i++) {
    free(of[i].seam);
    free(of[i].h);
    free(of[i].h_sum);
    evidence_clear(&of[i].evidence);
  }
  free(of);
}

Batch batch_new(int slots) {
  return (Batch){.slot = alloc_new((size_t)slots, sizeof(Slot)),
                 .longest_first = alloc_new((size_t)slots, sizeof(Slot *)),
                 .slots = slots,
                 .record = alloc_new((size_t)slots, sizeof(Slot *))};
}

void batch_free(Batch *batch, int nets) {
  for (int i = 0; i < batch->slots; i++) {
    Slot *slot = &batch->slot[i];
    stretch_clear(&slot->stretch);
    outcome_free(slot->of, nets);
    free(slot->J);
    free(slot->kept);
  }
  free(batch->slot);
  free(batch->longest_first);
  free(batch->record);
}

/* Allocates a slot when it gets its first stretch, because most inputs do not need all slots. */
static void new_slot(Slot *slot, const BatchSource *source) {
  const PredictWish *wish = source->net->wish;
  stretch_init(&slot->stretch);
  slot->of = outcome_new(source->net, source->nets);
  if (wish->with_loss && wish->each_step) slot->J = alloc_new(STEPS_MAX, sizeof *slot->J);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int longer_first(const void *a, const void *b) {
  const Slot *one = *(Slot *const *)a, *other = *(Slot *const *)b;
  if (other->stretch.n != one->stretch.n) return other->stretch.n - one->stretch.n;
  return (one > other) - (one < other); /* qsort is not stable everywhere */
}

/* Adds the last stretch read. */
static void add_slot(Batch *batch) {
  Slot *slot = &batch->slot[batch->used];
  if (batch->used == 0 || slot->stretch.first) batch->record[batch->records++] = slot;
  batch->longest_first[batch->used++] = slot;
}

int batch_read(Batch *batch, const BatchSource *source, bool waiting, Why *why) {
  Steps *steps = source->steps;
  size_t names = 0 /* bytes */, n = 0;
  int more = 1;
  batch->records = 0;
  for (batch->used = 0; batch->used < batch->slots; waiting = true) {
    Slot *slot = &batch->slot[batch->used];
    if (names >= NAMES_MAX || n >= source->most_steps) break;
    if (waiting && steps_wait(steps)) break;
    if (!slot->of) new_slot(slot, source);
    more = steps_read(steps, &slot->stretch, why);
    if (more <= 0) break;
    if (slot->stretch.first) names += strlen(slot->stretch.name);
    n += (size_t)slot->stretch.n;
    add_slot(batch);
  }
  batch->part = steps_file(steps) ? seqfile_part(steps_file(steps)) : 0;
  for (int i = batch->used; i < batch->slots; i++) stretch_drop_name(&batch->slot[i].stretch);
  qsort(batch->longest_first, (size_t)batch->used, sizeof(Slot *), longer_first);
  return more;
}
