#include "report/figure.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "report/chart.h"
#include "report/figure_text.h"
#include "report/pca.h"
#include "sequence/kmer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLOUD_MAX = 4096 };

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A column with NAN in the rows that sum up less than half as many steps as most: a validation came
 * between. To be freed. */
static double *steady(const RunData *data, const double *column) {
  const size_t n = data->rows;
  double *kept = alloc_new(n + 1, sizeof *kept), *steps = alloc_new(n + 1, sizeof *steps);
  for (size_t i = 0; i < n; i++)
    kept[i] = data->loss[RUNDATA_STEP][i] - (i > 0 ? data->loss[RUNDATA_STEP][i - 1] : 0);
  qsort(memcpy(steps, kept, n * sizeof *steps), n, sizeof *steps, compare);
  const double least = steps[n / 2] / 2;
  for (size_t i = 0; i < n; i++) kept[i] = kept[i] < least ? NAN : column[i];
  free(steps);
  return kept;
}

/* A series along the course of the run. */
static Series over_tokens(const RunData *data, const char *name, const double *y) {
  return (Series){.name = name, .x = data->loss[RUNDATA_TOKENS], .y = y, .n = data->rows};
}

/* ---- the course of the run ------------------------------------------------------------------ */

static void draw_loss(FILE *out, const RunData *data) {
  double *train = steady(data, data->loss[RUNDATA_TRAIN_BITS]);
  Series valid = over_tokens(data, "validation", data->loss[RUNDATA_VALID_BITS]);
  valid.style = CHART_DOTS;
  chart_write(
      out, &(Chart){.title = "Training and validation loss over the course of the run",
                    .x_name = "k-mers read",
                    .y_name = "bits per base",
                    .x_from_0 = true,
                    .series = {over_tokens(data, "training", train), valid},
                    .mark = {{"2.0: guessing", 2}, {"best Markov model", data->run.markov_bits}}});
  free(train);
}

static void draw_timesteps(FILE *out, const RunData *data) {
  double *t = alloc_new(data->T + 1, sizeof *t);
  char first[64], last[64];
  for (size_t i = 0; i < data->T; i++) t[i] = (double)i + 1;
  snprintf(first, sizeof first, "up to step %.0f", data->first.step);
  snprintf(last, sizeof last, "up to step %.0f", data->last.step);
  const bool apart = data->last.step > data->first.step;
  chart_write(
      out,
      &(Chart){.title = "Loss at each timestep of the window",
               .x_name = "timestep t of the window",
               .y_name = "J(t), nats a k-mer",
               .series = {{.name = first, .x = t, .y = data->first.J, .n = data->T},
                          {.name = last, .x = t, .y = data->last.J, .n = apart ? data->T : 0}}});
  free(t);
}

static void draw_rate(FILE *out, const RunData *data) {
  chart_write(out, &(Chart){.title = "Learning rate over the course of the run",
                            .x_name = "k-mers read",
                            .y_name = "learning rate",
                            .x_from_0 = true,
                            .y_from_0 = true,
                            .series = {over_tokens(data, NULL, data->loss[RUNDATA_RATE])}});
}

static void draw_norm(FILE *out, const RunData *data) {
  const double clip = data->run.clip;
  Series norm = over_tokens(data, NULL, data->loss[RUNDATA_NORM]);
  norm.band = true;
  chart_write(out, &(Chart){.title = "Norm of the gradient over the course of the run",
                            .x_name = "k-mers read",
                            .y_name = "norm of the gradient",
                            .y_log = true,
                            .x_from_0 = true,
                            .series = {norm},
                            .mark = {{clip > 0 ? "clip" : NULL, clip}}});
}

/* K-mers a second between rows without a validation, over a quarter of a second at least. */
typedef struct {
  double *tokens, *speed; /* (n) */
  size_t n;
  double mean;
} Speeds;

static Speeds speeds_new(const RunData *data) {
  const double ENOUGH = 0.25, *tokens = data->loss[RUNDATA_TOKENS];
  double some = 0, time = 0, all = 0, all_time = 0;
  Speeds speeds = {.tokens = alloc_new(2 * data->rows + 1, sizeof(double))};
  speeds.speed = speeds.tokens + data->rows;
  for (size_t i = 1; i < data->rows; i++) {
    const double seconds = data->loss[RUNDATA_SECONDS][i] - data->loss[RUNDATA_SECONDS][i - 1];
    if (isfinite(data->loss[RUNDATA_VALID][i]) || !(seconds >= 0)) continue;
    some += tokens[i] - tokens[i - 1];
    time += seconds;
    all += tokens[i] - tokens[i - 1];
    all_time += seconds;
    if (time < ENOUGH) continue;
    speeds.tokens[speeds.n] = tokens[i];
    speeds.speed[speeds.n++] = some / time;
    some = time = 0;
  }
  speeds.mean = all_time > 0 ? all / all_time : NAN;
  return speeds;
}

double figure_mean_speed(const RunData *data) {
  Speeds speeds = speeds_new(data);
  free(speeds.tokens);
  return speeds.mean;
}

static void draw_speed(FILE *out, const RunData *data) {
  Speeds speeds = speeds_new(data);
  chart_write(out, &(Chart){.title = "K-mers read a second",
                            .x_name = "k-mers read",
                            .y_name = "k-mers a second",
                            .x_from_0 = true,
                            .y_from_0 = true,
                            .series = {{.x = speeds.tokens, .y = speeds.speed, .n = speeds.n}}});
  free(speeds.tokens);
}

/* ---- the examination ------------------------------------------------------------------------ */

static void put_missing(FILE *out, const char *why) { fprintf(out, "<p><em>%s</em></p>\n", why); }

/* Why there is no exam. */
static void put_no_exam(FILE *out, const Summary *run) {
  if (run->valid_tokens == 0)
    put_missing(out, "There was no validation.");
  else if (strcmp(run->status, "diverged") == 0)
    put_missing(out, "The run diverged.");
  else
    put_missing(out, "It is measured when the run ends.");
}

/* The interval that holds the true rate with probability 0.95, of `p` that were seen of n.
 * (E. Wilson, JASA 1927.) */
static void wilson(double p, double n, double *low, double *high) {
  const double z = 1.96, middle = p + z * z / (2 * n);
  const double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)), scale = 1 + z * z / n;
  *low = (middle - half) / scale;
  *high = (middle + half) / scale;
}

static void draw_calibration(FILE *out, const RunData *data) {
  const double FEW = 20;
  const SummaryList *list = &data->run.calibration;
  const double *p = list->number[SUMMARY_OBSERVED];
  const double *predictions = list->number[SUMMARY_PREDICTIONS];
  const size_t n = list->n;
  double *low = alloc_new(3 * n + 1, sizeof *low), *high = low + n, *observed = high + n;
  for (size_t i = 0; i < n; i++) {
    wilson(p[i], predictions[i], &low[i], &high[i]);
    observed[i] = predictions[i] >= FEW ? p[i] : NAN;
  }
  const Series points = {.style = CHART_DOTS,
                         .x = list->number[SUMMARY_PROBABILITY],
                         .y = observed,
                         .low = low,
                         .high = high,
                         .n = n,
                         .band = true};
  if (n == 0)
    put_no_exam(out, &data->run);
  else
    chart_write(out, &(Chart){.title = "How often what was predicted came true",
                              .x_name = "probability that the network gave a base",
                              .y_name = "part of those that came true",
                              .diagonal = true,
                              .series = {points}});
  free(low);
}

static void draw_flow(FILE *out, const RunData *data) {
  const SummaryList *flow = &data->run.flow;
  if (flow->n == 0)
    put_no_exam(out, &data->run);
  else
    chart_write(out, &(Chart){.title = "Norm of the gradient by steps back in time",
                              .x_name = "timesteps back from T",
                              .y_name = "norm of dJ(T)/dh(t)",
                              .y_log = true,
                              .series = {{.x = flow->number[SUMMARY_BACK],
                                          .y = flow->number[SUMMARY_MEDIAN],
                                          .low = flow->number[SUMMARY_LOWER],
                                          .high = flow->number[SUMMARY_UPPER],
                                          .n = flow->n,
                                          .band = true}}});
}

/* ---- the embedding -------------------------------------------------------------------------- */

/* Of G and C in a k-mer, in tenths. */
static int gc_part(int kmer, int k) {
  int n = 0;
  for (int j = 0; j < k; j++) {
    const int base = kmer >> 2 * j & 3;
    n += base == 1 || base == 2;
  }
  return (10 * n + k / 2) / k;
}

/* All k-mers, or CLOUD_MAX of them. */
static void draw_cloud(FILE *out, const Model *model) {
  const Shape *shape = &model->shape;
  const size_t n = shape->V < CLOUD_MAX ? (size_t)shape->V : CLOUD_MAX;
  size_t *kmer = alloc_new(n, sizeof *kmer);
  CloudLabel *labels = alloc_new(n, sizeof *labels);
  for (size_t i = 0; i < n; i++) {
    kmer[i] = n < CLOUD_MAX ? i : (size_t)rng_permute(i, (uint64_t)shape->V, 1);
    kmer_text(labels[i].name, (int)kmer[i], shape->k);
    labels[i].shade = gc_part((int)kmer[i], shape->k);
  }
  Pca pca = pca_new(model->weights->L, kmer, n, shape->d);
  char first[64], second[64];
  snprintf(first, sizeof first, "first component: %.0f %% of the spread", 100 * pca.part[0]);
  snprintf(second, sizeof second, "second component: %.0f %%", 100 * pca.part[1]);
  const Cloud cloud = {.title = "The embedding of k-mers on its first two principal components",
                       .x_name = first,
                       .y_name = second,
                       .x = pca.x,
                       .y = pca.y,
                       .labels = labels,
                       .n = n};
  if (n < (size_t)shape->V)
    fprintf(out, "<p class=\"legend\">%zu of the %d k-mers, drawn at random.</p>\n", n, shape->V);
  chart_cloud(out, &cloud);
  pca_free(&pca);
  free(labels);
  free(kmer);
}

static void draw_embedding(FILE *out, const RunData *data) {
  if (data->model.weights)
    draw_cloud(out, &data->model);
  else
    put_missing(out, "There is no model.");
}

/* ---- all of them ---------------------------------------------------------------------------- */

void figure_all(FILE *out, const RunData *data) {
  static const struct {
    const char *title, *text;
    void (*draw)(FILE *out, const RunData *data);
  } figures[] = {{"Loss", text_loss, draw_loss},
                 {"Loss by timestep", text_timesteps, draw_timesteps},
                 {"Calibration", text_calibration, draw_calibration},
                 {"Gradient flow", text_flow, draw_flow},
                 {"Embedding", text_embedding, draw_embedding},
                 {"Learning rate", text_rate, draw_rate},
                 {"Gradient", text_norm, draw_norm},
                 {"Speed", text_speed, draw_speed}};
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
    fprintf(out, "<figure>\n<figcaption><h2>%s</h2><p>%s</p></figcaption>\n", figures[i].title,
            figures[i].text);
    figures[i].draw(out, data);
    fputs("</figure>\n", out);
  }
}
