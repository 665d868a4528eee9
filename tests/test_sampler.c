/* The drawn bases, against the equations. */
#include "base/rng.h"
#include "prediction/sampler.h"
#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { D = 12 };
static Why why;

typedef struct {
  char *bases;
  size_t n;
  uint64_t records, ended;
} Drawn;

static int take(void *context, uint64_t record, const char *bases, size_t n, bool last, Why *out) {
  Drawn *drawn = context;
  (void)out;
  assert_int_equal(record, drawn->ended);
  drawn->bases = realloc(drawn->bases, drawn->n + n + 1);
  memcpy(drawn->bases + drawn->n, bases, n);
  drawn->n += n;
  drawn->bases[drawn->n] = 0;
  drawn->ended += last;
  return 0;
}

static Model random_model(int k, int s, Softmax softmax) {
  Model model = {.shape = shape_new(k, s, 5, D, ACTIVATION_SIGMOID, softmax)};
  model.weights = weights_new(&model.shape);
  weights_init(model.weights, &model.shape, 1);
  for (size_t i = 0; i < (size_t)model.shape.V * D; i++) model.weights->U[i] *= 4;
  return model;
}

/* Draws records and returns them end to end; to be freed. */
static char *sample(const Model *model, SamplerRule rule, const char *prompt, uint64_t count,
                    uint64_t length, int threads) {
  Sampler *sampler = sampler_new(model, rule, threads, kernels_best());
  Drawn drawn = {0};
  if (prompt) sampler_prompt(sampler, prompt, strlen(prompt));
  assert_int_equal(sampler_run(sampler, count, length, take, &drawn, &why), 0);
  assert_int_equal(drawn.ended, count);
  assert_int_equal(drawn.n, count * length);
  sampler_free(sampler);
  return drawn.bases;
}

/* Computes yhat (4^s) of the followers after a text of whole strides, in double precision. */
static void right_yhat(double *yhat, const Model *model, const char *text, int *first) {
  const Shape *shape = &model->shape;
  const Weights *w = model->weights;
  const int k = shape->k, s = shape->s, n = kmer_count(s);
  double h[D] = {0}, z[D], sum = 0;
  int x = 0;
  for (size_t at = 0; at + (size_t)k <= strlen(text); at += (size_t)s) {
    x = 0;
    for (size_t i = at; i < at + (size_t)k; i++) x = 4 * x + kmer_base((unsigned char)text[i]);
    for (int j = 0; j < D; j++) {
      z[j] = (double)w->b1[j];
      for (int i = 0; i < D; i++) z[j] += h[i] * (double)w->H[i * D + j];
      for (int i = 0; i < shape->d; i++)
        z[j] += (double)w->L[x * shape->d + i] * (double)w->I[i * D + j];
    }
    for (int j = 0; j < D; j++) h[j] = 1 / (1 + exp(-z[j]));
  }
  *first = kmer_followers(x, k, s);
  for (int i = 0; i < n; i++) {
    double q = (double)w->b2[*first + i];
    for (int j = 0; j < D; j++) q += h[j] * (double)w->U[(*first + i) * D + j];
    sum += yhat[i] = exp(q);
  }
  for (int i = 0; i < n; i++) yhat[i] /= sum;
}

static const SamplerRule plain = {1, 1, 0, 1};

static void temperature_0_takes_the_likeliest(void **state) {
  (void)state;
  for (int k = 1; k <= 4; k++)
    for (int s = 1; s <= k; s++)
      for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++) {
        Model model = random_model(k, s, (Softmax)softmax);
        enum { N = 60, PROMPT = 200 }; /* longer than a window of the prompt */
        char text[PROMPT + N + 8] = "", kmer[KMER_MAX + 1];
        srand(3);
        for (int i = 0; i < PROMPT + k; i++) text[i] = "ACGTacgu"[rand() % 8];
        char *bases = sample(&model, (SamplerRule){.temperature = 0, .top_p = 1}, text, 1, N, 1);
        const char *whole = text + PROMPT % s;
        for (int n = 0, first; n < N; n += s) {
          double yhat[256];
          int best = 0;
          right_yhat(yhat, &model, whole, &first);
          for (int i = 1; i < kmer_count(s); i++) best = yhat[i] > yhat[best] ? i : best;
          kmer_text(kmer, first + best, k);
          strncat(text, kmer + k - s, (size_t)s);
        }
        assert_memory_equal(bases, text + PROMPT + k, N);
        free(bases);
        weights_free(model.weights);
      }
}

/* Sets part to the fraction of `count` records that begin with each base after a prompt. */
static void count_first(double part[4], const Model *model, SamplerRule rule, int count) {
  char *bases = sample(model, rule, "GATTACA", (uint64_t)count, 1, 2);
  memset(part, 0, 4 * sizeof *part);
  for (int i = 0; i < count; i++) part[kmer_base((unsigned char)bases[i])] += 1.0 / count;
  free(bases);
}

static void draws_are_as_frequent_as_they_are_probable(void **state) {
  (void)state;
  const int COUNT = 10000;
  Model model = random_model(2, 1, SOFTMAX_FOLLOWERS);
  double yhat[4], part[4], sum;
  int first, rank[4] = {0, 1, 2, 3};
  right_yhat(yhat, &model, "GATTACA", &first);
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 3; j++)
      if (yhat[rank[j]] < yhat[rank[j + 1]]) {
        int swap = rank[j];
        rank[j] = rank[j + 1];
        rank[j + 1] = swap;
      }
  assert_true(yhat[rank[0]] > 1.3 * yhat[rank[3]]); /* otherwise the test would prove little */
  const double near = 4 * sqrt(0.25 / COUNT);
  count_first(part, &model, plain, COUNT);
  for (int i = 0; i < 4; i++) assert_true(fabs(part[i] - yhat[i]) < near);
  count_first(part, &model, (SamplerRule){0.5, 1, 0, 2}, COUNT);
  sum = 0;
  for (int i = 0; i < 4; i++) sum += yhat[i] * yhat[i];
  for (int i = 0; i < 4; i++) assert_true(fabs(part[i] - yhat[i] * yhat[i] / sum) < near);
  count_first(part, &model, (SamplerRule){1, 1, 2, 3}, COUNT); /* top_k */
  sum = yhat[rank[0]] + yhat[rank[1]];
  for (int i = 0; i < 4; i++)
    assert_true(fabs(part[rank[i]] - (i < 2 ? yhat[rank[i]] / sum : 0)) < (i < 2 ? near : 1e-9));
  /* a little more than the first two have: three stay */
  count_first(part, &model, (SamplerRule){1, sum + 1e-3, 0, 4}, COUNT);
  sum += yhat[rank[2]];
  for (int i = 0; i < 4; i++)
    assert_true(fabs(part[rank[i]] - (i < 3 ? yhat[rank[i]] / sum : 0)) < (i < 3 ? near : 1e-9));
  /* the first of the two that top_k keeps is enough */
  count_first(part, &model, (SamplerRule){1, 0.5, 2, 5}, COUNT);
  assert_true(part[rank[0]] > 1 - 1e-9);
  weights_free(model.weights);
}

/* Tests many steps from the start: each base has its probability given the bases before it. */
static void every_step_is_drawn_from_its_own_yhat(void **state) {
  (void)state;
  enum { N = 3000 };
  for (int s = 1; s <= 2; s++) {
    Model model = random_model(2, s, SOFTMAX_FULL);
    char text[N + 8] = "AC";
    char *bases = sample(&model, plain, text, 1, N, 1);
    double z = 0, variance = 0, yhat[16];
    for (int n = 0, first; n < N; n += s) { /* -ln p less its mean: a martingale */
      double mean = 0, square = 0;
      right_yhat(yhat, &model, text, &first);
      int i = 0;
      for (int j = 0; j < s; j++) i = 4 * i + kmer_base((unsigned char)bases[n + j]);
      for (int j = 0; j < kmer_count(s); j++) {
        mean -= yhat[j] * log(yhat[j]);
        square += yhat[j] * log(yhat[j]) * log(yhat[j]);
      }
      z += -log(yhat[i]) - mean;
      variance += square - mean * mean;
      strncat(text, bases + n, (size_t)s);
    }
    assert_true(variance > 10 && fabs(z) < 4 * sqrt(variance));
    free(bases);
    weights_free(model.weights);
  }
}

static void a_record_depends_on_seed_and_number_alone(void **state) {
  (void)state;
  enum { COUNT = 150, LENGTH = 101 };
  Model model = random_model(3, 2, SOFTMAX_FOLLOWERS);
  char *one = sample(&model, plain, NULL, COUNT, LENGTH, 1);
  for (int threads = 2; threads <= 5; threads++) {
    char *other = sample(&model, plain, NULL, COUNT, LENGTH, threads);
    assert_string_equal(one, other);
    free(other);
  }
  char *few = sample(&model, plain, NULL, 3, LENGTH, 2),
       *longer = sample(&model, plain, NULL, 2, 2 * LENGTH, 2);
  assert_memory_equal(one, few, 3 * LENGTH);
  assert_memory_equal(one, longer, LENGTH);
  assert_memory_equal(one + LENGTH, longer + 2 * LENGTH, LENGTH);
  char *seed = sample(&model, (SamplerRule){1, 1, 0, 2}, NULL, 3, LENGTH, 2);
  assert_memory_not_equal(seed, few, LENGTH);
  char *even = sample(&model, plain, NULL, COUNT, LENGTH - 1, 2); /* whole strides, to the last */
  for (size_t i = 0; i < COUNT; i++)
    assert_memory_equal(one + i * LENGTH, even + i * (LENGTH - 1), LENGTH - 1);
  for (int i = 0; i < COUNT; i++)
    for (int j = 0; j < i; j++)
      assert_memory_not_equal(one + (size_t)i * LENGTH, one + (size_t)j * LENGTH, LENGTH);
  free(even);
  free(one);
  free(few);
  free(longer);
  free(seed);
  weights_free(model.weights);
}

/* Draws from the same random numbers by the equations in double precision. */
static void the_first_steps_are_discarded(void **state) {
  (void)state;
  enum { N = 40 };
  Model model = random_model(3, 1, SOFTMAX_FOLLOWERS);
  for (uint64_t seed = 1; seed <= 2; seed++) {
    char *bases = sample(&model, (SamplerRule){1, 1, 0, seed}, NULL, 1, N, 1);
    char text[SAMPLER_WARMUP + N + 8];
    Rng rng = rng_new(seed, 0);
    kmer_text(text, (int)(64 * rng_uniform(&rng)), 3);
    for (int step = 0, first, i; step < SAMPLER_WARMUP + N; step++) {
      double yhat[4], left = rng_uniform(&rng);
      right_yhat(yhat, &model, text, &first);
      for (i = 0; i < 3 && left >= yhat[i]; i++) left -= yhat[i];
      text[step + 3] = "ACGT"[i];
      text[step + 4] = 0;
    }
    assert_memory_equal(bases, text + 3 + SAMPLER_WARMUP, N);
    free(bases);
  }
  weights_free(model.weights);
}

enum { SOME = 200000 }; /* bases, after which take_some has had enough */

static int take_some(void *context, uint64_t record, const char *bases, size_t n, bool last,
                     Why *out) {
  const Drawn *drawn = context;
  take(context, record, bases, n, last, out);
  return drawn->n >= SOME ? -1 : 0;
}

/* A record too long for the memory, with a stride that does not divide the length of a round. */
static void a_long_record_comes_in_rounds(void **state) {
  (void)state;
  Model model = random_model(3, 3, SOFTMAX_FULL);
  Sampler *sampler = sampler_new(&model, plain, 1, kernels_best());
  Drawn drawn = {0};
  assert_int_equal(sampler_run(sampler, 1, (uint64_t)1 << 40, take_some, &drawn, &why), -1);
  assert_true(drawn.n >= SOME && drawn.n <= 2 * SOME);
  char *once = sample(&model, plain, NULL, 1, drawn.n, 1);
  assert_memory_equal(once, drawn.bases, drawn.n);
  free(once);
  free(drawn.bases);
  sampler_free(sampler);
  weights_free(model.weights);
}

static void nan_is_an_error(void **state) {
  (void)state;
  Model model = random_model(2, 1, SOFTMAX_FOLLOWERS);
  for (int i = 0; i < model.shape.V; i++) model.weights->b2[i] = NAN;
  Sampler *sampler = sampler_new(&model, plain, 1, kernels_best());
  Drawn drawn = {0};
  assert_int_equal(sampler_run(sampler, 1, 10, take, &drawn, &why), -1);
  assert_non_null(strstr(why.text, "finite"));
  assert_int_equal(drawn.n, 0);
  sampler_free(sampler);
  weights_free(model.weights);
}

static void all_bases_of_a_prompt_count_also_those_in_no_k_mer(void **state) {
  (void)state;
  Model model = random_model(3, 2, SOFTMAX_FOLLOWERS);
  char *one = sample(&model, plain, "ACGTACGT", 1, 100, 1);
  char *other = sample(&model, plain, "CCGTACGT", 1, 100, 1);
  assert_string_not_equal(one, other);
  free(one);
  free(other);
  weights_free(model.weights);
}

/* ---- with a memory -------------------------------------------------------------------------- */

enum { REMEMBERED = 4000, KNOWN = 1000, RECITED = 120, ASKED = 20 };
enum { MANY = 130 }; /* more records than are drawn side by side */

/* A network that remembers this text. */
static Model model_of(int k, int s, Softmax softmax, const char *text) {
  Model model = random_model(k, s, softmax);
  Records *records = records_new();
  RecallSquares squares;
  records_segment(records, 0, REMEMBERED);
  records_end(records, "text", 4, REMEMBERED, false);
  model.memory = memory_new(records, 8, 1, true);
  for (int i = 0; i < REMEMBERED; i++)
    model.memory->packed[i / 4] |= (uint8_t)(kmer_base((unsigned char)text[i]) << 2 * (i % 4));
  assert_int_equal(memory_index(model.memory, &(Watch){0}), 0);
  recall_init(&model.recall, &squares);
  for (int c = 1; c < RECALL_CLASSES; c++) model.recall.w[c] = 4;
  return model;
}

static char *recall_sample(const Model *model, SamplerRule rule, const char *prompt, uint64_t count,
                           uint64_t length, int threads) {
  Sampler *sampler = sampler_new(model, rule, threads, kernels_best());
  Drawn drawn = {0};
  sampler_recall(sampler);
  if (prompt) sampler_prompt(sampler, prompt, strlen(prompt));
  assert_int_equal(sampler_run(sampler, count, length, take, &drawn, &why), 0);
  sampler_free(sampler);
  return drawn.bases;
}

static void random_text(char text[REMEMBERED + 1]) {
  for (int i = 0; i < REMEMBERED; i++) text[i] = "ACGT"[rand() % 4];
  text[REMEMBERED] = 0;
}

/* The prompt is a piece of the text, on either strand, and the record continues it. */
static void the_memory_is_recited_only_on_request(void **state) {
  (void)state;
  char text[REMEMBERED + 1], other[REMEMBERED + 1] = "", prompt[ASKED + 1] = "";
  srand(6);
  random_text(text);
  for (int i = 0; i < REMEMBERED; i++)
    other[i] = "TGCA"[kmer_base((unsigned char)text[REMEMBERED - 1 - i])];
  const SamplerRule likeliest = {.temperature = 0, .top_p = 1};
  for (int s = 1; s <= 2; s++)
    for (int softmax = SOFTMAX_FOLLOWERS; softmax <= SOFTMAX_FULL; softmax++)
      for (int strand = 0; strand < 2; strand++) {
        Model model = model_of(4, s, (Softmax)softmax, text);
        const char *read = strand == 0 ? text : other;
        memcpy(prompt, read + KNOWN, ASKED);
        char *with = recall_sample(&model, likeliest, prompt, MANY, RECITED, 1);
        char *without = sample(&model, likeliest, prompt, 1, RECITED, 1);
        for (int i = 0; i < MANY; i++)
          assert_memory_equal(with + i * RECITED, read + KNOWN + ASKED, RECITED);
        assert_memory_not_equal(without, with, RECITED);
        free(with);
        free(without);
        memory_free(model.memory);
        weights_free(model.weights);
      }
}

/* With 30 records, each thread and block has several; prompts have k bases or more. */
static void a_record_with_a_memory_depends_on_seed_and_number_alone(void **state) {
  (void)state;
  char text[REMEMBERED + 1], prompt[ASKED + 1] = "";
  srand(7);
  random_text(text);
  Model model = model_of(4, 1, SOFTMAX_FOLLOWERS, text);
  memcpy(prompt, text + KNOWN, ASKED);
  const char *prompts[] = {NULL, "ACGT", prompt};
  for (int i = 0; i < 3; i++) {
    char *many = recall_sample(&model, plain, prompts[i], 30, 50, 3);
    char *one = recall_sample(&model, plain, prompts[i], 1, 50, 1);
    char *two = recall_sample(&model, plain, prompts[i], 29, 50, 1);
    assert_memory_equal(many, one, 50);
    assert_memory_equal(many, two, 29 * 50);
    free(many);
    free(one);
    free(two);
  }
  memory_free(model.memory);
  weights_free(model.weights);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(temperature_0_takes_the_likeliest),
      cmocka_unit_test(draws_are_as_frequent_as_they_are_probable),
      cmocka_unit_test(every_step_is_drawn_from_its_own_yhat),
      cmocka_unit_test(a_record_depends_on_seed_and_number_alone),
      cmocka_unit_test(all_bases_of_a_prompt_count_also_those_in_no_k_mer),
      cmocka_unit_test(the_first_steps_are_discarded),
      cmocka_unit_test(a_long_record_comes_in_rounds),
      cmocka_unit_test(nan_is_an_error),
      cmocka_unit_test(the_memory_is_recited_only_on_request),
      cmocka_unit_test(a_record_with_a_memory_depends_on_seed_and_number_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
