#include "tables.h"

#include "alloc.h"
#include "input.h"
#include "kmer.h"
#include "lanes.h"
#include "predict.h"
#include "softmax.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOP_MAX = 16, TOP = 10, INSERT_MAX = 64 };

/* Text that is gathered, for a row a base is more than stdio likes to be called for. */
typedef struct {
  FILE *out;
  size_t n;
  char text[1 << 16];
} Rows;

/* What the callbacks below need. */
typedef struct {
  Output *output;
  FILE *out; /* its stream */
  const Model *model;
  const Kernels *kernels;
  int top;
  float *yhat;         /* (n) */
  int *rank;           /* (n) indices into yhat, likeliest first */
  Rows rows;           /* of mode track */
  double forward_nats; /* of the record whose reverse complement comes next */
  uint64_t circular;   /* records of this file that were read as circles */
} Table;

static int not_finite(const Prediction *prediction, Why *why) {
  return fail(why,
              "record '%.100s': the model gives no finite numbers; train it again with a "
              "smaller --learning-rate",
              prediction->piece->name);
}

/* ---- mode next ------------------------------------------------------------------------------ */

/* Orders indices into yhat: the larger first, and of equals the first. */
static int by_probability(const void *a, const void *b, void *yhat) {
  int i = *(const int *)a, j = *(const int *)b;
  float p = ((const float *)yhat)[i], q = ((const float *)yhat)[j];
  return p != q ? (p < q) - (p > q) : (i > j) - (i < j);
}

/* Puts the indices of the `top` largest to the front of rank (n), in order; of equals, the first
 * k-mer goes first. */
static void rank_top(int *rank, float *yhat, int n, int top) {
  if (top > INSERT_MAX) {
    for (int i = 0; i < n; i++) rank[i] = i;
    qsort_r(rank, (size_t)n, sizeof *rank, by_probability, yhat);
    return;
  }
  int kept = 0;
  for (int i = 0; i < n; i++) {
    if (kept == top && yhat[i] <= yhat[rank[kept - 1]]) continue;
    int at = kept < top ? kept++ : kept - 1;
    for (; at > 0 && yhat[i] > yhat[rank[at - 1]]; at--) rank[at] = rank[at - 1];
    rank[at] = i;
  }
}

static int print_next(void *context, const Prediction *prediction, Why *why) {
  Table *table = context;
  const Shape *shape = &table->model->shape;
  const Piece *piece = prediction->piece;
  char kmer[KMER_MAX + 1];
  if (!piece->ended) return 0;
  if (piece->last < 0) {
    fprintf(table->out, "%s\tNA\tNA\tNA\n", piece->name);
    return output_check(table->output, why);
  }
  softmax_yhat(table->yhat, piece->last, prediction->h, table->model->weights, shape,
               table->kernels);
  if (!isfinite(table->yhat[0])) return not_finite(prediction, why);
  rank_top(table->rank, table->yhat, shape->n, table->top);
  for (int i = 0; i < table->top; i++) {
    kmer_text(kmer, softmax_first(piece->last, shape) + table->rank[i], shape->k);
    fprintf(table->out, "%s\t%d\t%s\t%.6g\n", piece->name, i + 1, kmer,
            (double)table->yhat[table->rank[i]]);
  }
  return output_check(table->output, why);
}

/* ---- mode score ----------------------------------------------------------------------------- */

/* A row without its end; nats is the sum of -ln p over the record. */
static void put_score(Table *table, const Prediction *prediction, double nats) {
  const unsigned long long n = prediction->tokens, bases = n * (unsigned)table->model->shape.s;
  table->circular += prediction->piece->circular;
  if (n == 0)
    fprintf(table->out, "%s\t0\t0\tNA\tNA\tNA", prediction->piece->name);
  else
    fprintf(table->out, "%s\t%llu\t%llu\t%.6f\t%.6f\t%.6f", prediction->piece->name, n, bases, nats,
            nats / ((double)bases * M_LN2), exp(nats / (double)n));
}

static int print_score(void *context, const Prediction *prediction, Why *why) {
  Table *table = context;
  if (!isfinite(prediction->nats)) return not_finite(prediction, why);
  if (!prediction->piece->ended) return 0;
  put_score(table, prediction, prediction->nats);
  fputc('\n', table->out);
  return output_check(table->output, why);
}

/* The mean of what the two readings of a record cost, and by how many bits a base its reverse
 * complement costs more. */
static int print_strands(void *context, const Prediction *prediction, Why *why) {
  Table *table = context;
  if (!isfinite(prediction->nats)) return not_finite(prediction, why);
  if (!prediction->piece->ended) return 0;
  if (!prediction->piece->reversed) {
    table->forward_nats = prediction->nats;
    return 0;
  }
  const double bases = (double)prediction->tokens * table->model->shape.s;
  put_score(table, prediction, (table->forward_nats + prediction->nats) / 2);
  if (prediction->tokens == 0)
    fputs("\tNA\n", table->out);
  else
    fprintf(table->out, "\t%.6f\n", (prediction->nats - table->forward_nats) / (bases * M_LN2));
  return output_check(table->output, why);
}

/* ---- mode track ----------------------------------------------------------------------------- */

static void rows_flush(Rows *rows) {
  fwrite(rows->text, 1, rows->n, rows->out);
  rows->n = 0;
}

static void put_text(Rows *rows, const char *text, size_t n) {
  memcpy(rows->text + rows->n, text, n);
  rows->n += n;
}

static void put_whole(Rows *rows, uint64_t value) {
  char digits[20];
  size_t n = 0;
  do digits[sizeof digits - ++n] = (char)('0' + value % 10);
  while (value /= 10);
  put_text(rows, digits + sizeof digits - n, n);
}

/* With `decimals` digits behind the point, rounded; units is 10^decimals. */
static void put_decimal(Rows *rows, double value, int decimals, uint64_t units) {
  if (value > 1e12) { /* nothing of that size has digits behind the point */
    rows->n += (size_t)snprintf(rows->text + rows->n, sizeof rows->text - rows->n, "%.4g", value);
    return;
  }
  const uint64_t all = (uint64_t)(value * (double)units + 0.5);
  uint64_t fraction = all % units;
  put_whole(rows, all / units);
  rows->text[rows->n] = '.';
  for (int i = decimals; i > 0; i--, fraction /= 10)
    rows->text[rows->n + (size_t)i] = (char)('0' + fraction % 10);
  rows->n += (size_t)decimals + 1;
}

/* A probability below LEAST has too few digits for that. */
static void put_probability(Rows *rows, double p) {
  const double LEAST = 0.001;
  if (p >= LEAST)
    put_decimal(rows, p, 6, 1000000);
  else
    rows->n += (size_t)snprintf(rows->text + rows->n, sizeof rows->text - rows->n, "%.4g", p);
}

/* The name, with room for what follows it in a row. Names can be of any length. */
static void begin_row(Rows *rows, const char *name, size_t n) {
  enum { OTHERS = 128 };
  if (rows->n + n + OTHERS > sizeof rows->text) rows_flush(rows);
  if (n + OTHERS > sizeof rows->text)
    fwrite(name, 1, n, rows->out);
  else
    put_text(rows, name, n);
}

static int print_track(void *context, const Prediction *prediction, Why *why) {
  Table *table = context;
  const Piece *piece = prediction->piece;
  const size_t name = strlen(piece->name);
  const int k = table->model->shape.k;
  Rows *rows = &table->rows;
  if (!isfinite(prediction->nats)) return not_finite(prediction, why);
  table->circular += piece->circular;
  for (int i = piece->warmup; i < piece->n; i++) {
    if (piece->y[i] < 0) continue;
    begin_row(rows, piece->name, name);
    rows->text[rows->n++] = '\t';
    put_whole(rows, piece->position[i]);
    rows->text[rows->n++] = '\t';
    kmer_text(rows->text + rows->n, piece->y[i], k);
    rows->n += (size_t)k;
    rows->text[rows->n++] = '\t';
    put_decimal(rows, fmax(0, (double)prediction->J[i] * M_LOG2E), 4, 10000);
    rows->text[rows->n++] = '\t';
    put_probability(rows, exp(-(double)prediction->J[i]));
    rows->text[rows->n++] = '\n';
  }
  return output_check(table->output, why);
}

/* ---- all records ---------------------------------------------------------------------------- */

/* What each mode prints, and of what. */
typedef struct {
  const char *header;
  int (*print)(void *context, const Prediction *prediction, Why *why);
  PredictWish wish;
} View;

static const View views[] = {
    [MODE_NEXT] = {"record\trank\tkmer\tprobability\n", print_next, {.with_loss = false}},
    [MODE_SCORE] = {"record\ttokens\tbases\tnats\tbits_per_base\tperplexity\n",
                    print_score,
                    {.with_loss = true}},
    [MODE_TRACK] = {"record\tposition\tkmer\tbits\tprobability\n",
                    print_track,
                    {.with_loss = true}},
};
static const View strands_view = {
    "record\ttokens\tbases\tnats\tbits_per_base\tperplexity\tdifference\n",
    print_strands,
    {.with_loss = true, .both_strands = true}};

int tables_predict(const PredictOptions *o, const Model *model, char **files, int n_files,
                   Output *output, Why *why) {
  static char *standard_input[] = {"-"};
  const Kernels *kernels = kernels_best();
  const View *view = o->strands == BOTH ? &strands_view : &views[o->mode];
  PredictWish wish = view->wish;
  const size_t n = (size_t)model->shape.n;
  FILE *out = output_stream(output);
  Table table = {.output = output,
                 .out = out,
                 .model = model,
                 .kernels = kernels,
                 .top = o->top,
                 .rows = {.out = out}};
  if (table.top == 0) table.top = model->shape.n <= TOP_MAX ? TOP_MAX : TOP;
  if (table.top > model->shape.n) table.top = model->shape.n;
  table.yhat = alloc_floats(n), table.rank = alloc_new(n, sizeof *table.rank);
  wish.all_circles = o->circular;
  Predictor *predictor = predict_new(model, wish, o->threads, kernels);
  fputs(view->header, out);
  if (n_files == 0) files = standard_input, n_files = 1;
  int rc = 0;
  for (int i = 0; i < n_files && rc == 0; i++) {
    table.circular = 0;
    rc = predict_file(predictor, files[i], view->print, &table, why);
    rows_flush(&table.rows);
    if (rc == 0 && table.circular > 0)
      fprintf(stderr, "rnnpredict: %s: circular records: %" PRIu64 "\n", input_title(files[i]),
              table.circular);
  }
  predict_free(predictor);
  free(table.yhat), free(table.rank);
  return rc;
}

/* ---- mode info ------------------------------------------------------------------------------ */

void tables_info(FILE *out, const Model *model) {
  const char *key, *value;
  fprintf(out, "field\tvalue\n");
  for (size_t i = 0; i < metadata_size(model->about); i++) {
    metadata_entry(model->about, i, &key, &value);
    fprintf(out, "%s\t%s\n", key, value);
  }
  fprintf(out, "dictionary\t%d\nsoftmax_width\t%d\nparameters\t%zu\n", model->shape.V,
          model->shape.n, shape_parameters(&model->shape));
}
