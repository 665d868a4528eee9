/* predict: what a trained network says of the records of a file.
 *
 * Records are read in order and computed side by side, each in a lane of its own, by products that
 * work row by row and not by BLAS: so the numbers of a record depend neither on its neighbours nor
 * on the number of threads. A record longer than PREDICT_STEPS is computed piece by piece with its
 * state carried on, so memory is bounded whatever its length. */
#ifndef PREDICT_H
#define PREDICT_H

#include "checkpoint.h"

#include <stdbool.h>

enum { PREDICT_BLOCK = 16, PREDICT_BLOCKS = 8, PREDICT_STEPS = 4096, PREDICT_T = 64 };

typedef struct Predictor Predictor;

/* model is borrowed. With with_loss, J is computed for every token; else only the last state. A
 * record that is circular, by its header or because all are, then goes on over its end, once. */
Predictor *predict_new(const Model *model, int with_loss, bool circular, int threads,
                       const Kernels *kernels);
void predict_free(Predictor *predictor);

/* One record; pointers are valid during the call that gets it. */
typedef struct {
  const char *name;
  uint64_t tokens; /* predictions that were made: neighbours without a break between them */
  double nats;     /* their sum of J, where the predictor has with_loss */
  bool circular;   /* it was read as a circle */
  int last;        /* the last k-mer, -1 where there is none */
  const float *h;  /* (D) the state after it */
} Prediction;

/* Calls take for every record of a file ("-": standard input), in order; ends with -1 where take
 * returns other than 0, or where the file is broken: after the records before that place. */
int predict_file(Predictor *predictor, const char *path,
                 int (*take)(void *context, const Prediction *prediction, Why *why), void *context,
                 Why *why);

#endif
