/* trial: a network that trains on random bases in memory, for the benchmarks. */
#ifndef TRIAL_H
#define TRIAL_H

#include "net/bptt.h"
#include "net/optimizer.h"

typedef struct {
  int k, d, D, B, T;
  Softmax softmax;
} TrialSize;

typedef struct {
  Shape shape;
  Bptt *bptt;
  Weights *w;
  Gradient *gradient;
  Optimizer *optimizer;
  double rate, clip;
  Corpus *corpus;
  Span span;
  Lanes *lanes;
  Window *window;
  int threads;
} Trial;

/* K d D LANES T followers|full; -1: one of them is not valid. */
enum { TRIAL_WORDS = 6 };
int trial_parse(TrialSize *size, char **words);

/* A positive number of seconds, and of threads. */
int trial_parse_seconds(const char *text, double *seconds);
int trial_parse_threads(const char *text, int *threads);

/* With SGD, or with the optimizer, the clipping and the average of weights that rnntrain has by
 * default. */
typedef enum { TRIAL_SGD, TRIAL_DEFAULT } TrialOptimizer;
Trial *trial_new(const TrialSize *size, TrialOptimizer optimizer, int threads,
                 const Kernels *kernels);
void trial_free(Trial *trial);

/* Reads the next window. */
void trial_read(Trial *trial);

/* Moves the weights by the window that was read. */
void trial_move(Trial *trial);

#endif
