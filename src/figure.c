#include "figure.h"

#include "alloc.h"
#include "chart.h"
#include "kmer.h"
#include "pca.h"
#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLOUD_MAX = 4096 };

static void begin_figure(const Page *page, const char *title, const char *text) {
  fprintf(page->out, "<figure>\n<figcaption><h2>%s</h2><p>%s</p></figcaption>\n", title, text);
}

static void end_figure(const Page *page) { fputs("</figure>\n", page->out); }

static void put_missing(const Page *page, const char *why) {
  fprintf(page->out, "<p><em>%s</em></p>\n", why);
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A column without the rows that tell of less than half as many steps as most do, for a validation
 * called for them. To be freed. */
static double *steady(const RunData *data, const double *column) {
  const size_t n = data->rows;
  double *kept = alloc_new(n + 1, sizeof *kept), *steps = alloc_new(n + 1, sizeof *steps);
  for (size_t i = 0; i < n; i++)
    kept[i] = data->loss[LOSS_STEP][i] - (i > 0 ? data->loss[LOSS_STEP][i - 1] : 0);
  qsort(memcpy(steps, kept, n * sizeof *steps), n, sizeof *steps, compare);
  const double least = steps[n / 2] / 2;
  for (size_t i = 0; i < n; i++) kept[i] = kept[i] < least ? NAN : column[i];
  free(steps);
  return kept;
}

void figure_loss(const Page *page) {
  const RunData *data = page->data;
  double *train = steady(data, data->loss[LOSS_TRAIN_BITS]);
  const Chart chart = {
      .title = "Training and validation loss over the course of the run",
      .x_name = "k-mers read",
      .y_name = "bits per base",
      .series = {{"training", CHART_LINE, data->loss[LOSS_TOKENS], train, data->rows},
                 {"validation", CHART_BOTH, data->loss[LOSS_TOKENS], data->loss[LOSS_VALID_BITS],
                  data->rows}},
      .mark = {{"2.0: guessing", 2},
               {"best Markov model", page_number(page, "markov.best_bits_per_base")}}};
  begin_figure(page, "Loss",
               "What a base costs: below 2.0 something was learnt, below the Markov line more than "
               "counting tells. Training is measured on the way, with the weights of the moment; "
               "validation with averaged weights, on bases that are not trained on.");
  chart_write(page->out, &chart);
  end_figure(page);
  free(train);
}

void figure_timesteps(const Page *page) {
  const RunData *data = page->data;
  double *t = alloc_new(data->T + 1, sizeof *t);
  char first[64], last[64];
  for (size_t i = 0; i < data->T; i++) t[i] = (double)i + 1;
  snprintf(first, sizeof first, "up to step %.0f", data->first.step);
  snprintf(last, sizeof last, "up to step %.0f", data->last.step);
  const Chart chart = {.title = "Loss at each timestep of the window",
                       .x_name = "timestep t of the window",
                       .y_name = "J(t), nats a k-mer",
                       .series = {{first, CHART_LINE, t, data->first.J, data->T},
                                  {last, CHART_LINE, t, data->last.J, data->T}}};
  begin_figure(page, "Loss by timestep",
               "J(t) over the timesteps of a window, in the first rows of timestep_loss.tsv and in "
               "the last. It is level, for the state is carried from window to window; where it "
               "falls at first, sequences are short and begin anew often.");
  if (data->T > 0)
    chart_write(page->out, &chart);
  else
    put_missing(page, "No step has been logged yet.");
  end_figure(page);
  free(t);
}

void figure_rate(const Page *page) {
  const RunData *data = page->data;
  const Chart chart = {
      .title = "Learning rate over the course of the run",
      .x_name = "k-mers read",
      .y_name = "learning rate",
      .series = {{NULL, CHART_LINE, data->loss[LOSS_TOKENS], data->loss[LOSS_RATE], data->rows}}};
  begin_figure(page, "Learning rate", "How far a step goes, by the schedule.");
  chart_write(page->out, &chart);
  end_figure(page);
}

void figure_norm(const Page *page) {
  const RunData *data = page->data;
  const double clip = page_number(page, "options.clip");
  const Chart chart = {
      .title = "Norm of the gradient over the course of the run",
      .x_name = "k-mers read",
      .y_name = "norm of the gradient",
      .y_log = true,
      .series = {{NULL, CHART_LINE, data->loss[LOSS_TOKENS], data->loss[LOSS_NORM], data->rows}},
      .mark = {{clip > 0 ? "clip" : NULL, clip}}};
  begin_figure(page, "Gradient",
               "The Euclidean norm of the gradient of a step. Those above the clip line were "
               "shortened to it; a norm that keeps rising announces divergence.");
  chart_write(page->out, &chart);
  end_figure(page);
}

/* Between a row and the one before. */
void figure_speed(const Page *page) {
  const RunData *data = page->data;
  const double *tokens = data->loss[LOSS_TOKENS], *seconds = data->loss[LOSS_SECONDS];
  double *speed = steady(data, data->loss[LOSS_TOKENS]);
  for (size_t i = 0; i < data->rows; i++)
    speed[i] = i == 0 || seconds[i] <= seconds[i - 1]
                   ? NAN
                   : (speed[i] - tokens[i - 1]) / (seconds[i] - seconds[i - 1]);
  const Chart chart = {.title = "K-mers read a second",
                       .x_name = "k-mers read",
                       .y_name = "k-mers a second",
                       .series = {{NULL, CHART_LINE, tokens, speed, data->rows}}};
  begin_figure(page, "Speed",
               "K-mers learnt from in a second, without validations; it drops where another "
               "program takes its share.");
  chart_write(page->out, &chart);
  end_figure(page);
  free(speed);
}

/* Numbers `member` of a list of objects in run.json, or of a list of numbers; to be freed. */
static double *get_list(const Page *page, const char *list, const char *member) {
  const size_t n = runjson_size(page->data->json, list);
  double *numbers = alloc_new(n + 1, sizeof *numbers);
  char place[PLACE];
  for (size_t i = 0; i < n; i++) {
    snprintf(place, sizeof place, "%s.%zu%s%s", list, i, *member ? "." : "", member);
    numbers[i] = page_number(page, place);
  }
  return numbers;
}

static const char not_yet[] =
    "It is measured on the validation sequence at the end of a run: there was none yet.";

void figure_calibration(const Page *page) {
  const size_t n = runjson_size(page->data->json, "calibration");
  double *p = get_list(page, "calibration", "probability");
  double *observed = get_list(page, "calibration", "observed");
  const Chart chart = {.title = "How often what was predicted came true",
                       .x_name = "probability that the network gave a base",
                       .y_name = "part of those that came true",
                       .series = {{NULL, CHART_BOTH, p, observed, n}},
                       .diagonal = true};
  begin_figure(page, "Calibration",
               "Do probabilities come true? On the dashed line they do: of the bases that the "
               "network gave 0.3, three in ten came. Below it, it is too sure. A point is a "
               "twentieth of the scale; the outer ones may be few predictions.");
  if (n > 0)
    chart_write(page->out, &chart);
  else
    put_missing(page, not_yet);
  end_figure(page);
  free(p), free(observed);
}

void figure_flow(const Page *page) {
  const size_t n = runjson_size(page->data->json, "gradient_flow");
  double *norm = get_list(page, "gradient_flow", ""), *back = alloc_new(n + 1, sizeof *back);
  for (size_t i = 0; i < n; i++) back[i] = (double)i;
  const Chart chart = {.title = "Norm of the gradient by steps back in time",
                       .x_name = "timesteps back from T",
                       .y_name = "norm of dJ(T)/dh(t)",
                       .y_log = true,
                       .series = {{NULL, CHART_LINE, back, norm, n}}};
  begin_figure(page, "Gradient flow",
               "How much of the gradient of a loss J(T) flows back to the hidden state at earlier "
               "timesteps. A straight fall is an exponential: what lies further back is not learnt "
               "from. A level tail means that the network has a use for a longer past.");
  if (n > 0)
    chart_write(page->out, &chart);
  else
    put_missing(page, not_yet);
  end_figure(page);
  free(norm), free(back);
}

/* ---- the embedding -------------------------------------------------------------------------- */

typedef struct {
  int k;
  size_t kmer[CLOUD_MAX];
} Embedding;

static double gc_part(const void *context, size_t i) {
  const Embedding *embedding = context;
  int n = 0;
  for (int j = 0; j < embedding->k; j++) {
    const int base = (int)embedding->kmer[i] >> 2 * j & 3;
    n += base == 1 || base == 2;
  }
  return n / (double)embedding->k;
}

static void kmer_name(const void *context, size_t i, char text[32]) {
  const Embedding *embedding = context;
  kmer_text(text, (int)embedding->kmer[i], embedding->k);
}

/* All k-mers, or so many of them. */
static size_t choose_kmers(Embedding *embedding, const Shape *shape) {
  const size_t n = shape->V < CLOUD_MAX ? (size_t)shape->V : CLOUD_MAX;
  for (size_t i = 0; i < n; i++)
    embedding->kmer[i] = n < CLOUD_MAX ? i : (size_t)rng_permute(i, (uint64_t)shape->V, 1);
  return n;
}

static void put_cloud(const Page *page) {
  const Shape *shape = &page->data->model.shape;
  Embedding *embedding = alloc_new(1, sizeof *embedding);
  embedding->k = shape->k;
  const size_t n = choose_kmers(embedding, shape);
  Pca pca = pca_new(page->data->model.weights->L, embedding->kmer, n, shape->d);
  char first[64], second[64];
  snprintf(first, sizeof first, "first component: %.0f %% of the variance", 100 * pca.part[0]);
  snprintf(second, sizeof second, "second: %.0f %%", 100 * pca.part[1]);
  const Cloud cloud = {.title = "The embedding of k-mers on its first two principal components",
                       .x_name = first,
                       .y_name = second,
                       .x = pca.x,
                       .y = pca.y,
                       .n = n,
                       .name = kmer_name,
                       .shade = gc_part,
                       .context = embedding};
  if (n < (size_t)shape->V)
    fprintf(page->out, "<p class=\"legend\">%zu of the %d k-mers, drawn at random.</p>\n", n,
            shape->V);
  chart_cloud(page->out, &cloud);
  pca_free(&pca), free(embedding);
}

void figure_embedding(const Page *page) {
  begin_figure(page, "Embedding",
               "L, a vector for each k-mer, seen from where it spreads most; colours go from "
               "<span style=\"color:hsl(225 75% 60%)\">A and T alone</span> to <span "
               "style=\"color:hsl(25 75% 45%)\">G and C alone</span>. K-mers that lie close mean "
               "much the same to the network.");
  if (page->data->model.weights)
    put_cloud(page);
  else
    put_missing(page, "There is no model yet.");
  end_figure(page);
}
