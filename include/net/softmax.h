/* softmax: the output layer, q = h U + b2, yhat = softmax(q), J = -ln yhat[y], in both forms.
 *
 * The full softmax normalises over the vocabulary. It is a product of matrices, computed some
 * hundred rows at a time; the logits of a whole window are never in memory together. The softmax
 * over followers normalises over the 4^s k-mers that can follow x and never touches the others,
 * whose yhat is exactly 0. */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "net/rnn.h"

/* The evidence of a memory, which is added to the network's: q = a (h U + b2) + s, with s_j = 0 for
 * all followers j without a vote. */
typedef struct {
  int j; /* index in q of the follower */
  float s;
} Vote;
typedef struct {
  float a;
  int n;             /* votes */
  const Vote *votes; /* (n) borrowed, of different j */
} Evidence;

/* Rows for which the loss is computed; all pointers are borrowed. If dh is not NULL, the gradient
 * of scale times the sum of J is computed too. */
typedef struct {
  int rows;
  const int *x, *y;         /* (rows) */
  const float *h;           /* (rows,D) */
  const Evidence *evidence; /* (rows) or NULL; not with dh */
  double *J;                /* (rows) result; 0 if y is -1 */
  float *q;    /* softmax_logits floats of scratch; with dh, followers leave dq (rows,n) here */
  float *dh;   /* (rows,D) result: dq U^T */
  Weights *dw; /* result of the full softmax: sets dU and db2 */
  float scale;
} SoftmaxRows;

/* The number of floats of q for this many rows. */
size_t softmax_logits(const Shape *shape, int rows, bool with_backward);

/* Computes the rows. A signal that ends the run leaves the full softmax unfinished. */
void softmax_loss(const SoftmaxRows *all, const Factors *factors, const Shape *shape,
                  const Kernels *kernels);

/* yhat (rows,n) from states h (rows,D) at k-mers x (rows), for at most softmax_rows rows. Entry i
 * of a row is k-mer softmax_first(x) + i. evidence: (rows) or NULL. A row does not depend on the
 * others. */
void softmax_yhat(float *yhat, const int *x, const float *h, const Evidence *evidence, int rows,
                  const Factors *factors, const Shape *shape, const Kernels *kernels);

/* q (rows,n) <- h U + b2, the logits without evidence, from which softmax_yhat computes yhat. */
void softmax_q(float *q, const int *x, const float *h, int rows, const Factors *factors,
               const Shape *shape, const Kernels *kernels);

/* Changes q (n) from h U to a (h U + b2) + s - b2; b2 is added later, as without evidence. With a =
 * 1 and no votes, q does not change by a bit. */
void softmax_add_evidence(float *q, const float *b2, size_t n, const Evidence *evidence);

/* The first of the s bases that a k-mer, or entry of yhat, adds. */
int softmax_base(int kmer, const Shape *shape);
/* p (4) <- the probability of each base to be that one, from yhat (n). */
void softmax_bases(double p[4], const float *yhat, const Shape *shape);

int softmax_rows(const Shape *shape);         /* number of rows computed at a time */
int softmax_first(int x, const Shape *shape); /* the first k-mer that can follow x */

#endif
