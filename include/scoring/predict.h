/* predict: losses, states and probabilities of trained networks for the records of a file.
 *
 * Stretches of records (steps.h) are computed side by side by products that work row by row and not
 * by BLAS: so the numbers of a record depend neither on its neighbours nor on the number of
 * threads. A stretch that continues a record starts from zero with its warm-up. Where the state it
 * reaches differs from the one that the stretch before ended with by more than PREDICT_SEAM, the
 * network remembers longer than that, and the stretch is computed again from that state, after it.
 * Memory is bounded whatever the length of a record. The evidence of a model's memory is the same
 * for any stretches.
 *
 * While a batch of stretches is computed, others are read, compared with memories, and handed out.
 */
#ifndef PREDICT_H
#define PREDICT_H

#include "model/model.h"
#include "scoring/evidence.h"
#include "sequence/steps.h"

#include <stdbool.h>

enum { PREDICT_BLOCK = 16, PREDICT_T = 64 }; /* stretches of a block, steps of a window */

/* The largest difference of a unit's states at a seam, times |h| where that is above 1: a hundred
 * times the rounding of float32. */
#define PREDICT_SEAM 1e-5f

typedef struct Predictor Predictor;

/* The results that are wanted. */
typedef struct {
  bool with_loss; /* nats */
  bool with_sum;  /* h_sum */
  bool each_step; /* J, or what distil keeps, of each step and not only the last */
  StepsWish reading;
  EvidenceUse memory; /* of models that have one */
  /* Unless kept is 0, distil, which any thread may call, reduces yhat (n), or with of_state h (D),
   * to `kept` bytes. of_state needs each_step. */
  size_t kept;
  bool of_state;
  void (*distil)(const void *context, void *kept, const float *vector);
  const void *context;
} PredictWish;

/* models (n_models) are borrowed and have the same k and s. All results but nats are of the first.
 */
Predictor *predict_new(const Model *models, int n_models, PredictWish wish, int threads,
                       const Kernels *kernels);
void predict_free(Predictor *predictor);

/* The results for a stretch of a record; pointers are valid during the call of take. */
typedef struct {
  const Stretch *stretch;
  uint64_t tokens;     /* labels of the record up to the end of the stretch */
  const double *nats;  /* (n_models) the sum of their J */
  const float *J;      /* (stretch->n) of each step that has a label */
  const float *h;      /* (D) the state after its last step */
  const double *h_sum; /* (D) the sum of the states of the record up to its end */
  uint64_t steps;      /* the number of those states */
  bool found;          /* of the last stretch of a record: it is in the memory of a model */
  bool batch_ends;     /* the next stretch may take long, where the input is a pipe */
  double part;         /* of the file, up to the end of the batch, 0..1; 0: its size is not known */
  const void *kept;    /* distilled: of each of the stretch's own steps, or after the record's last
                          k-mer, if stretch->last is one */
} Prediction;

typedef int PredictTake(void *context, const Prediction *prediction, Why *why);

/* Calls take, in any thread, for all stretches of all records of a file ("-": standard input), in
 * order, and sets notes. Returns -1 once take does not return 0, or where the file is broken, after
 * the stretches before that place. */
int predict_file(Predictor *predictor, const char *path, PredictTake *take, void *context,
                 SeqNotes *notes, Why *why);

/* The same for the records of two files by turns, as steps_open_pairs. */
int predict_pairs(Predictor *predictor, const char *first, const char *second, PredictTake *take,
                  void *context, SeqNotes notes[2], Why *why);

/* The same for a span, which is borrowed: one record without a name, with an ambiguous letter
 * between its segments. */
int predict_span(Predictor *predictor, const Span *span, PredictTake *take, void *context,
                 Why *why);

#endif
