/* trace: all values of the network, timestep by timestep, and of the gradient of one timestep's
 * loss: the equations of rnn.h for a single sequence, in double precision and plain loops. */
#ifndef TRACE_H
#define TRACE_H

#include "net/softmax.h"

/* Contributions to the gradients of H, I and b1, to which every timestep adds. */
typedef struct {
  double *dH, *dI, *db1; /* (D,D) (d,D) (D), one block */
} TracePart;

/* Timesteps count from 1, as in the equations. Row t of an array is timestep t; row 0 is 0. */
typedef struct {
  int T;        /* timesteps in use, at most those of trace_new */
  int *x, *y;   /* (T+1) */
  double *e;    /* (T+1,d); owns the memory of all arrays down to de */
  double *z;    /* (T+1,D) */
  double *h;    /* (T+1,D) */
  double a, w;  /* the evidence of one timestep: 1 and 0 without a memory */
  double *s;    /* (n) */
  double *net;  /* (n) h U + b2, the logits of the network alone */
  double *q;    /* (n) a (h U + b2) + w s; entry i is k-mer softmax_first(x) + i */
  double *yhat; /* (n) */
  double J;
  double *dq; /* (n) dJ/dq of that timestep; the derivatives below are of the same J */
  double da, dw;
  double *dnet;    /* (n) a dq, which is db2 too */
  double *dh, *dz; /* (T+1,D) */
  double *de;      /* (T+1,d) */
  TracePart part;  /* of one timestep */
  TracePart sum;   /* of all so far */
} Trace;

/* Without parts, the arrays of part and sum are NULL; they take as much memory as the weights. */
Trace *trace_new(const Shape *shape, int T, bool with_parts);
void trace_free(Trace *trace);

/* Sets the timesteps: x and y (T), with T at most that of trace_new; y must be able to follow x. */
void trace_set(Trace *trace, const int *x, const int *y, int T);

/* Computes e, z and h of all timesteps. */
void trace_forward(Trace *trace, const Weights *w, const Shape *shape);

/* Sets the evidence of the timestep of the next trace_output: votes for different j, not yet
 * multiplied by w. A new trace has no evidence. */
void trace_evidence(Trace *trace, double a, double w, const Vote *votes, int n, const Shape *shape);

/* Computes q, yhat and J of timestep t. */
void trace_output(Trace *trace, int t, const Weights *w, const Shape *shape);

/* Computes dq, da, dw, dnet, and dh, dz, de of timesteps `at` back to 1, for J(at) of the last
 * trace_output. Sets the sum of parts to 0. */
void trace_backward(Trace *trace, int at, const Weights *w, const Shape *shape);

/* All of the above, for T timesteps and the loss of the last. */
void trace_all(Trace *trace, const int *x, const int *y, int T, const Weights *w,
               const Shape *shape);

/* Computes the part of timestep t and adds it to the sum. */
void trace_part(Trace *trace, int t, const Shape *shape);

/* The Euclidean norm of dh(t). */
double trace_norm(const Trace *trace, int t, const Shape *shape);

/* dW (m,n) += a^T b with a (m), b (n). */
void trace_add(double *dW, const double *a, const double *b, int m, int n);

/* Row t of an array with this many columns. */
static inline double *trace_row(double *array, int t, int columns) {
  return array + (size_t)t * (size_t)columns;
}

#endif
