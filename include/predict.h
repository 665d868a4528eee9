/* predict: what a trained network says of the records of a file.
 *
 * Pieces of records (steps.h) are computed side by side, each in a lane of its own, by products
 * that work row by row and not by BLAS: so the numbers of a record depend neither on its neighbours
 * nor on the number of threads. A piece that goes on a record starts from zero with its warm-up.
 * What comes of it is compared with the state that the piece before ended with: where the two are
 * further apart than PREDICT_SEAM, the network remembers longer than that, and the piece is
 * computed again from that state, after it. Memory is bounded whatever the length of a record. */
#ifndef PREDICT_H
#define PREDICT_H

#include "checkpoint.h"
#include "steps.h"

#include <stdbool.h>

enum { PREDICT_BLOCK = 16, PREDICT_BLOCKS = 8, PREDICT_T = 64 };

/* Each unit may differ by this, times |h| where that is above 1: a hundred times what float32
 * rounds off. */
#define PREDICT_SEAM 1e-5f

typedef struct Predictor Predictor;

/* With with_loss, J is computed for every token, and records that are circular, by their header or
 * because all_circles says so of all, go on over their end, once; else only h is. both_strands:
 * each record is followed by its reverse complement. */
typedef struct {
  bool with_loss, all_circles, both_strands;
} PredictWish;

/* model is borrowed. */
Predictor *predict_new(const Model *model, PredictWish wish, int threads, const Kernels *kernels);
void predict_free(Predictor *predictor);

/* A piece of a record; pointers are valid during the call that gets it. */
typedef struct {
  const Piece *piece;
  const float *J;  /* (piece->n), with with_loss: of each step that has a label */
  uint64_t tokens; /* labels of the record up to its end */
  double nats;     /* the sum of their J, with with_loss */
  const float *h;  /* (D) the state after its last step */
} Prediction;

/* Calls take for every piece of every record of a file ("-": standard input), in order; ends with
 * -1 where take returns other than 0, or where the file is broken: after the pieces before that. */
int predict_file(Predictor *predictor, const char *path,
                 int (*take)(void *context, const Prediction *prediction, Why *why), void *context,
                 Why *why);

#endif
