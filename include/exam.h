/* exam: what a trained network shows on the sequence that it is validated on: whether its
 * probabilities come true, and how far its gradient flows back. */
#ifndef EXAM_H
#define EXAM_H

#include "corpus.h"
#include "rnn.h"

enum { EXAM_BINS = 20, EXAM_STEPS = 128 };

/* Of the probabilities that fell into a bin, bin i from i/EXAM_BINS on. */
typedef struct {
  uint64_t n;
  double sum;         /* of them */
  uint64_t came_true; /* how often that base came next */
} ExamBin;

typedef struct {
  ExamBin bin[EXAM_BINS];
  int steps;               /* of the gradient's way */
  double flow[EXAM_STEPS]; /* (steps) the mean norm of dJ(T)/dh(T-i), i steps back */
} Exam;

/* Reads the span, or as much of its beginning as is enough and soon done, from h = 0 lane by lane;
 * gradients flow back through `steps` timesteps at most. Calibration is by base: for each next
 * base, the four probabilities, summed over the k-mers that begin with it what they add. */
Exam *exam_new(Span span, const Shape *shape, const Weights *weights, int steps, int threads,
               const Kernels *kernels);
size_t exam_memory(const Shape *shape, int steps); /* bytes, at most, while it runs */

#endif
