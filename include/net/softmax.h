/* softmax: the output layer, q = h U + b2, yhat = softmax(q), J = -ln yhat[y], in both forms.
 *
 * The full softmax normalises over the dictionary: a product of matrices, some hundred rows at a
 * time, so that the logits of a window never stand in memory together. That of followers
 * normalises over the 4^s k-mers that can follow x and never touches the others, whose yhat is
 * exactly 0. */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "net/rnn.h"

/* Evidence besides the network's, of a memory: q = a (h U + b2) + s, where s_j is 0 for all
 * followers j that have no vote. */
typedef struct {
  int j; /* entry of q: the follower with this number */
  float s;
} Vote;
typedef struct {
  float a;
  int n;             /* votes */
  const Vote *votes; /* (n) borrowed, of different j */
} Evidence;

/* Rows for which the loss is computed, all borrowed. Where dh is not NULL the gradient of scale
 * times the sum of J follows. */
typedef struct {
  int rows;
  const int *x, *y;         /* (rows) */
  const float *h;           /* (rows,D) */
  const Evidence *evidence; /* (rows) or NULL; not with dh */
  double *J;                /* (rows) result: 0 where y is -1 */
  float *q;                 /* softmax_logits floats; with dh followers leave dq (rows,n) there */
  float *dh;                /* (rows,D) result: dq U^T */
  Weights *dw;              /* result of the full softmax: dU and db2, which are set */
  float scale;
} SoftmaxRows;

/* The floats of q for so many rows. */
size_t softmax_logits(const Shape *shape, int rows, bool with_backward);

/* A signal that asks to end leaves the full softmax unfinished. */
void softmax_loss(const SoftmaxRows *all, const Factors *factors, const Shape *shape,
                  const Kernels *kernels);

/* yhat (rows,n) after states h (rows,D) at k-mers x (rows), softmax_rows of them at most; entry i
 * of a row is k-mer softmax_first(x) + i. evidence (rows) or NULL. A row does not depend on the
 * others. */
void softmax_yhat(float *yhat, const int *x, const float *h, const Evidence *evidence, int rows,
                  const Factors *factors, const Shape *shape, const Kernels *kernels);

/* q (rows,n) <- h U + b2, the logits without evidence, of which softmax_yhat makes yhat. */
void softmax_q(float *q, const int *x, const float *h, int rows, const Factors *factors,
               const Shape *shape, const Kernels *kernels);

/* q (n), which is h U, becomes a (h U + b2) + s - b2: b2 is added later, as without evidence. With
 * a = 1 and no votes not a bit changes. */
void softmax_add_evidence(float *q, const float *b2, size_t n, const Evidence *evidence);

/* The first of the s bases that a k-mer, or entry of yhat, adds. */
int softmax_base(int kmer, const Shape *shape);
/* p (4) <- the probability of each base to be that one, from yhat (n). */
void softmax_bases(double p[4], const float *yhat, const Shape *shape);

int softmax_rows(const Shape *shape);         /* so many are computed at a time */
int softmax_first(int x, const Shape *shape); /* the first k-mer that can follow x */

#endif
