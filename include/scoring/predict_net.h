/* predict_net: one of the networks of a predictor, which computes stretches side by side. Private
 * to predict. */
#ifndef PREDICT_NET_H
#define PREDICT_NET_H

#include "scoring/predict.h"

/* The results of one of the networks for a stretch. */
typedef struct {
  double nats;
  float *seam;   /* (D) after the warm-up */
  float *h;      /* (D) after the last step */
  double *h_sum; /* (D) sum over its own steps; NULL unless requested */
  EvidenceSteps evidence;
  bool found; /* whether the memory contains the record */
} Outcome;

/* A stretch and its results. */
typedef struct {
  Stretch stretch;
  Outcome *of; /* (nets) */
  /* From the first network; NULL unless requested: */
  float *J;   /* (STEPS_MAX) */
  char *kept; /* output of distil for each of its own steps, or for the last, until the caller has
                 received it */
} Slot;

/* All pointers but factors and workspaces are borrowed. */
typedef struct {
  const Model *model;
  const PredictWish *wish;
  const Kernels *kernels;
  int number;     /* index of its outcomes in slots */
  bool remembers; /* whether to use its memory */
  Factors *factors;
  struct Workspace *work; /* (blocks) */
  int blocks;
  struct Workspace *mending; /* for a single slot */
} PredictNet;

/* With workspaces for this many blocks, which can run side by side. */
PredictNet predict_net_new(const Model *model, const PredictWish *wish, int number, int blocks,
                           int threads, const Kernels *kernels);
void predict_net_free(PredictNet *net);

/* Whether the requested results need logits. */
bool predict_net_has_logits(const PredictWish *wish);

/* Computes slots (n), at most PREDICT_BLOCK and the longest first, window by window, in the
 * workspace of a block. */
void predict_net_run(const PredictNet *net, int block, Slot *const *slots, int n);

/* Computes a stretch again, whose warm-up was too short, from the state h before it. */
void predict_net_mend(const PredictNet *net, Slot *slot, const float *h);

#endif
