/* rnnpredict: ask a trained network about sequences. */
#include "alloc.h"
#include "input.h"
#include "kernels.h"
#include "kmer.h"
#include "manual.h"
#include "matrix.h"
#include "output.h"
#include "predict.h"
#include "predict_options.h"
#include "softmax.h"
#include "start.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, FAILED = 1, USAGE = 2, TOP_MAX = 16, TOP = 10, INSERT_MAX = 64 };

static int complain(int code, const Why *why) {
  fprintf(stderr, "rnnpredict: %s\n", why->text);
  return code;
}

/* What the callbacks below need. */
typedef struct {
  Output *output;
  FILE *out; /* its stream */
  const Model *model;
  const Kernels *kernels;
  int top;
  float *yhat;       /* (n) */
  int *rank;         /* (n) indices into yhat, likeliest first */
  uint64_t circular; /* records of this file that were read as circles */
} Table;

static int not_finite(const Prediction *prediction, Why *why) {
  return fail(why, "record '%.100s': the model gives no finite numbers; its training went wrong",
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

static int print_score(void *context, const Prediction *prediction, Why *why) {
  Table *table = context;
  if (!isfinite(prediction->nats)) return not_finite(prediction, why);
  if (!prediction->piece->ended) return 0;
  table->circular += prediction->piece->circular;
  double tokens = (double)prediction->tokens;
  unsigned long long n = prediction->tokens, bases = n * (unsigned)table->model->shape.s;
  if (n == 0)
    fprintf(table->out, "%s\t0\t0\tNA\tNA\tNA\n", prediction->piece->name);
  else
    fprintf(table->out, "%s\t%llu\t%llu\t%.6f\t%.6f\t%.6f\n", prediction->piece->name, n, bases,
            prediction->nats, prediction->nats / ((double)bases * M_LN2),
            exp(prediction->nats / tokens));
  return output_check(table->output, why);
}

/* ---- mode info ------------------------------------------------------------------------------ */

static void print_info(FILE *out, const Model *model) {
  const char *key, *value;
  fprintf(out, "field\tvalue\n");
  for (size_t i = 0; i < metadata_size(model->about); i++) {
    metadata_entry(model->about, i, &key, &value);
    fprintf(out, "%s\t%s\n", key, value);
  }
  fprintf(out, "dictionary\t%d\nsoftmax_width\t%d\nparameters\t%zu\n", model->shape.V,
          model->shape.n, shape_parameters(&model->shape));
}

/* ---- the program ---------------------------------------------------------------------------- */

static int predict_all(const PredictOptions *o, const Model *model, char **files, int n_files,
                       Output *output, Why *why) {
  static char *standard_input[] = {"-"};
  const Kernels *kernels = kernels_best();
  const size_t n = (size_t)model->shape.n;
  FILE *out = output_stream(output);
  Table table = {.output = output, .out = out, .model = model, .kernels = kernels, .top = o->top};
  if (table.top == 0) table.top = model->shape.n <= TOP_MAX ? TOP_MAX : TOP;
  if (table.top > model->shape.n) table.top = model->shape.n;
  table.yhat = alloc_floats(n), table.rank = alloc_new(n, sizeof *table.rank);
  Predictor *predictor =
      predict_new(model, o->mode == MODE_SCORE, o->circular, o->threads, kernels);
  if (o->mode == MODE_NEXT)
    fprintf(out, "record\trank\tkmer\tprobability\n");
  else
    fprintf(out, "record\ttokens\tbases\tnats\tbits_per_base\tperplexity\n");
  if (n_files == 0) files = standard_input, n_files = 1;
  int rc = 0;
  for (int i = 0; i < n_files && rc == 0; i++) {
    table.circular = 0;
    rc = predict_file(predictor, files[i], o->mode == MODE_NEXT ? print_next : print_score, &table,
                      why);
    if (rc == 0 && table.circular > 0)
      fprintf(stderr, "rnnpredict: %s: circular records: %" PRIu64 "\n", input_title(files[i]),
              table.circular);
  }
  predict_free(predictor);
  free(table.yhat), free(table.rank);
  return rc;
}

static int run(const PredictOptions *o, char **operands, int n_operands, Why *why) {
  Model model;
  if (model_read(&model, operands[0], why) != 0) return -1;
  Output *output = output_open(o->output, why);
  int rc = output ? 0 : -1;
  if (rc == 0 && o->mode == MODE_INFO)
    print_info(output_stream(output), &model);
  else if (rc == 0)
    rc = predict_all(o, &model, operands + 1, n_operands - 1, output, why);
  if (rc == 0)
    rc = output_close(output, why);
  else if (output)
    output_abandon(output);
  model_free(&model);
  return rc;
}

static int check_usage(const PredictOptions *o, char **operands, int n_operands, Why *why) {
  if (n_operands == 0) return fail(why, "no model; name a run directory or a .safetensors file");
  if (o->mode == MODE_INFO && n_operands > 1)
    return fail(why, "'%s': --mode info takes no sequence", operands[1]);
  if (o->top > 0 && o->mode != MODE_NEXT) return fail(why, "--top: goes with --mode next");
  if (o->circular && o->mode != MODE_SCORE) return fail(why, "--circular: goes with --mode score");
  int standard_inputs = 0;
  for (int i = 1; i < n_operands; i++) standard_inputs += strcmp(operands[i], "-") == 0;
  if (standard_inputs > 1) return fail(why, "-: standard input can be named only once");
  return 0;
}

int main(int argc, char **argv) {
  int available = start_program(argv);
  Why why = {""};
  PredictOptions options = {0};
  int operands;
  const char *topic;
  OptionsWish wish = options_parse(&predict_program, &options, argc, argv, &operands, &topic, &why);
  if (wish == OPTIONS_HELP || wish == OPTIONS_VERSION) {
    int code =
        manual_answer(&predict_program, wish, topic, matrix_library(), kernels_best()->level, &why);
    return code == DONE ? DONE : complain(code, &why);
  }
  if (wish == OPTIONS_ERROR || check_usage(&options, argv + operands, argc - operands, &why) != 0)
    return complain(USAGE, &why);
  if (options.threads == 0) options.threads = available;
  int rc = run(&options, argv + operands, argc - operands, &why);
  return rc == 0 ? DONE : complain(FAILED, &why);
}
