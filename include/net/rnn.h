/* rnn: the weights of the network (J. Elman, Cognitive Science 1990), and its forward and backward
 * pass through time for a block of lanes.
 *
 * The letters of the equations, everywhere in the code (matrices are row-major floats):
 *   k s    length of a k-mer, bases from one k-mer to the next
 *   V d D  vocabulary 4^k, width of the embedding, width of the hidden state (D_h)
 *   n      width of the softmax: V, or the 4^s k-mers that can follow
 *   T B    timesteps of a window, lanes of a block
 *   x y    the k-mer at t, and the one that follows (-1: none, and no loss)
 *   e      x(t) L                              (T,B,d)
 *   z      h(t-1) H + e(t) I + b1              (never kept: phi' is written in terms of h)
 *   h      phi(z), phi of activation.h         (T+1,B,D); h[0] is carried in
 *   q      h(t) U + b2                         (rows,n), block by block
 *   yhat   softmax(q)                          the same
 *   J      -ln yhat(t)[y(t)]
 * dA is dJ/dA. */
#ifndef RNN_H
#define RNN_H

#include "net/packed.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { SOFTMAX_FOLLOWERS, SOFTMAX_FULL } Softmax;

enum { SOFTMAXES = SOFTMAX_FULL + 1 };
extern const char *const softmax_names[SOFTMAXES];

typedef struct {
  int k, s, V, d, D, n;
  Activation activation;
  Softmax softmax;
} Shape;

/* Computes V and n. With s = k all k-mers are followers, and the softmax is full. */
Shape shape_new(int k, int s, int d, int D, Activation activation, Softmax softmax);

/* The number of weights. */
size_t shape_parameters(const Shape *shape);

/* Weights, or arrays of their shapes: gradients, moments. They are views into one block. */
typedef struct {
  float *L;    /* (V,d); a gradient may have fewer rows (gradient.h), also in U and b2 */
  float *H;    /* (D,D) */
  float *I;    /* (d,D) */
  float *b1;   /* (D) */
  float *U;    /* (V,D): U transposed, which makes the columns of followers consecutive rows */
  float *b2;   /* (V) */
  size_t size; /* number of floats from L on: all of the above */
} Weights;

enum { WEIGHTS = 6 }; /* tensors */

Weights *weights_new(const Shape *shape);                              /* zeroed */
Weights *weights_new_rows(const Shape *shape, int L_rows, int U_rows); /* fewer rows */
void weights_free(Weights *weights);

/* Draws the matrices uniformly around 0, with standard deviations L: 1, H: H_deviation/sqrt(D)
 * (activation.h), I: 0.5/sqrt(d), U: 0.25/sqrt(D); b1 and b2 are 0. */
void weights_init(Weights *weights, const Shape *shape, uint64_t seed);

/* The weights as right-hand sides of products: packed once per window, used for each timestep. */
typedef struct {
  const Weights *w; /* borrowed */
  Packed H, HT;     /* (D,D) and its transpose */
  Packed I, IT;     /* (d,D) (D,d) */
  Packed U, UT;     /* for the full softmax: (D,V) (V,D) */
  float *table;     /* (V,D) L I + b1, if V is less than the tokens of a window; else NULL */
  bool with_backward;
} Factors;

/* For windows of this many tokens. Without a backward pass, HT, IT and UT are left out. */
Factors *factors_new(const Shape *shape, int tokens, bool with_backward, const Products *products);
void factors_free(Factors *factors);

/* Packs the weights w, which are borrowed, and computes the table. */
void factors_set(Factors *factors, const Weights *w, const Shape *shape, int threads);

/* factors_set in two parts, for callers that run other jobs at the same time: factors_begin, then
 * factors_job for each i < FACTORS_JOBS, on any thread. */
enum { FACTORS_JOBS = 16 };
void factors_begin(Factors *factors, const Weights *w);
void factors_job(Factors *factors, const Shape *shape, int i);

/* For the forward pass only, over any number of tokens; without logits U is left out. */
enum { FACTORS_TOKENS = 1 << 16 }; /* as if for this many tokens: a table up to k = 7 */
Factors *factors_forward(const Weights *w, const Shape *shape, bool with_logits, int threads,
                         const Products *products);

/* The activations that the forward pass keeps for the backward pass: T timesteps of B lanes. */
typedef struct {
  int T, B;
  int *x, *y;    /* (T,B) of the lanes of this block */
  bool *restart; /* (T,B) whether the state before t is zero */
  float *h;      /* (T+1,B,D) */
  float *dz;     /* (T,B,D) dq U^T until rnn_backward; NULL without a backward pass */
  float *e, *de; /* (T,B,d) if there is no table; else NULL */
  float *rows;   /* (B,D) scratch: rows of h or dz in timesteps with restarting lanes */
} Tape;

/* Room for T timesteps of B lanes, with h[0] = 0; for the backward pass if the factors are. */
Tape *tape_new(const Shape *shape, int T, int B, const Factors *factors);
void tape_free(Tape *tape);

/* Computes h of all T timesteps, and e if there is no table, from x, restart and h[0]. A lane
 * depends neither on the other lanes nor on their number; B may be lowered before the call. */
void rnn_forward(Tape *tape, const Factors *factors, const Shape *shape, const Kernels *kernels);

/* Computes dz for all t, from dq U^T in dz, and sets (does not add to) this block's dH in gradient.
 * Without a table it also sets dI, db1 and de; dL is the sum of the rows of de by x. With a table,
 * dI, db1 and dL follow from the sums of the rows of dz by x. softmax.h computes dU and db2. */
void rnn_backward(Tape *tape, Weights *gradient, const Factors *factors, const Shape *shape,
                  const Kernels *kernels);

/* h[0] <- h[T], for the next window. */
void tape_carry(Tape *tape, const Shape *shape);

#endif
