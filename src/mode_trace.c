#include "alloc.h"
#include "kmer.h"
#include "modes.h"
#include "nodes.h"
#include "softmax.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

enum { TIMESTEPS = 3 };

/* What one timestep, or all of them, give to the gradients of the weights that are used in each. */
typedef struct {
  double *dH, *dI, *db1; /* (D,D) (d,D) (D) */
} Sums;

typedef struct {
  const Task *task;
  const Shape *shape;
  const Weights *w;
  Trace *trace;
  Nodes nodes;
  Sums part, sum; /* of a timestep, of all */
  double *dU;     /* (D,n) */
} Page;

static Sums sums_new(const Shape *shape) {
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  Sums sums = {.dH = alloc_new((D + d + 1) * D, sizeof(double))};
  sums.dI = sums.dH + D * D, sums.db1 = sums.dI + d * D;
  return sums;
}

static void sums_clear(const Sums *sums, const Shape *shape) {
  const size_t d = (size_t)shape->d, D = (size_t)shape->D;
  memset(sums->dH, 0, (D + d + 1) * D * sizeof(double));
}

/* What timestep t gives to them. */
static void sums_add(const Sums *sums, const Trace *trace, int t, const Shape *shape) {
  static const double one = 1;
  const int d = shape->d, D = shape->D;
  const double *dz = trace_row(trace->dz, t, D);
  trace_add(sums->dH, trace_row(trace->h, t - 1, D), dz, D, D); /* dH += h(t-1)^T dz(t) */
  trace_add(sums->dI, trace_row(trace->e, t, d), dz, d, D);     /* dI += e(t)^T dz(t) */
  trace_add(sums->db1, &one, dz, 1, D);                         /* db1 += dz(t) */
}

/* ---- forward -------------------------------------------------------------------------------- */

/* The timestep and its k-mers. */
static void put_step(Page *page, int t, const char *heading) {
  Nodes *nodes = &page->nodes;
  char x[KMER_MAX + 1], y[KMER_MAX + 1];
  kmer_text(x, page->trace->x[t], page->shape->k);
  kmer_text(y, page->trace->y[t], page->shape->k);
  nodes_open(nodes, NULL, '{');
  nodes_heading(nodes, "%st = %d: x(%d) = %s, y(%d) = %s", heading, t, t, x, t, y);
  nodes_whole(nodes, "t", t);
  nodes_word(nodes, "x", x), nodes_word(nodes, "y", y);
}

static void put_output(Page *page, int t) {
  const Shape *shape = page->shape;
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  trace_output(page->trace, t, page->w, shape);
  nodes_kmers(nodes, "kmers", softmax_first(trace->x[t], shape), shape->n, shape->k);
  nodes_row(nodes, "q", trace->q, shape->n, "q(%d) = h(%d) U + b2", t, t);
  nodes_row(nodes, "yhat", trace->yhat, shape->n, "yhat(%d) = softmax(q(%d))", t, t);
  nodes_number(nodes, "J", trace->J, "J(%d) = -ln yhat(%d)[y(%d)]", t, t, t);
}

static void put_forward(Page *page) {
  const int d = page->shape->d, D = page->shape->D;
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  trace_forward(page->trace, page->w, page->shape);
  nodes_open(nodes, "forward", '[');
  for (int t = 1; t <= trace->T; t++) {
    put_step(page, t, "");
    nodes_row(nodes, "e", trace_row(trace->e, t, d), d, "e(%d) = x(%d) L", t, t);
    nodes_row(nodes, "z", trace_row(trace->z, t, D), D, "z(%d) = h(%d) H + e(%d) I + b1%s", t,
              t - 1, t, t == 1 ? ", h(0) = 0" : "");
    nodes_row(nodes, "h", trace_row(trace->h, t, D), D, "h(%d) = %s(z(%d))", t,
              activation_names[page->shape->activation], t);
    put_output(page, t);
    nodes_close(nodes, '}');
  }
  nodes_close(nodes, ']');
}

/* ---- backward ------------------------------------------------------------------------------- */

/* phi'(z(t)) as the equations have it. */
static void slope_text(char text[64], Activation activation, int t) {
  if (activation == SIGMOID)
    snprintf(text, 64, "h(%d) o (1 - h(%d))", t, t);
  else if (activation == TANH)
    snprintf(text, 64, "(1 - h(%d) o h(%d))", t, t);
  else
    snprintf(text, 64, "[z(%d) > 0]", t);
}

static void put_deltas(Page *page, int t, int at) {
  const int d = page->shape->d, D = page->shape->D;
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  char slope[64];
  slope_text(slope, page->shape->activation, t);
  if (t == at)
    nodes_row(nodes, "dq", trace->dq, page->shape->n, "dq(%d) = yhat(%d) - y(%d)", t, t, t);
  nodes_row(nodes, "dh", trace_row(trace->dh, t, D), D,
            t == at ? "dh(%d) = dq(%d) U^T" : "dh(%d) = dz(%d) H^T", t, t == at ? t : t + 1);
  nodes_row(nodes, "dz", trace_row(trace->dz, t, D), D, "dz(%d) = dh(%d) o %s", t, t, slope);
  nodes_row(nodes, "de", trace_row(trace->de, t, d), d, "de(%d) = dz(%d) I^T", t, t);
}

/* What timestep t adds to the gradients of the weights. */
static void put_part(Page *page, int t, int at) {
  const int d = page->shape->d, D = page->shape->D, n = page->shape->n;
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  sums_clear(&page->part, page->shape);
  sums_add(&page->part, trace, t, page->shape);
  sums_add(&page->sum, trace, t, page->shape);
  if (t == at) {
    nodes_matrix(nodes, "dU", page->dU, D, n, "to dU: h(%d)^T dq(%d)", t, t);
    nodes_row(nodes, "db2", trace->dq, n, "to db2: dq(%d)", t);
  }
  nodes_matrix(nodes, "dH", page->part.dH, D, D, "to dH: h(%d)^T dz(%d)", t - 1, t);
  nodes_matrix(nodes, "dI", page->part.dI, d, D, "to dI: e(%d)^T dz(%d)", t, t);
  nodes_row(nodes, "db1", page->part.db1, D, "to db1: dz(%d)", t);
  nodes_row(nodes, "dL", trace_row(trace->de, t, d), d, "to the row of x(%d) in dL: de(%d)", t, t);
}

/* The sum over timesteps that read this k-mer, told at the first of them. */
static void put_row_of_dL(Page *page, int t, int at) {
  const int d = page->shape->d;
  const Trace *trace = page->trace;
  static const double one = 1;
  char x[KMER_MAX + 1];
  for (int before = 1; before < t; before++)
    if (trace->x[before] == trace->x[t]) return;
  double *row = alloc_new((size_t)d, sizeof *row);
  for (int i = t; i <= at; i++)
    if (trace->x[i] == trace->x[t]) trace_add(row, &one, trace_row(trace->de, i, d), 1, d);
  kmer_text(x, trace->x[t], page->shape->k);
  nodes_row(&page->nodes, x, row, d, "dL, row %s", x);
  free(row);
}

static void put_gradient(Page *page, int at) {
  const int d = page->shape->d, D = page->shape->D, n = page->shape->n;
  Nodes *nodes = &page->nodes;
  nodes_heading(nodes, "the gradient of J(%d), summed over timesteps 1 to %d", at, at);
  nodes_open(nodes, "gradient", '{');
  nodes_matrix(nodes, "dU", page->dU, D, n, "dU");
  nodes_row(nodes, "db2", page->trace->dq, n, "db2");
  nodes_matrix(nodes, "dH", page->sum.dH, D, D, "dH");
  nodes_matrix(nodes, "dI", page->sum.dI, d, D, "dI");
  nodes_row(nodes, "db1", page->sum.db1, D, "db1");
  nodes_open(nodes, "dL", '{');
  for (int t = 1; t <= at; t++) put_row_of_dL(page, t, at);
  nodes_close(nodes, '}');
  nodes_close(nodes, '}');
}

static void put_backward(Page *page, int at) {
  const Shape *shape = page->shape;
  Nodes *nodes = &page->nodes;
  trace_output(page->trace, at, page->w, shape);
  trace_backward(page->trace, at, page->w, shape);
  memset(page->dU, 0, (size_t)shape->D * (size_t)shape->n * sizeof(double));
  trace_add(page->dU, trace_row(page->trace->h, at, shape->D), page->trace->dq, shape->D, shape->n);
  sums_clear(&page->sum, shape);
  nodes_open(nodes, "backward", '[');
  for (int t = at; t >= 1; t--) {
    char heading[64];
    snprintf(heading, sizeof heading, "back from J(%d), ", at);
    put_step(page, t, heading);
    put_deltas(page, t, at);
    put_part(page, t, at);
    nodes_close(nodes, '}');
  }
  nodes_close(nodes, ']');
  put_gradient(page, at);
}

/* ---- the page ------------------------------------------------------------------------------- */

static int take_record(void *context, const Beginning *beginning, Why *why) {
  Page *page = context;
  Nodes *nodes = &page->nodes;
  const int wanted = page->task->options->loss_at, at = wanted > 0 ? wanted : beginning->n;
  trace_set(page->trace, beginning->x, beginning->y, beginning->n);
  nodes_open(nodes, NULL, '{');
  nodes_word(nodes, "record", beginning->name);
  nodes_heading(nodes, "==== record %s%s", beginning->name, beginning->n == 0 ? ": too short" : "");
  put_forward(page);
  if (at > 0 && at <= beginning->n) {
    nodes_whole(nodes, "loss_at", at);
    put_backward(page, at);
  } else {
    nodes_none(nodes, "loss_at");
    nodes_heading(nodes, "there is no timestep %d to go back from", at);
  }
  nodes_close(nodes, '}');
  return output_check(page->task->output, why);
}

static void put_shape(Page *page, const char *name, int rows, int columns) {
  const double sizes[] = {rows, columns};
  if (!page->nodes.text) nodes_row(&page->nodes, name, sizes, 2, "%s", name);
}

static void put_model(Page *page) {
  const Shape *shape = page->shape;
  const int V = shape->V, d = shape->d, D = shape->D;
  Nodes *nodes = &page->nodes;
  if (nodes->text)
    fprintf(nodes->out,
            "k = %d, stride %d, %s, softmax %s\n"
            "L (%d,%d)  H (%d,%d)  I (%d,%d)  b1 (1,%d)  U (%d,%d)  b2 (1,%d)\n",
            shape->k, shape->s, activation_names[shape->activation], softmax_names[shape->softmax],
            V, d, D, D, d, D, D, D, V, V);
  nodes_whole(nodes, "k", shape->k), nodes_whole(nodes, "stride", shape->s);
  nodes_word(nodes, "activation", activation_names[shape->activation]);
  nodes_word(nodes, "softmax", softmax_names[shape->softmax]);
  nodes_open(nodes, "shapes", '{');
  put_shape(page, "L", V, d), put_shape(page, "H", D, D), put_shape(page, "I", d, D);
  put_shape(page, "b1", 1, D), put_shape(page, "U", D, V), put_shape(page, "b2", 1, V);
  nodes_close(nodes, '}');
}

int mode_trace(const Task *task, Why *why) {
  const PredictOptions *o = task->options;
  const Shape *shape = &task->models->shape;
  const int T = o->timesteps > 0 ? o->timesteps : o->loss_at > 0 ? o->loss_at : TIMESTEPS;
  Page page = {.task = task,
               .shape = shape,
               .w = task->models->weights,
               .trace = trace_new(shape, T),
               .nodes = {.out = output_stream(task->output), .text = o->format == FORMAT_TEXT},
               .part = sums_new(shape),
               .sum = sums_new(shape),
               .dU = alloc_new((size_t)shape->D * (size_t)shape->n, sizeof(double))};
  nodes_open(&page.nodes, NULL, '{');
  put_model(&page);
  nodes_open(&page.nodes, "records", '[');
  const int rc = task_begin(task, T, take_record, &page, why);
  nodes_close(&page.nodes, ']');
  nodes_close(&page.nodes, '}');
  trace_free(page.trace);
  free(page.part.dH), free(page.sum.dH), free(page.dU);
  return rc;
}
