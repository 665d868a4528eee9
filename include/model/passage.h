/* passage: the predictions of a network on a short passage of a span, step by step, and its hidden
 * units that vary most, for figures. */
#ifndef PASSAGE_H
#define PASSAGE_H

#include "net/rnn.h"
#include "sequence/span.h"

enum { PASSAGE_STEPS = 64, PASSAGE_UNITS = 48 };

typedef struct {
  int steps;                  /* 0: no segment has a step */
  int64_t offset;             /* of base[0] from the span's first base; -1: in a later segment */
  int base[PASSAGE_STEPS];    /* the base to predict: the first that each step adds */
  double p[PASSAGE_STEPS][4]; /* probabilities of A, C, G and T for this base */
  int units;
  int unit[PASSAGE_UNITS];                /* numbers of the units, from 0, the slowest first */
  double h[PASSAGE_UNITS][PASSAGE_STEPS]; /* the state from which each step predicts */
} Passage;

/* Reads the beginning of the span as one lane, up to PASSAGE_READ steps, and takes the longest run
 * of at most PASSAGE_STEPS steps in a segment; among equals, the first after PASSAGE_BEFORE steps.
 * Slow units change little from step to step, compared with their variance. The tape has
 * PASSAGE_STEPS timesteps; its number of lanes becomes 1. yhat is scratch (softmax_logits). */
enum { PASSAGE_BEFORE = 4 * PASSAGE_STEPS, PASSAGE_READ = 8 * PASSAGE_STEPS };
void passage_take(Passage *passage, Span span, Tape *tape, float *yhat, const Factors *factors,
                  const Shape *shape, const Kernels *kernels);

#endif
