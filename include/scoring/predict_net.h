/* predict_net: one of the networks of a predictor, which runs through stretches side by side. A
 * part of predict, and seen there alone. */
#ifndef PREDICT_NET_H
#define PREDICT_NET_H

#include "scoring/predict.h"

/* The results of one of the networks for a stretch. */
typedef struct {
  double nats;
  float *seam;   /* (D) after the warm-up */
  float *h;      /* (D) after the last step */
  double *h_sum; /* (D) of its own steps; NULL unless wished for */
  EvidenceSteps evidence;
  bool found; /* the record is in the memory */
} Outcome;

/* A stretch and its results. */
typedef struct {
  Stretch stretch;
  Outcome *of; /* (nets) */
  /* Of the first network, NULL unless wished for: */
  float *J;   /* (STEPS_MAX) */
  char *kept; /* of each of its own steps, or of the last; while it is computed and handed out */
} Slot;

/* All but the factors and workspaces is borrowed. */
typedef struct {
  const Model *model;
  const PredictWish *wish;
  const Kernels *kernels;
  int number;     /* of its outcomes in slots */
  bool remembers; /* its memory is used */
  Factors *factors;
  struct Workspace *work; /* (blocks) */
  int blocks;
  struct Workspace *mending; /* of one slot */
} PredictNet;

/* With memory for so many blocks, which can be run side by side. */
PredictNet predict_net_new(const Model *model, const PredictWish *wish, int number, int blocks,
                           int threads, const Kernels *kernels);
void predict_net_free(PredictNet *net);

bool predict_net_has_logits(const PredictWish *wish);

/* Runs slots (n), the longest first and PREDICT_BLOCK at most, through the windows of their steps,
 * in the memory of a block. */
void predict_net_run(const PredictNet *net, int block, Slot *const *slots, int n);

/* Computes a stretch whose warm-up was too short again, from the state h before it. */
void predict_net_mend(const PredictNet *net, Slot *slot, const float *h);

#endif
