/* exam: the examination of a trained network on its validation sequence: the calibration of its
 * probabilities, and the flow of its gradient back through time. */
#ifndef EXAM_H
#define EXAM_H

#include "net/rnn.h"
#include "sequence/span.h"

#include <stdbool.h>

enum { EXAM_BINS = 20, EXAM_STEPS = 128 };

/* The predicted probabilities from i/EXAM_BINS to (i+1)/EXAM_BINS, for bin i. */
typedef struct {
  uint64_t n;
  double sum;         /* of them */
  uint64_t came_true; /* how often that base came next */
} ExamBin;

typedef struct {
  ExamBin bin[EXAM_BINS];
  bool shortened; /* stopped before its end */
  int steps;      /* through which the gradient was followed */
  int stretches;  /* of sequence on which it was followed */
  /* (steps) Quartiles over the stretches of the norm of dJ(T)/dh(T-i), i steps back: */
  double flow_lower[EXAM_STEPS], flow_median[EXAM_STEPS], flow_upper[EXAM_STEPS];
} Exam;

/* Called repeatedly: whether to stop, because this fraction of the available time (0..1) has
 * passed, or for another reason. */
typedef struct {
  bool (*now)(void *context, double part);
  void *context;
} ExamStop;

/* Reads the span, or as much of its beginning as is enough and soon done, lane by lane; what it
 * looks at lies 256 k-mers behind where a lane begins with h = 0, if the sequence is as long.
 * Gradients flow back through `timesteps` at most, and through EXAM_STEPS. Calibration is by base:
 * for each next base, the four probabilities, summed over the k-mers that begin with it what they
 * add. */
Exam *exam_new(Span span, const Shape *shape, const Weights *weights, int timesteps, int threads,
               const Kernels *kernels, const ExamStop *stop);
size_t exam_memory(const Shape *shape, int timesteps, const Kernels *kernels); /* bytes */

#endif
