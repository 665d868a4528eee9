#include "run/checkpoint.h"

#include "base/rng.h"

#include "scratch.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROOM = 1 << 16, LANES = 3, TIMESTEPS = 4, LANE_NUMBERS = 8, INPUTS = 2 };

static const char *path; /* of a model in a directory of its own */
static Shape shape;

typedef struct {
  RunConfig config;
  TrainOptions options;
  Dataset dataset;
  RunState state;
  float h[LANES * 8]; /* D is 7 or 8 */
  uint64_t lanes[LANE_NUMBERS + 1], timestep_tokens[TIMESTEPS + 1];
  double timestep_loss[TIMESTEPS + 1];
  uint64_t inputs[(INPUTS + 1) * DATASET_COLUMNS];
} Run;

static Run *run_new(const Shape *of, OptimizerKind kind) {
  Run *run = calloc(1, sizeof *run);
  run->options = (TrainOptions){.B = LANES, .T = TIMESTEPS};
  run->dataset.n = INPUTS;
  run->config = (RunConfig){
      .options = &run->options, .shape = *of, .dataset = &run->dataset, .inputs = run->inputs};
  run->state = (RunState){.weights = weights_new(of),
                          .best = weights_new(of),
                          .optimizer = optimizer_new(kind, of, 1000),
                          .h = run->h,
                          .lanes = run->lanes,
                          .n_lanes = LANE_NUMBERS,
                          .timestep_loss = run->timestep_loss,
                          .timestep_tokens = run->timestep_tokens};
  optimizer_average(run->state.optimizer, run->state.weights);
  return run;
}

static void run_free(Run *run) {
  weights_free(run->state.weights);
  weights_free(run->state.best);
  optimizer_free(run->state.optimizer);
  free(run);
}

static int write_run(Run *run, Why *why) {
  return checkpoint_write(atomicfile_open(path, true, why), &run->config, &run->state, NULL, why);
}

static int read_run(Run *run, Why *why) {
  return checkpoint_read(open(path, O_RDONLY), path, &run->config, &run->state, why);
}

/* A run in which all members have different values. */
static Run *run_filled(OptimizerKind kind, double best) {
  Run *run = run_new(&shape, kind);
  RunState *s = &run->state;
  Rng rng = rng_new(2, 2);
  s->numbers = (RunNumbers){.step = 17,
                            .epoch = 2,
                            .tokens = 1ull << 53,
                            .skipped = 3,
                            .bad_in_a_row = 1,
                            .rate = 1e-3 / 3,
                            .gradient_norm = NAN,
                            .seconds = 0.1,
                            .best_valid_loss = best,
                            .best_step = 11,
                            .stale = 4,
                            .next_validation = 1ull << 52,
                            .validated_step = 12344,
                            .loss = 1.0 / 3,
                            .loss_tokens = 99,
                            .loss_log_bytes = 12345,
                            .timestep_log_bytes = 54321};
  s->optimizer->steps = 14;
  s->schedule.halvings = 3;
  s->schedule.stale = 5;
  scratch_floats(s->weights->L, s->weights->size, &rng);
  if (s->optimizer->m) scratch_floats(s->optimizer->m->L, s->optimizer->m->size, &rng);
  if (s->optimizer->v) scratch_floats(s->optimizer->v->L, s->optimizer->v->size, &rng);
  scratch_floats(s->optimizer->average->L, s->optimizer->average->size, &rng);
  scratch_floats(s->best->L, s->best->size, &rng);
  scratch_floats(run->h, LANES * 7, &rng);
  for (int i = 0; i < LANE_NUMBERS; i++) run->lanes[i] = rng_next(&rng);
  for (int i = 0; i < INPUTS * DATASET_COLUMNS; i++) run->inputs[i] = rng_next(&rng);
  for (int i = 0; i < TIMESTEPS; i++) {
    run->timestep_tokens[i] = rng_next(&rng);
    run->timestep_loss[i] = rng_uniform(&rng);
  }
  return run;
}

static void assert_same_weights(const Weights *a, const Weights *b) {
  assert_int_equal(a != NULL, b != NULL);
  if (a) assert_memory_equal(a->L, b->L, a->size * sizeof(float));
}

static void a_run_is_restored_bit_for_bit(void **state) {
  (void)state;
  for (int kind = OPTIMIZER_ADAM; kind < OPTIMIZERS; kind++) {
    Why why;
    Run *run = run_filled((OptimizerKind)kind, kind % 2 ? INFINITY : 1.2345678901234567);
    Run *back = run_new(&shape, (OptimizerKind)kind);
    assert_int_equal(write_run(run, &why), 0);
    assert_int_equal(read_run(back, &why), 0);
    assert_same_weights(back->state.weights, run->state.weights);
    assert_same_weights(back->state.best, run->state.best);
    assert_same_weights(back->state.optimizer->m, run->state.optimizer->m);
    assert_same_weights(back->state.optimizer->v, run->state.optimizer->v);
    assert_same_weights(back->state.optimizer->average, run->state.optimizer->average);
    assert_int_equal(back->state.optimizer->steps, 14);
    assert_memory_equal(&back->state.schedule, &run->state.schedule, sizeof(Schedule));
    assert_memory_equal(&back->state.numbers, &run->state.numbers, sizeof run->state.numbers);
    assert_memory_equal(back->h, run->h, sizeof run->h);
    assert_memory_equal(back->lanes, run->lanes, sizeof run->lanes);
    assert_memory_equal(back->timestep_loss, run->timestep_loss, sizeof run->timestep_loss);
    assert_memory_equal(back->timestep_tokens, run->timestep_tokens, sizeof run->timestep_tokens);
    assert_memory_equal(back->inputs, run->inputs, sizeof run->inputs);
    run_free(run);
    run_free(back);
  }
}

static void any_number_of_inputs_is_restored(void **state) {
  (void)state;
  enum { MANY = 70000 };
  static uint64_t table[MANY * DATASET_COLUMNS];
  static const size_t numbers[] = {0, 1, MANY};
  Why why = {""};
  Rng rng = rng_new(3, 3);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) table[i] = rng_next(&rng);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    Run *run = run_filled(OPTIMIZER_ADAM, 1);
    uint64_t *inputs;
    size_t n;
    run->config.inputs = table;
    run->dataset.n = (int)numbers[i];
    assert_int_equal(write_run(run, &why), 0);
    Metadata *about = checkpoint_about(open(path, O_RDONLY), path, &inputs, &n, &why);
    if (!about) fail_msg("%s", why.text);
    assert_int_equal(n, numbers[i]);
    assert_memory_equal(inputs, table, n * DATASET_COLUMNS * sizeof *table);
    assert_int_equal(read_run(run, &why), 0);
    metadata_free(about);
    free(inputs);
    run_free(run);
  }
}

static void a_checkpoint_contains_a_model(void **state) {
  (void)state;
  Why why;
  Model model;
  Run *run = run_filled(OPTIMIZER_ADAM, 1);
  assert_int_equal(write_run(run, &why), 0);
  assert_int_equal(model_read(&model, path, &why), 0);
  assert_same_weights(model.weights, run->state.weights);
  model_free(&model);
  run_free(run);
}

/* Checks that reading into a run of another shape or with other options fails with these words. */
static void assert_unfit(Shape other, OptimizerKind kind, int B, size_t n_lanes, int T,
                         const char *words) {
  Why why = {""};
  Run *run = run_new(&other, kind);
  run->options.B = B;
  run->state.n_lanes = n_lanes;
  run->options.T = T;
  assert_int_equal(read_run(run, &why), -1);
  if (!strstr(why.text, words) || !strstr(why.text, path)) fail_msg("%s: %s", words, why.text);
  run_free(run);
}

static void a_checkpoint_of_another_run_is_refused(void **state) {
  (void)state;
  Why why;
  const Shape others[] = {shape_new(4, 1, 5, 7, ACTIVATION_TANH, SOFTMAX_FOLLOWERS),
                          shape_new(3, 2, 5, 7, ACTIVATION_TANH, SOFTMAX_FOLLOWERS),
                          shape_new(3, 1, 6, 7, ACTIVATION_TANH, SOFTMAX_FOLLOWERS),
                          shape_new(3, 1, 5, 8, ACTIVATION_TANH, SOFTMAX_FOLLOWERS),
                          shape_new(3, 1, 5, 7, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS),
                          shape_new(3, 1, 5, 7, ACTIVATION_TANH, SOFTMAX_FULL)};
  Run *run = run_filled(OPTIMIZER_RMSPROP, 1);
  assert_int_equal(write_run(run, &why), 0);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_unfit(others[i], OPTIMIZER_RMSPROP, LANES, LANE_NUMBERS, TIMESTEPS,
                 "its network does not match");
  assert_unfit(shape, OPTIMIZER_ADAM, LANES, LANE_NUMBERS, TIMESTEPS,
               "at optimizer.m.L: is missing");
  assert_unfit(shape, OPTIMIZER_SGD, LANES, LANE_NUMBERS, TIMESTEPS,
               "at optimizer.v.L: does not belong");
  assert_unfit(shape, OPTIMIZER_MOMENTUM, LANES, LANE_NUMBERS, TIMESTEPS,
               "at optimizer.m.L: is missing");
  assert_unfit(shape, OPTIMIZER_RMSPROP, LANES - 1, LANE_NUMBERS, TIMESTEPS, "state.h");
  assert_unfit(shape, OPTIMIZER_RMSPROP, LANES, LANE_NUMBERS + 1, TIMESTEPS, "state.lanes");
  assert_unfit(shape, OPTIMIZER_RMSPROP, LANES, LANE_NUMBERS, TIMESTEPS + 1, "state.timestep_loss");
  const Model model = {.shape = shape, .weights = run->state.weights};
  assert_int_equal(model_write(atomicfile_open(path, true, &why), &model, &why), 0);
  assert_unfit(shape, OPTIMIZER_SGD, LANES, LANE_NUMBERS, TIMESTEPS,
               "at optimizer.average.L: is missing");
  uint64_t *inputs = NULL;
  size_t n;
  assert_null(checkpoint_about(open(path, O_RDONLY), path, &inputs, &n, &why)); /* of a model */
  assert_null(inputs);
  assert_non_null(strstr(why.text, "at best.L: is missing"));
  run_free(run);
}

static void an_invalid_number_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *key, *value, *instead; /* as long */
  } wrong[] = {{"step", "17", "1x"},
               {"step", "17", "-1"},
               {"step", "17", "  "},
               {"step", "17", " 1"},
               {"step", "17", "1."},
               {"step", "17", "xx"},
               {"step", "17", "01"},
               {"step", "17", "+1"},
               {"tokens", "9007199254740992", "9007199254740994"}, /* 2^53, and the next double */
               {"rate_halvings", "1000", "1e99"},
               {"seconds", "0.5", "inf"},
               {"seconds", "0.5", "nan"},
               {"seconds", "0.5", "-.5"},
               {"loss", "0.5", "inf"},
               {"seconds", "0.5", "0x1"},
               {"seconds", "0.5", " .5"},
               {"best_valid_loss", "inf", "nan"}};
  static unsigned char bytes[ROOM];
  char text[64];
  Run *run = run_filled(OPTIMIZER_SGD, INFINITY), *back = run_new(&shape, OPTIMIZER_SGD);
  run->state.numbers.seconds = run->state.numbers.loss = 0.5;
  run->state.schedule.halvings = 1000;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    Why why;
    assert_int_equal(write_run(run, &why), 0);
    size_t n = scratch_read(path, bytes, ROOM),
           before = strlen(wrong[i].key) + strlen("\"state.\":\"");
    snprintf(text, sizeof text, "\"state.%s\":\"%s\"", wrong[i].key, wrong[i].value);
    char *place = memmem(bytes, n, text, strlen(text));
    assert_non_null(place);
    memcpy(place + before, wrong[i].instead, strlen(wrong[i].instead));
    memcpy(memmem(bytes, n, "header_crc32", 12), "header_crc__", 12); /* as if nobody had one */
    scratch_write(path, bytes, n);
    assert_int_equal(read_run(back, &why), -1);
    snprintf(text, sizeof text, "at __metadata__.state.%s: must be a number", wrong[i].key);
    if (!strstr(why.text, text)) fail_msg("%s: %s", text, why.text);
  }
  run_free(run);
  run_free(back);
}

/* Checks that the numbers are read back as written. */
static void assert_restored(const RunNumbers *numbers) {
  Why why = {""};
  Run *run = run_filled(OPTIMIZER_SGD, 1), *back = run_new(&shape, OPTIMIZER_SGD);
  run->state.numbers = *numbers;
  if (write_run(run, &why) != 0 || read_run(back, &why) != 0) fail_msg("%s", why.text);
  assert_memory_equal(&back->state.numbers, numbers, sizeof *numbers);
  run_free(run);
  run_free(back);
}

static const size_t counts[] = {
    offsetof(RunNumbers, step),           offsetof(RunNumbers, epoch),
    offsetof(RunNumbers, tokens),         offsetof(RunNumbers, skipped),
    offsetof(RunNumbers, bad_in_a_row),   offsetof(RunNumbers, best_step),
    offsetof(RunNumbers, stale),          offsetof(RunNumbers, next_validation),
    offsetof(RunNumbers, validated_step), offsetof(RunNumbers, loss_tokens),
    offsetof(RunNumbers, loss_log_bytes), offsetof(RunNumbers, timestep_log_bytes)};
static const size_t reals[] = {offsetof(RunNumbers, rate), offsetof(RunNumbers, gradient_norm),
                               offsetof(RunNumbers, seconds), offsetof(RunNumbers, best_valid_loss),
                               offsetof(RunNumbers, loss)};
enum {
  COUNTS_OF_RUN = sizeof counts / sizeof *counts,
  REALS_OF_RUN = sizeof reals / sizeof *reals
};

static void every_value_in_range_is_restored(void **state) {
  (void)state;
  const uint64_t whole[] = {0, 1, 1001, UINT64_C(1) << 31, UINT64_C(1) << 32, UINT64_C(1) << 53};
  const double real[] = {0, 1, 1001, 1e-300, 4 * 7 * 86400.5, 1e308};
  assert_int_equal(sizeof(RunNumbers), (COUNTS_OF_RUN + REALS_OF_RUN) * sizeof(uint64_t));
  for (size_t i = 0; i < COUNTS_OF_RUN; i++)
    for (size_t j = 0; j < sizeof whole / sizeof *whole; j++) {
      RunNumbers numbers = {.best_valid_loss = INFINITY};
      memcpy((char *)&numbers + counts[i], &whole[j], sizeof whole[j]);
      assert_restored(&numbers);
    }
  for (size_t i = 0; i < REALS_OF_RUN; i++)
    for (size_t j = 0; j < sizeof real / sizeof *real; j++) {
      RunNumbers numbers = {.best_valid_loss = INFINITY};
      memcpy((char *)&numbers + reals[i], &real[j], sizeof real[j]);
      assert_restored(&numbers);
    }
}

static void an_unreadable_value_is_not_written(void **state) {
  (void)state;
  static unsigned char before[ROOM], after[ROOM];
  const uint64_t count = (UINT64_C(1) << 53) + 1;
  const double infinite = INFINITY;
  Run *run = run_filled(OPTIMIZER_SGD, 1);
  Why why = {""};
  assert_int_equal(write_run(run, &why), 0);
  const size_t n = scratch_read(path, before, ROOM);
  for (size_t i = 0; i < COUNTS_OF_RUN; i++) {
    const RunNumbers kept = run->state.numbers;
    memcpy((char *)&run->state.numbers + counts[i], &count, sizeof count);
    assert_int_equal(write_run(run, &why), -1);
    assert_non_null(strstr(why.text, "= 9007199254740993;"));
    run->state.numbers = kept;
  }
  memcpy(&run->state.numbers.seconds, &infinite, sizeof infinite);
  assert_int_equal(write_run(run, &why), -1);
  assert_non_null(strstr(why.text, "state.seconds = inf;"));
  assert_int_equal(scratch_read(path, after, ROOM), n);
  assert_memory_equal(before, after, n);
  run_free(run);
}

int main(void) {
  path = scratch_path("model.safetensors");
  shape = shape_new(3, 1, 5, 7, ACTIVATION_TANH, SOFTMAX_FOLLOWERS);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_is_restored_bit_for_bit),
      cmocka_unit_test(any_number_of_inputs_is_restored),
      cmocka_unit_test(a_checkpoint_contains_a_model),
      cmocka_unit_test(a_checkpoint_of_another_run_is_refused),
      cmocka_unit_test(an_invalid_number_is_refused),
      cmocka_unit_test(every_value_in_range_is_restored),
      cmocka_unit_test(an_unreadable_value_is_not_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
