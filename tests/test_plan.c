/* The estimate of memory before a run, against all requests of the run to malloc (counted by the
 * linker's --wrap; CMakeLists.txt). */
#include "training/plan.h"

#include "memory/calibrate.h"
#include "sequence/markov.h"

#include "scratch.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

/* ---- malloc, counted ------------------------------------------------------------------------ */

static size_t asked;         /* bytes in total */
static size_t present, most; /* bytes not freed, now and at most */

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *block, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
void __wrap_free(void *block);

static void note(void *block, size_t size) {
  asked += size;
  present += malloc_usable_size(block);
  if (present > most) most = present;
}

void *__wrap_calloc(size_t count, size_t size) {
  void *block = __real_calloc(count, size);
  note(block, count * size);
  return block;
}

void *__wrap_malloc(size_t size) {
  void *block = __real_malloc(size);
  note(block, size);
  return block;
}

void *__wrap_realloc(void *block, size_t size) {
  const size_t before = malloc_usable_size(block);
  void *resized = __real_realloc(block, size);
  present -= before;
  note(resized, size - before);
  return resized;
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
  const int rc = __real_posix_memalign(block, alignment, size);
  note(*block, size);
  return rc;
}

void __wrap_free(void *block) {
  present -= malloc_usable_size(block);
  __real_free(block);
}

/* ---- runs ----------------------------------------------------------------------------------- */

enum { RECORDS = 3000, BASES = 60, SLACK = 4096 /* bytes for structs */ };

typedef struct {
  TrainOptions options;
  Dataset dataset;
  Model init;
  RunConfig run;
} Setting;

static const char *files[2];

static int write_input(void **state) {
  (void)state;
  char *path = scratch_path("reads.fa");
  FILE *out = fopen(path, "w");
  for (int i = 0; i < RECORDS; i++) {
    fprintf(out, ">%d\n", i);
    for (int j = 0; j < BASES; j++) fputc("ACGT"[(i * j + i / 7) % 4], out);
    fputc('\n', out);
  }
  files[0] = path;
  return fclose(out);
}

typedef struct {
  int k, d, D, B, T;
  Softmax softmax;
  OptimizerKind optimizer;
} Case;

static const Case cases[] = {
    {4, 32, 96, 32, 48, SOFTMAX_FOLLOWERS, OPTIMIZER_ADAM},
    {4, 32, 96, 33, 48, SOFTMAX_FULL, OPTIMIZER_MOMENTUM},
    {2, 8, 64, 2048, 20, SOFTMAX_FOLLOWERS, OPTIMIZER_SGD},
    {9, 3, 16, 5, 7, SOFTMAX_FOLLOWERS, OPTIMIZER_RMSPROP},
    {6, 64, 64, 100, 100, SOFTMAX_FULL, OPTIMIZER_ADAGRAD},
    {10, 8, 8, 1, 3, SOFTMAX_FOLLOWERS, OPTIMIZER_ADAM},
    {7, 5, 7, 16, 1, SOFTMAX_FULL, OPTIMIZER_ADAM},
    {3, 4, 4, 5000, 1, SOFTMAX_FOLLOWERS, OPTIMIZER_ADAM},
};

static Setting *setting_new(const Case *of) {
  Why why;
  Setting *setting = calloc(1, sizeof *setting);
  TrainOptions *o = &setting->options;
  options_default(&train_program, o);
  o->k = of->k;
  o->d = of->d;
  o->D = of->D;
  o->B = of->B;
  o->T = of->T;
  o->softmax = (int)of->softmax;
  o->optimizer = (int)of->optimizer;
  o->threads = 1;
  const Reading reading = {.turn = o->k, .records = records_new()};
  assert_int_equal(dataset_read(&setting->dataset, files, 1, NULL, 0.1, &reading, &why), 0);
  setting->run =
      (RunConfig){.options = o,
                  .shape = shape_new(o->k, o->s, o->d, o->D, ACTIVATION_SIGMOID, of->softmax),
                  .dataset = &setting->dataset,
                  .init = &setting->init,
                  .kernels = kernels_best()};
  return setting;
}

static void setting_free(Setting *setting) {
  dataset_free(&setting->dataset);
  free(setting);
}

static bool never(void *context, double part) {
  (void)context;
  (void)part;
  return false;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void a_trainer_takes_the_planned_memory(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    Setting *setting = setting_new(&cases[i]);
    uint64_t weights, windows;
    trainer_memory(&setting->run, &weights, &windows);
    const size_t before = asked;
    Trainer *train = trainer_new(&setting->run);
    assert_in_range(asked - before, weights + windows, weights + windows + sizeof *train + SLACK);
    trainer_free(train);
    setting_free(setting);
  }
}

static void planning_takes_little_memory(void **state) {
  (void)state;
  const Case large = {12, 4096, 4096, 64, 512, SOFTMAX_FULL, OPTIMIZER_ADAM};
  Setting *setting = setting_new(&large);
  const size_t before = present;
  most = present;
  const Plan plan = plan_make(&setting->run);
  assert_true(plan.total > 1000000000000);
  assert_in_range(most - before, 0, 1000000);
  assert_int_equal(present, before);
  setting_free(setting);
}

/* Checks within one percent, because malloc rounds up and the places of lanes are not counted. */
static void expect_about(size_t taken, size_t counted) {
  assert_in_range(taken, counted - counted / 100, counted + counted / 100 + 3 * SLACK);
}

static void an_examination_takes_the_planned_memory(void **state) {
  (void)state;
  const ExamStop stop = {never, NULL};
  for (size_t i = 0; i < 4; i++) {
    Setting *setting = setting_new(&cases[i]);
    const RunConfig *run = &setting->run;
    const size_t counted = exam_memory(&run->shape, cases[i].T, run->kernels);
    Weights *weights = weights_new(&run->shape);
    const size_t before = present;
    most = present;
    free(
        exam_new(setting->dataset.valid, &run->shape, weights, cases[i].T, 1, run->kernels, &stop));
    expect_about(most - before, counted);
    weights_free(weights);
    setting_free(setting);
  }
}

/* Uses reads with many repeats: their memory, its calibration, and the plan. */
static void a_calibration_takes_the_planned_memory(void **state) {
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    Setting *setting = setting_new(&cases[i]);
    RunConfig *run = &setting->run;
    const Span *span = &setting->dataset.train;
    const uint64_t bases = span_bases(span), without = plan_make(run).total;
    const int m = memory_choose_m(bases);
    Recall recall;
    Weights *weights = weights_new(&run->shape);
    size_t before = present;
    Memory *memory = memory_new(span_records(span, setting->dataset.records), m, 1, true);
    memory_copy(memory, span);
    assert_int_equal(memory_index(memory, &(Watch){0}), 0);
    const size_t there = present - before, counted = calibrate_memory(&run->shape, run->kernels);
    before = most = present;
    const Calibration calibration = {.shape = &run->shape,
                                     .weights = weights,
                                     .memory = memory,
                                     .span = *span,
                                     .threads = 1,
                                     .kernels = run->kernels};
    assert_int_equal(calibrate(&recall, &calibration, INFINITY), 0);
    assert_in_range(most - before, counted - counted / 100, counted + counted / 100 + 20 * SLACK);
    assert_true(there <= memory_bytes(bases, m, 1) + records_memory(setting->dataset.records));
    setting->options.memory = true;
    run->repeats = (RepeatsSize){bases, (uint64_t)1 << 40, m, 1};
    assert_true(plan_make(run).total > without - plan_make(run).markov + ((uint64_t)1 << 40));
    memory_free(memory);
    weights_free(weights);
    setting_free(setting);
  }
}

static void markov_counts_take_the_planned_memory(void **state) {
  (void)state;
  Setting *setting = setting_new(&cases[0]);
  const Dataset *dataset = &setting->dataset;
  const size_t before = present;
  most = present;
  markov_score(dataset->train, dataset->valid, (MarkovWish){.k = 4, .s = 1, .most = MARKOV_SAMPLE});
  const size_t counted = markov_memory();
  expect_about(most - before, counted);
  setting_free(setting);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_trainer_takes_the_planned_memory),
      cmocka_unit_test(planning_takes_little_memory),
      cmocka_unit_test(an_examination_takes_the_planned_memory),
      cmocka_unit_test(a_calibration_takes_the_planned_memory),
      cmocka_unit_test(markov_counts_take_the_planned_memory),
  };
  return cmocka_run_group_tests(tests, write_input, NULL);
}
