/* predict_batch: the stretches of records that are predicted side by side, with their results.
 * Private to predict. */
#ifndef PREDICT_BATCH_H
#define PREDICT_BATCH_H

#include "scoring/predict_net.h"

typedef struct {
  Slot *slot;           /* (slots) */
  Slot **longest_first; /* (slots) */
  int slots;
  int used;      /* slots with a stretch */
  Slot **record; /* (records) first slot of each record, whose slots are consecutive */
  int records;
  double part; /* part of the file, up to the last stretch of the batch */
} Batch;

Batch batch_new(int slots);
void batch_free(Batch *batch, int nets);

/* All is borrowed. */
typedef struct {
  Steps *steps;
  const PredictNet *net; /* (nets) */
  int nets;
  size_t most_steps; /* a batch ends once it has more steps */
} BatchSource;

/* Reads stretches until all slots of a batch have one or the file ends; or until stretches at hand
 * (in the batch, or elsewhere if `waiting`) would have to wait for the next one. Returns 1 if there
 * may be more, otherwise 0; -1 on error, after which the stretches before it remain valid. */
int batch_read(Batch *batch, const BatchSource *source, bool waiting, Why *why);

/* Makes the results of all networks for a stretch or for a record. */
Outcome *outcome_new(const PredictNet *net, int nets);
void outcome_free(Outcome *of, int nets);

#endif
