/* predict_batch: the stretches of records that are predicted side by side, with their results. A
 * part of predict, and seen there alone. */
#ifndef PREDICT_BATCH_H
#define PREDICT_BATCH_H

#include "scoring/predict_net.h"

typedef struct {
  Slot *slot;           /* (slots) */
  Slot **longest_first; /* (slots) */
  int slots;
  int used;      /* slots that have a stretch */
  Slot **record; /* (records) the first slot of each record, those of a record side by side */
  int records;
  double part; /* of the file, up to its last stretch */
} Batch;

Batch batch_new(int slots);
void batch_free(Batch *batch, int nets);

/* All is borrowed. */
typedef struct {
  Steps *steps;
  const PredictNet *net; /* (nets) */
  int nets;
  size_t most_steps; /* more end a batch */
} BatchSource;

/* Reads stretches until all slots of a batch have one or the file ends; or until the stretches that
 * are in hand, those of the batch or `waiting` ones, would have to wait for the next. Returns
 * whether there may be more, 1 or 0; or -1 after an error, which leaves the stretches before it as
 * they are. */
int batch_read(Batch *batch, const BatchSource *source, bool waiting, Why *why);

/* The results of all networks for a stretch, or for a record. */
Outcome *outcome_new(const PredictNet *net, int nets);
void outcome_free(Outcome *of, int nets);

#endif
