#include "report/figure.h"

#include "base/alloc.h"
#include "report/chart.h"
#include "report/figure_text.h"
#include "report/nextmap.h"
#include "report/strip.h"
#include "sequence/bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SMOOTHED = 16 }; /* 1 / the part of a window on each side of a timestep */

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A copy of a column with NAN in rows of less than half the usual number of steps, which a
 * validation cut short. To be freed. */
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

/* A series over the course of the run. */
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

/* The mean J around timestep i, in bits per base; near the first timesteps, where J may change
 * quickly, over fewer timesteps. */
static double smooth(const RunData *data, const TimestepLoss *part, size_t i) {
  const size_t most = data->T / SMOOTHED, around = i < most ? i : most;
  double sum = 0, tokens = 0;
  for (size_t j = i - around; j <= i + around && j < data->T; j++) {
    sum += part->sum[j];
    tokens += part->tokens[j];
  }
  return tokens > 0 ? bits_per_base(sum / tokens, data->run.s) : NAN;
}

static Series timestep_series(const RunData *data, const TimestepLoss *part, const char *name,
                              const double *t, double *bits) {
  for (size_t i = 0; i < data->T; i++) bits[i] = smooth(data, part, i);
  return (Series){.name = name, .x = t, .y = bits, .n = part->to > 0 ? data->T : 0};
}

static void draw_timesteps(FILE *out, const RunData *data) {
  double *t = alloc_new(3 * data->T + 1, sizeof *t), *first = t + data->T, *last = first + data->T;
  for (size_t i = 0; i < data->T; i++) t[i] = (double)i + 1;
  chart_write(out, &(Chart){.title = "Loss at each timestep of the window",
                            .x_name = "timestep t of the window",
                            .y_name = "bits per base",
                            .series = {timestep_series(data, &data->first, "first tenth of the run",
                                                       t, first),
                                       timestep_series(data, &data->last, "last tenth", t, last)}});
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

/* K-mers per second between rows without a validation, over at least a quarter of a second. */
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
  chart_write(out, &(Chart){.title = "K-mers per second",
                            .x_name = "k-mers read",
                            .y_name = "k-mers a second",
                            .x_from_0 = true,
                            .y_from_0 = true,
                            .series = {{.x = speeds.tokens, .y = speeds.speed, .n = speeds.n}}});
  free(speeds.tokens);
}

/* ---- the examination ------------------------------------------------------------------------ */

/* The 95 % confidence interval of a rate, observed as p in n cases (E. Wilson, JASA 1927). */
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
  chart_write(out, &(Chart){.title = "Observed frequency of bases by predicted probability",
                            .x_name = "predicted probability",
                            .y_name = "observed frequency",
                            .diagonal = true,
                            .series = {points}});
  free(low);
}

static void draw_flow(FILE *out, const RunData *data) {
  const SummaryList *flow = &data->run.flow;
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

static void draw_next(FILE *out, const RunData *data) { nextmap_write(out, &data->run.next); }

static void draw_passage(FILE *out, const RunData *data) {
  strip_write(out, &data->run.passage, data->run.s);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool always(const Summary *run) {
  (void)run;
  return true;
}
static bool has_passage(const Summary *run) { return run->passage.steps > 0; }
static bool has_next(const Summary *run) { return run->next.k > 0; }
static bool has_calibration(const Summary *run) { return run->calibration.n > 0; }
static bool has_flow(const Summary *run) { return run->flow.n > 0; }

typedef struct {
  const char *title, *shape, *text;
  bool (*has)(const Summary *run);
  void (*draw)(FILE *out, const RunData *data);
} Figure;

static const Figure figures[] = {
    {"Loss", "half", text_loss, always, draw_loss},
    {"Loss by timestep", "half", text_timesteps, always, draw_timesteps},
    {"A passage of validation", "wide", text_passage, has_passage, draw_passage},
    {"The next base", "wide", text_next, has_next, draw_next},
    {"Calibration", "half", text_calibration, has_calibration, draw_calibration},
    {"Gradient flow", "half", text_flow, has_flow, draw_flow},
    {"Learning rate", "third", text_rate, always, draw_rate},
    {"Gradient", "third", text_norm, always, draw_norm},
    {"Speed", "third", text_speed, always, draw_speed}};
enum { FIGURES = sizeof figures / sizeof *figures };

/* The reason why the examination lacks figures. */
static const char *reason(const Summary *run) {
  if (run->valid_tokens == 0) return "Not measured, because there was no validation";
  if (strcmp(run->status, "diverged") == 0) return "Not measured, because the run diverged";
  const bool ends = strcmp(run->status, "running") != 0 && strcmp(run->status, "interrupted") != 0;
  return ends ? "Not measured" : "Measured when the run ends";
}

/* Writes a sentence that names the missing figures of the examination. */
static void put_missing(FILE *out, const Summary *run) {
  int n = 0;
  for (int i = 0; i < FIGURES; i++) {
    if (figures[i].has(run)) continue;
    if (n++ == 0) fprintf(out, "<p class=\"dim missing\">%s: ", reason(run));
    fprintf(out, "%s%s", n > 1 ? ", " : "", figures[i].title);
  }
  if (n > 0) fputs(".</p>\n", out);
}

void figure_all(FILE *out, const RunData *data) {
  for (int i = 0; i < FIGURES; i++) {
    const Figure *figure = &figures[i];
    if (!figure->has(&data->run)) continue;
    fprintf(out, "<figure class=\"%s\">\n<figcaption><h2>%s</h2><p>%s</p></figcaption>\n",
            figure->shape, figure->title, figure->text);
    figure->draw(out, data);
    fputs("</figure>\n", out);
  }
  put_missing(out, &data->run);
}
