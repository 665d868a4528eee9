/* predict: losses, states and probabilities of trained networks for the records of a file.
 *
 * Stretches of records (steps.h) are computed side by side, by products that compute each row alone
 * and not by BLAS. The results for a record thus depend neither on other records nor on the number
 * of threads. A stretch that continues a record starts from state zero with its warm-up. If the
 * state after the warm-up differs by more than PREDICT_SEAM from the last state of the previous
 * stretch, the network remembers more than the warm-up, and the stretch is computed again from that
 * last state. Memory is bounded for records of any length. The evidence of a model's memory does
 * not depend on the stretches.
 *
 * While a batch of stretches is computed, the next one is read and compared with memories, and the
 * previous one is passed to the caller. */
#ifndef PREDICT_H
#define PREDICT_H

#include "model/model.h"
#include "scoring/evidence.h"
#include "sequence/steps.h"

#include <stdbool.h>

enum { PREDICT_BLOCK = 16, PREDICT_T = 64 }; /* stretches in a block, steps in a window */

/* The largest difference in the state of a unit at a seam, multiplied by |h| if that is above 1: a
 * hundred times the rounding of float32. */
#define PREDICT_SEAM 1e-5f

typedef struct Predictor Predictor;

/* The results that are wanted. */
typedef struct {
  bool with_loss; /* nats */
  bool with_sum;  /* h_sum */
  bool each_step; /* J, or the output of distil, for each step and not only for the last */
  StepsWish reading;
  EvidenceUse memory; /* of models that have one */
  /* Unless kept is 0, distil reduces yhat (n), or h (D) if of_state, to `kept` bytes. Any thread
   * may call it. of_state requires each_step. */
  size_t kept;
  bool of_state;
  void (*distil)(const void *context, void *kept, const float *vector);
  const void *context;
} PredictWish;

/* models (n_models) are borrowed and have the same k and s. All results but nats and found are from
 * the first model. */
Predictor *predict_new(const Model *models, int n_models, PredictWish wish, int threads,
                       const Kernels *kernels);
void predict_free(Predictor *predictor);

/* The results for a stretch of a record; pointers are valid during the call of take. */
typedef struct {
  const Stretch *stretch;
  uint64_t tokens;     /* labels of the record up to the end of the stretch */
  const double *nats;  /* (n_models) the sum of J of these labels */
  const float *J;      /* (stretch->n) for each step with a label */
  const float *h;      /* (D) the state after its last step */
  const double *h_sum; /* (D) the sum of the states of the record up to its end */
  uint64_t steps;      /* the number of those states */
  bool found; /* in the last stretch of a record: whether the memory of a model contains the record
               */
  bool batch_ends;  /* the next stretch may take long, if the input is a pipe */
  double part;      /* part of the file read, up to the end of the batch, 0..1; 0: unknown size */
  const void *kept; /* output of distil: for each of the stretch's own steps, or after the record's
                       last k-mer if stretch->last is not -1 */
} Prediction;

typedef int PredictTake(void *context, const Prediction *prediction, Why *why);

/* Calls take, on any thread, for all stretches of all records of a file ("-": standard input), in
 * order, and sets notes. Returns -1 if take does not return 0, or if the file is broken, after the
 * stretches before that place. */
int predict_file(Predictor *predictor, const char *path, PredictTake *take, void *context,
                 SeqNotes *notes, Why *why);

/* The same for the records of two files by turns (steps_open_pairs). */
int predict_pairs(Predictor *predictor, const char *first, const char *second, PredictTake *take,
                  void *context, SeqNotes notes[2], Why *why);

/* The same for a span, which is borrowed: one record without a name, with an ambiguous letter
 * between its segments. */
int predict_span(Predictor *predictor, const Span *span, PredictTake *take, void *context,
                 Why *why);

#endif
