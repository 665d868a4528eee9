/* exam: the examination of a trained network on its validation sequence: the calibration of its
 * probabilities (M. DeGroot, S. Fienberg, The Statistician 1983), its mean prediction after each
 * k-mer, a passage step by step, and the flow of its gradient back through time. */
#ifndef EXAM_H
#define EXAM_H

#include "model/passage.h"

#include <stdbool.h>

enum { EXAM_BINS = 20, EXAM_STEPS = 128, EXAM_K = 4, EXAM_KMERS = 1 << 2 * EXAM_K };

/* Bin i: the predicted probabilities from i/EXAM_BINS to (i+1)/EXAM_BINS. */
typedef struct {
  uint64_t n;
  double sum;         /* of the probabilities */
  uint64_t came_true; /* predictions that came true: their base was the next one */
} ExamBin;

/* The predictions after a k-mer. */
typedef struct {
  uint64_t n;
  double sum[4]; /* of the probabilities of A, C, G and T as the next base */
} ExamNext;

typedef struct {
  ExamBin bin[EXAM_BINS];
  int k;                     /* the network's k, EXAM_K at most */
  ExamNext next[EXAM_KMERS]; /* (4^k) for each k-mer, the predictions of the base after it */
  Passage passage;
  bool shortened; /* whether it was stopped early */
  int steps;      /* steps back through which the gradient was followed */
  int stretches;  /* stretches of sequence on which it was followed */
  /* (steps) Quartiles over the stretches of the norm of dJ(T)/dh(T-i), i steps back: */
  double flow_lower[EXAM_STEPS], flow_median[EXAM_STEPS], flow_upper[EXAM_STEPS];
} Exam;

/* A function that is called repeatedly. It returns whether to stop, because this part (0..1) of the
 * available time has passed or for another reason. */
typedef struct {
  bool (*now)(void *context, double part);
  void *context;
} ExamStop;

/* Reads the beginning of the span in lanes, up to a fixed number of operations. The examined k-mers
 * come after 256 others, read from h = 0, if the sequence is long enough. Gradients flow back
 * through min(timesteps, EXAM_STEPS) steps. Calibration is by base: the probability of a base is
 * the sum over the k-mers that append it first. */
Exam *exam_new(Span span, const Shape *shape, const Weights *weights, int timesteps, int threads,
               const Kernels *kernels, const ExamStop *stop);
size_t exam_memory(const Shape *shape, int timesteps, const Kernels *kernels); /* bytes */

#endif
