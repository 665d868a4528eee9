#include "base/alloc.h"
#include "net/softmax.h"
#include "net/touched.h"
#include "net/trace.h"
#include "prediction/modes.h"
#include "prediction/nodes.h"
#include "sequence/kmer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TIMESTEPS = 3, SLOPE_TEXT = 128 /* bytes */ };

typedef struct {
  const Shape *shape;
  const Weights *w;
  const Task *task;
  int wanted; /* timesteps */
  Trace *trace;
  Pool *pool; /* NULL: without a memory */
  int c;      /* the class of the pool at timestep loss_at */
  double *dU; /* (D,n) */
  Nodes nodes;
} TracePage;

/* ---- forward -------------------------------------------------------------------------------- */

/* Writes the timestep and its k-mers. */
static void put_step(TracePage *page, int t, const char *heading) {
  Nodes *nodes = &page->nodes;
  char x[KMER_MAX + 1], y[KMER_MAX + 1];
  kmer_text(x, page->trace->x[t], page->shape->k);
  kmer_text(y, page->trace->y[t], page->shape->k);
  nodes_open(nodes, NULL, '{');
  nodes_gap(nodes);
  nodes_line(nodes, "%st = %d: x(%d) = %s, y(%d) = %s", heading, t, t, x, t, y);
  nodes_json(nodes, "t", "%d", t);
  nodes_word(nodes, "x", x);
  nodes_word(nodes, "y", y);
}

/* Writes the k-mers that can follow x(t): the columns of q, yhat, dq, dU and db2. */
static void put_kmers(TracePage *page, int t) {
  const Shape *shape = page->shape;
  nodes_kmers(&page->nodes, "kmers", softmax_first(page->trace->x[t], shape), shape->n, shape->k);
}

static void put_pointer(TracePage *page, int t, const Pointer *pointer) {
  const Model *model = page->task->models;
  const Records *records = model->memory->records;
  const RecordPlace place = records_place(records, (uint64_t)memory_at(pointer->place));
  const char *name = records->names + records->record[place.record].name;
  const char *strand = pointer->place < 0 ? "-" : "+";
  const double odds = (double)model->recall.odds[pointer->state];
  const int in_32 = __builtin_popcountll(pointer->errors & 0xffffffff);
  Nodes *nodes = &page->nodes;
  char y[KMER_MAX + 1];
  kmer_text(y, softmax_first(page->trace->x[t], page->shape) + pointer->guess, page->shape->k);
  nodes_line(nodes,
             "  pointer to %s:%" PRIu64
             ", strand %s, guesses %s; last error %u bases ago, %d errors "
             "in 32 bases, %d in 64, odds %.6g",
             name, place.letter + 1, strand, y, pointer->length, in_32, pointer->n_errors, odds);
  nodes_open(nodes, NULL, '{');
  nodes_word(nodes, "record", name);
  nodes_json(nodes, "position", "%" PRIu64, place.letter + 1);
  nodes_word(nodes, "strand", strand);
  nodes_word(nodes, "guess", y);
  nodes_json(nodes, "since_error", "%u", pointer->length);
  nodes_json(nodes, "errors_32", "%d", in_32);
  nodes_json(nodes, "errors_64", "%d", pointer->n_errors);
  nodes_json(nodes, "odds", "%.9g", odds);
  nodes_close(nodes, '}');
}

/* Writes the pointers of the pool after x(t), and their evidence. */
static void put_evidence(TracePage *page, int t, int c) {
  const int n = page->shape->n;
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  int pointers;
  const Pointer *pointer = pool_pointers(page->pool, &pointers);
  nodes_open(nodes, "pointers", '[');
  for (int i = 0; i < pointers; i++)
    if (pointer[i].guess >= 0) put_pointer(page, t, &pointer[i]);
  nodes_close(nodes, ']');
  nodes_json(nodes, "c", "%d", c);
  nodes_number(nodes, "a", trace->a, "a[%d], the trust class of these pointers", c);
  nodes_number(nodes, "w", trace->w, "w[%d]", c);
  nodes_row(nodes, "s", trace->s, n, "s(%d)_j = ln(1 + %d sum of the odds of pointers to j)", t,
            kmer_count(page->shape->s) - 1);
  nodes_row(nodes, "net", trace->net, n, "net(%d) = h(%d) U + b2", t, t);
  nodes_row(nodes, "q", trace->q, n, "q(%d) = a[%d] net(%d) + w[%d] s(%d)", t, c, t, c, t);
}

/* Writes the output layer; returns the class of the pool, 0 without a memory. */
static int put_output(TracePage *page, int t) {
  const int n = page->shape->n;
  const Trace *trace = page->trace;
  const int c = task_evidence(page->task, page->pool, page->trace->x[t], t == 1, page->trace);
  Nodes *nodes = &page->nodes;
  trace_output(page->trace, t, page->w, page->shape);
  put_kmers(page, t);
  if (page->pool)
    put_evidence(page, t, c);
  else
    nodes_row(nodes, "q", trace->q, n, "q(%d) = h(%d) U + b2", t, t);
  nodes_row(nodes, "yhat", trace->yhat, n, "yhat(%d) = softmax(q(%d))", t, t);
  nodes_number(nodes, "J", trace->J, "J(%d) = -ln yhat(%d)[y(%d)]", t, t, t);
  return c;
}

/* Writes the forward pass and computes the gradient of J(at). */
static void put_forward(TracePage *page, int at) {
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
    const int c = put_output(page, t);
    nodes_close(nodes, '}');
    if (t != at) continue;
    trace_backward(page->trace, at, page->w, page->shape);
    page->c = c;
  }
  nodes_close(nodes, ']');
}

/* ---- backward ------------------------------------------------------------------------------- */

/* Writes phi'(z(t)) with the number of the timestep instead of t. */
static void slope_text(char text[SLOPE_TEXT], Activation activation, int t) {
  char *end = text;
  for (const char *c = activation_rows[activation].slope_text; *c; c++)
    if (*c == 't')
      end += sprintf(end, "%d", t);
    else
      *end++ = *c;
  *end = 0;
}

/* The name of the gradient of h U + b2, which is q without a memory. */
static const char *output_name(const TracePage *page) { return page->pool ? "dnet" : "dq"; }

/* Writes the gradients of the output layer at timestep t. */
static void put_output_back(TracePage *page, int t) {
  const int n = page->shape->n, c = page->c;
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  put_kmers(page, t);
  nodes_row(nodes, "dq", trace->dq, n, "dq(%d) = yhat(%d) - y(%d)", t, t, t);
  if (!page->pool) return;
  nodes_number(nodes, "da", trace->da, "da[%d] = dq(%d) net(%d)^T", c, t, t);
  nodes_number(nodes, "dw", trace->dw, "dw[%d] = dq(%d) s(%d)^T", c, t, t);
  nodes_row(nodes, "dnet", trace->dnet, n, "dnet(%d) = a[%d] dq(%d)", t, c, t);
}

static void put_deltas(TracePage *page, int t, bool first) {
  const int d = page->shape->d, D = page->shape->D;
  const double *dh = trace_row(page->trace->dh, t, D);
  const Trace *trace = page->trace;
  Nodes *nodes = &page->nodes;
  char slope[SLOPE_TEXT];
  slope_text(slope, page->shape->activation, t);
  if (first) {
    put_output_back(page, t);
    nodes_row(nodes, "dh", dh, D, "dh(%d) = %s(%d) U^T", t, output_name(page), t);
  } else {
    nodes_row(nodes, "dh", dh, D, "dh(%d) = dz(%d) H^T", t, t + 1);
  }
  nodes_row(nodes, "dz", trace_row(trace->dz, t, D), D, "dz(%d) = dh(%d) o %s", t, t, slope);
  nodes_row(nodes, "de", trace_row(trace->de, t, d), d, "de(%d) = dz(%d) I^T", t, t);
}

/* Writes the contribution of timestep t to the gradients of the weights. */
static void put_part(TracePage *page, int t, bool first) {
  const int d = page->shape->d, D = page->shape->D, n = page->shape->n;
  const TracePart *part = &page->trace->part;
  Nodes *nodes = &page->nodes;
  trace_part(page->trace, t, page->shape);
  if (first) {
    nodes_matrix(nodes, "dU", page->dU, D, n, "to dU: h(%d)^T %s(%d)", t, output_name(page), t);
    nodes_row(nodes, "db2", page->trace->dnet, n, "to db2: %s(%d)", output_name(page), t);
  }
  nodes_matrix(nodes, "dH", part->dH, D, D, "to dH: h(%d)^T dz(%d)", t - 1, t);
  nodes_matrix(nodes, "dI", part->dI, d, D, "to dI: e(%d)^T dz(%d)", t, t);
  nodes_row(nodes, "db1", part->db1, D, "to db1: dz(%d)", t);
  nodes_row(nodes, "dL", trace_row(page->trace->de, t, d), d, "to the row of x(%d) in dL: de(%d)",
            t, t);
}

/* Writes dL: for each k-mer x, the sum of de(t) over the timesteps with x(t) = x. */
static void put_dL(TracePage *page, int at) {
  static const double one = 1;
  const int d = page->shape->d;
  Touched touched = touched_new(page->shape->V, at, false);
  double *row = alloc_new((size_t)d, sizeof *row);
  char x[KMER_MAX + 1];
  touched_set(&touched, page->trace->x + 1, 0, at);
  nodes_open(&page->nodes, "dL", '{');
  for (int i = 0; i < touched.n; i++) {
    memset(row, 0, (size_t)d * sizeof *row);
    for (int j = touched.start[i]; j < touched.start[i + 1]; j++)
      trace_add(row, &one, trace_row(page->trace->de, touched.order[j] + 1, d), 1, d);
    kmer_text(x, touched.row[i], page->shape->k);
    nodes_row(&page->nodes, x, row, d, "dL, row %s", x);
  }
  nodes_close(&page->nodes, '}');
  free(row);
  touched_free(&touched);
}

static void put_gradient(TracePage *page, int at) {
  const int d = page->shape->d, D = page->shape->D, n = page->shape->n;
  const TracePart *sum = &page->trace->sum;
  Nodes *nodes = &page->nodes;
  nodes_gap(nodes);
  nodes_line(nodes, "the gradient of J(%d), summed over timesteps 1 to %d", at, at);
  nodes_open(nodes, "gradient", '{');
  put_kmers(page, at);
  nodes_matrix(nodes, "dU", page->dU, D, n, "dU");
  nodes_row(nodes, "db2", page->trace->dnet, n, "db2");
  nodes_matrix(nodes, "dH", sum->dH, D, D, "dH");
  nodes_matrix(nodes, "dI", sum->dI, d, D, "dI");
  nodes_row(nodes, "db1", sum->db1, D, "db1");
  put_dL(page, at);
  nodes_close(nodes, '}');
}

static void put_backward(TracePage *page, int at) {
  const int D = page->shape->D, n = page->shape->n;
  Trace *trace = page->trace;
  char heading[64];
  snprintf(heading, sizeof heading, "back from J(%d), ", at);
  memset(page->dU, 0, (size_t)D * (size_t)n * sizeof(double));
  trace_add(page->dU, trace_row(trace->h, at, D), trace->dnet, D, n);
  nodes_open(&page->nodes, "backward", '[');
  for (int t = at; t >= 1; t--) {
    put_step(page, t, heading);
    put_deltas(page, t, t == at);
    put_part(page, t, t == at);
    nodes_close(&page->nodes, '}');
  }
  nodes_close(&page->nodes, ']');
  put_gradient(page, at);
}

/* ---- the page ------------------------------------------------------------------------------- */

/* Warns about numbers that overflow, which do not end the trace. */
static void say_not_finite(const TracePage *page, const char *record) {
  const int D = page->shape->D;
  for (int t = 1; t <= page->trace->T; t++)
    for (int i = 0; i < D; i++) {
      if (isfinite(trace_row(page->trace->z, t, D)[i])) continue;
      progress_say(page->task->advance->progress,
                   "rnnpredict: record '%.100s': numbers from timestep %d on are not finite; JSON "
                   "has null for them",
                   record, t);
      return;
    }
}

static int take_record(void *context, const Beginning *beginning, Why *why) {
  TracePage *page = context;
  Nodes *nodes = &page->nodes;
  const int at = beginning->loss_at;
  trace_set(page->trace, beginning->x, beginning->y, beginning->n);
  nodes_open(nodes, NULL, '{');
  nodes_gap(nodes);
  nodes_line(nodes, "==== record %s", beginning->name);
  nodes_word(nodes, "record", beginning->name);
  if (beginning->n == 0) {
    nodes_line(nodes, "none of its k-mers is followed by another");
    nodes_json(nodes, "position", "null");
  } else {
    nodes_line(nodes, "from base %" PRIu64 " on, %d timesteps%s", beginning->position, beginning->n,
               beginning->n < page->wanted ? ", no more are available" : "");
    nodes_json(nodes, "position", "%" PRIu64, beginning->position);
  }
  put_forward(page, at);
  say_not_finite(page, beginning->name);
  if (at > 0) {
    nodes_json(nodes, "loss_at", "%d", at);
    put_backward(page, at);
  } else {
    nodes_json(nodes, "loss_at", "null");
  }
  nodes_close(nodes, '}');
  return output_check(page->task->output, why);
}

static void put_model(TracePage *page) {
  const Shape *shape = page->shape;
  const int V = shape->V, d = shape->d, D = shape->D;
  Nodes *nodes = &page->nodes;
  Tensor tensors[WEIGHTS];
  model_tensors(tensors, "", shape, NULL);
  nodes_line(nodes, "k = %d, stride %d, %s, softmax %s", shape->k, shape->s,
             activation_names[shape->activation], softmax_names[shape->softmax]);
  nodes_line(nodes, "L (%d,%d)  H (%d,%d)  I (%d,%d)  b1 (1,%d)  U (%d,%d)  b2 (1,%d)", V, d, D, D,
             d, D, D, D, V, V);
  nodes_json(nodes, "k", "%d", shape->k);
  nodes_json(nodes, "stride", "%d", shape->s);
  nodes_word(nodes, "activation", activation_names[shape->activation]);
  nodes_word(nodes, "softmax", softmax_names[shape->softmax]);
  nodes_open(nodes, "shapes", '{');
  for (int i = 0; i < WEIGHTS; i++)
    nodes_json(nodes, tensors[i].name, "[%zu, %zu]", tensors[i].rows, tensors[i].columns);
  nodes_close(nodes, '}');
  if (!page->pool) return;
  const uint64_t bases = page->task->models->memory->bases;
  nodes_line(nodes, "a memory of %" PRIu64 " bases", bases);
  nodes_json(nodes, "memory_bases", "%" PRIu64, bases);
}

/* After an error the JSON is left incomplete, so no reader takes it for valid. */
int mode_trace(const Task *task, Why *why) {
  const Shape *shape = &task->models->shape;
  const int T = task_timesteps(task, TIMESTEPS);
  TracePage page = {
      .shape = shape,
      .w = task->models->weights,
      .task = task,
      .wanted = T,
      .trace = trace_new(shape, T, true),
      .pool = task_pool(task),
      .dU = alloc_new((size_t)shape->D * (size_t)shape->n, sizeof(double)),
      .nodes = {.out = output_stream(task->output), .text = task->options->format == FORMAT_TEXT}};
  nodes_open(&page.nodes, NULL, '{');
  put_model(&page);
  nodes_open(&page.nodes, "records", '[');
  const int rc = task_begin(task, T, take_record, &page, NULL, why);
  if (rc == 0) {
    nodes_close(&page.nodes, ']');
    nodes_close(&page.nodes, '}');
  }
  trace_free(page.trace);
  pool_free(page.pool);
  free(page.dU);
  return rc;
}
