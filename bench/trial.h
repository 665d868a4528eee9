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

/* Reads K d D LANES T followers|full; -1: one of them is not valid. */
enum { TRIAL_WORDS = 6 };
int trial_parse(TrialSize *size, char **words);

/* Reads a positive number of seconds, and of threads. */
int trial_parse_seconds(const char *text, double *seconds);
int trial_parse_threads(const char *text, int *threads);

/* With SGD, or with the default optimizer, clipping and average of weights of rnntrain. */
typedef enum { TRIAL_SGD, TRIAL_DEFAULT } TrialOptimizer;
Trial *trial_new(const TrialSize *size, TrialOptimizer optimizer, int threads,
                 const Kernels *kernels);
void trial_free(Trial *trial);

/* Reads the next window. */
void trial_read(Trial *trial);

/* Updates the weights by the gradient of the window. */
void trial_move(Trial *trial);

#endif
