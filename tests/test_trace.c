/* The nodes and the gradient, against those of the reference, over random shapes. */
#include "net/softmax.h"
#include "net/trace.h"
#include "reference.h"
#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { T = 6, d = 3, D = 5 };

static const double one = 1;

/* A network, a sequence, and the gradient of one timestep's loss by the reference. */
typedef struct {
  Shape shape;
  Weights *w;
  Trace *trace;
  Reference *net, *gradient;
  int x[T], y[T], at;
  double J;
} Case;

static Case case_new(int k, int s, int phi, int full, int at) {
  const bool restart[T] = {1};
  const double h0[D] = {0};
  Case c = {.shape =
                shape_new(k, s, d, D, (Activation)phi, full ? SOFTMAX_FULL : SOFTMAX_FOLLOWERS),
            .at = at};
  c.w = weights_new(&c.shape);
  c.trace = trace_new(&c.shape, T, true);
  c.net = reference_new(k, s, d, D, phi, full);
  c.gradient = reference_new(k, s, d, D, phi, full);
  for (size_t i = 0; i < c.w->size; i++) c.w->L[i] = (float)(rand() / (double)RAND_MAX - 0.5);
  reference_set(c.net, c.w->L, c.w->U, c.w->b2);
  for (int t = 0; t < T; t++) {
    c.x[t] = t == 0 ? 1 : c.y[t - 1];
    c.y[t] = kmer_followers(c.x[t], k, s) + rand() % kmer_count(s);
  }
  trace_set(c.trace, c.x, c.y, T);
  for (int t = 1; t <= T; t++)
    if (t != at) c.y[t - 1] = -1;
  const ReferenceWindow window = {T, 1, c.x, c.y, restart, h0};
  c.J = reference_run(c.net, &window, NULL, c.gradient);
  return c;
}

static void case_free(Case *c) {
  weights_free(c->w);
  trace_free(c->trace);
  reference_free(c->net);
  reference_free(c->gradient);
}

static void assert_near(const double *a, const double *b, int n) {
  for (int i = 0; i < n; i++) assert_true(fabs(a[i] - b[i]) < 1e-12);
}

/* dU and db2 are columns of those of the reference, whose other columns are 0. */
static void check_output_layer(const Case *c) {
  const int first = softmax_first(c->x[c->at - 1], &c->shape), V = c->shape.V;
  for (int v = 0; v < V; v++) {
    const int in = v >= first && v < first + c->shape.n;
    const double dq = in ? c->trace->dq[v - first] : 0;
    assert_true(fabs(dq - c->gradient->b2[v]) < 1e-12);
    for (int i = 0; i < D; i++)
      assert_true(fabs(trace_row(c->trace->h, c->at, D)[i] * dq - c->gradient->U[i * V + v]) <
                  1e-12);
  }
}

static void check_recurrence(const Case *c) {
  const TracePart *sum = &c->trace->sum;
  double *dL = calloc((size_t)(c->shape.V * d), sizeof *dL), length = 0;
  for (int t = 1; t <= T; t++) {
    trace_part(c->trace, t, &c->shape);
    trace_add(dL + c->x[t - 1] * d, &one, trace_row(c->trace->de, t, d), 1, d);
  }
  assert_near(sum->dH, c->gradient->H, D * D);
  assert_near(sum->dI, c->gradient->I, d * D);
  assert_near(sum->db1, c->gradient->b1, D);
  assert_near(dL, c->gradient->L, c->shape.V * d);
  for (int i = 0; i < D * D; i++) length += sum->dH[i] * sum->dH[i];
  assert_true(length > 0 || c->at == 1 || c->shape.activation == ACTIVATION_RELU);
  free(dL);
}

static void the_gradient_equals_the_reference(void **state) {
  (void)state;
  srand(3);
  for (int k = 1; k <= 2; k++)
    for (int s = 1; s <= k; s++)
      for (int phi = 0; phi < ACTIVATIONS; phi++)
        for (int full = 0; full < 2; full++)
          for (int at = 1; at <= T; at++) {
            Case c = case_new(k, s, phi, full, at);
            trace_forward(c.trace, c.w, &c.shape);
            trace_output(c.trace, at, c.w, &c.shape);
            assert_true(fabs(c.trace->J - c.J) < 1e-12);
            trace_backward(c.trace, at, c.w, &c.shape);
            check_output_layer(&c);
            check_recurrence(&c);
            case_free(&c);
          }
}

static void an_earlier_gradient_leaves_no_trace(void **state) {
  (void)state;
  Case c = case_new(2, 1, ACTIVATION_TANH, 0, 2);
  trace_forward(c.trace, c.w, &c.shape);
  trace_output(c.trace, T, c.w, &c.shape);
  trace_backward(c.trace, T, c.w, &c.shape);
  assert_true(trace_norm(c.trace, T, &c.shape) > 0);
  trace_output(c.trace, 2, c.w, &c.shape);
  trace_backward(c.trace, 2, c.w, &c.shape);
  for (int t = 3; t <= T; t++) assert_true(trace_norm(c.trace, t, &c.shape) == 0);
  check_output_layer(&c);
  check_recurrence(&c);
  case_free(&c);
}

/* ---- evidence, against central differences --------------------------------------------------- */

static const double step = 0x1p-8; /* all numbers are multiples of it, so none is rounded */

typedef struct {
  Case c;
  Vote votes[3];
  double a, w;
} WithEvidence;

static WithEvidence with_evidence_new(int k, int s, int full) {
  WithEvidence e = {.c = case_new(k, s, ACTIVATION_TANH, full, T), .a = 1.25, .w = 0.75};
  Case *c = &e.c;
  for (size_t i = 0; i < c->w->size; i++)
    c->w->L[i] = (float)(step * round((double)c->w->L[i] / step));
  for (int i = 0; i < 3; i++) e.votes[i] = (Vote){(i + 1) % c->shape.n, 1.5f - (float)i};
  return e;
}

/* J of the last timestep. */
static double J_of(WithEvidence *e) {
  Case *c = &e->c;
  trace_evidence(c->trace, e->a, e->w, e->votes, 3, &c->shape);
  trace_forward(c->trace, c->w, &c->shape);
  trace_output(c->trace, T, c->w, &c->shape);
  return c->trace->J;
}

static double slope_of_weight(WithEvidence *e, float *weight) {
  const float before = *weight;
  *weight = before + (float)step;
  const double above = J_of(e);
  *weight = before - (float)step;
  const double below = J_of(e);
  *weight = before;
  return (above - below) / (2 * step);
}

static double slope_of_constant(WithEvidence *e, double *constant) {
  const double before = *constant;
  *constant = before + step;
  const double above = J_of(e);
  *constant = before - step;
  const double below = J_of(e);
  *constant = before;
  return (above - below) / (2 * step);
}

/* The slope of J by element i of h(T), from which J_of is computed again. */
static double slope_of_h(WithEvidence *e, int i) {
  Trace *trace = e->c.trace;
  double *h = trace_row(trace->h, T, D) + i;
  const double before = *h;
  *h = before + step;
  trace_output(trace, T, e->c.w, &e->c.shape);
  const double above = trace->J;
  *h = before - step;
  trace_output(trace, T, e->c.w, &e->c.shape);
  *h = before;
  return (above - trace->J) / (2 * step);
}

/* The error of central differences is a third derivative times step^2 / 6. */
static void assert_slope(double slope, double difference) {
  assert_true(fabs(slope - difference) < 1e-4);
}

/* U and b2 are behind q; b1 is behind h. */
static void check_slopes(WithEvidence *e) {
  Case *c = &e->c;
  Trace *trace = c->trace;
  const int first = softmax_first(trace->x[T], &c->shape);
  J_of(e);
  trace_backward(trace, T, c->w, &c->shape);
  for (int t = 1; t <= T; t++) trace_part(trace, t, &c->shape);
  assert_true(fabs(trace->da) > 1e-3);
  assert_true(fabs(trace->dw) > 1e-3);
  for (int i = 0; i < D; i++) assert_slope(trace_row(trace->dh, T, D)[i], slope_of_h(e, i));
  assert_slope(trace->da, slope_of_constant(e, &e->a));
  assert_slope(trace->dw, slope_of_constant(e, &e->w));
  for (int i = 0; i < D; i++) assert_slope(trace->sum.db1[i], slope_of_weight(e, &c->w->b1[i]));
  J_of(e);
  for (int j = 0; j < c->shape.n; j++) {
    assert_slope(trace->dnet[j], slope_of_weight(e, &c->w->b2[first + j]));
    for (int i = 0; i < D; i++)
      assert_slope(trace_row(trace->h, T, D)[i] * trace->dnet[j],
                   slope_of_weight(e, &c->w->U[(first + j) * D + i]));
  }
}

static void the_gradient_with_evidence_equals_central_differences(void **state) {
  (void)state;
  srand(4);
  for (int k = 1; k <= 2; k++)
    for (int s = 1; s <= k; s++)
      for (int full = 0; full < 2; full++) {
        WithEvidence e = with_evidence_new(k, s, full);
        check_slopes(&e);
        case_free(&e.c);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_gradient_equals_the_reference),
      cmocka_unit_test(an_earlier_gradient_leaves_no_trace),
      cmocka_unit_test(the_gradient_with_evidence_equals_central_differences)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
