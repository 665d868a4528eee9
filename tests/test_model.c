#include "model/model.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 1 << 16 };

static const char *path; /* of a model in a directory of its own */
static Shape shape;

/* Writes a model with this value in its metadata, instead of its own value if any. */
static void write_model(const char *key, const char *value, float last_weight) {
  Why why;
  Rng rng = rng_new(1, 1);
  Metadata *about = metadata_new();
  Weights *weights = weights_new(&shape);
  scratch_floats(weights->L, weights->size, &rng);
  weights->b2[shape.V - 1] = last_weight;
  metadata_set(about, key, "%s", value);
  const Model model = {.shape = shape, .weights = weights, .about = about};
  assert_int_equal(model_write(atomicfile_open(path, true, &why), &model, &why), 0);
  weights_free(weights);
  metadata_free(about);
}

static void a_model_is_read_from_its_file_or_its_directory(void **state) {
  (void)state;
  const char *const places[] = {path, scratch_directory()};
  Why why;
  Rng rng = rng_new(1, 1);
  Weights *weights = weights_new(&shape);
  scratch_floats(weights->L, weights->size, &rng);
  write_model("seed", "17", 1e-45f);
  for (int i = 0; i < 2; i++) {
    Model model;
    assert_int_equal(model_read(&model, places[i], &why), 0);
    assert_memory_equal(&model.shape, &shape, sizeof shape);
    assert_memory_equal(model.weights->L, weights->L, weights->size * sizeof(float));
    assert_string_equal(metadata_get(model.about, "seed"), "17");
    assert_string_equal(metadata_get(model.about, "stride"), "1");
    model_free(&model);
  }
  weights_free(weights);
}

static void tensors_have_the_shapes_of_the_equations(void **state) {
  (void)state;
  Why why;
  Model model;
  float U[7 * 64]; /* (D,V) */
  const Tensor tensors[] = {{.name = "L", .rank = 2, .rows = 64, .columns = 5},
                            {.name = "H", .rank = 2, .rows = 7, .columns = 7},
                            {.name = "I", .rank = 2, .rows = 5, .columns = 7},
                            {.name = "b1", .rank = 1, .rows = 1, .columns = 7},
                            {.name = "U", .rank = 2, .rows = 7, .columns = 64, .data = U},
                            {.name = "b2", .rank = 1, .rows = 1, .columns = 64}};
  write_model("seed", "1", 1);
  assert_int_equal(model_read(&model, path, &why), 0);
  SafeTensors *file = safetensors_open(path, &why);
  assert_int_equal(safetensors_read(file, tensors, 6, &why), 0);
  for (int D = 0; D < 7; D++) /* in memory U is transposed */
    for (int V = 0; V < 64; V++)
      assert_memory_equal(&U[D * 64 + V], &model.weights->U[V * 7 + D], sizeof(float));
  safetensors_close(file);
  model_free(&model);
}

static void a_model_written_again_has_the_same_bytes(void **state) {
  (void)state;
  static unsigned char first[ROOM], second[ROOM];
  Why why;
  Model model;
  write_model("seed", "1", 1);
  size_t n = scratch_read(path, first, ROOM);
  assert_int_equal(model_read(&model, path, &why), 0);
  assert_int_equal(model_write(atomicfile_open(path, true, &why), &model, &why), 0);
  assert_int_equal(scratch_read(path, second, ROOM), n);
  assert_memory_equal(first, second, n);
  model_free(&model);
}

static void an_inconsistent_model_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *key, *value, *words;
  } wrong[] = {
      {"format", "kmer-cnn", "its format is not kmer-rnn"},
      {"format_version", "3", "not version 1 or 2 of kmer-rnn"},
      {"k", "0", "at __metadata__.k: must be a number from 1"},
      {"k", "13", "at __metadata__.k: must be a number from 1"},
      {"k", "3x", "at __metadata__.k: must be a number from 1"},
      {"k", " 3", "at __metadata__.k: must be a number from 1"},
      {"k", "", "at __metadata__.k: must be a number from 1"},
      {"k", "4", "at L: is missing, or is not F32 of shape [256,5]"},
      {"stride", "4", "at __metadata__.stride: must be a number from 1"},
      {"embedding", "-5", "at __metadata__.embedding: must be a number from 1"},
      {"embedding", "99999999999999999999", "at __metadata__.embedding: must be a number from 1"},
      {"hidden", "8", "at H: is missing, or is not F32 of shape [8,8]"},
      {"hidden", "1048577", "at __metadata__.hidden: must be a number from 1"},
      {"activation", "swish", "its activation, swish, is none of sigmoid, tanh, relu"},
      {"stride", "3", "with k = stride every k-mer can follow"},
      {"softmax", "tanh", "its softmax, tanh, is none of followers, full"},
  };
  Why why = {""};
  Model model;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_model(wrong[i].key, wrong[i].value, 1);
    assert_int_equal(model_read(&model, scratch_directory(), &why), -1);
    if (!strstr(why.text, wrong[i].words) || !strstr(why.text, path))
      fail_msg("%s: %s", wrong[i].words, why.text);
    assert_null(model.weights);
  }
  write_model("seed", "1", NAN);
  assert_int_equal(model_read(&model, path, &why), -1);
  assert_non_null(strstr(why.text, "at b2: has a number that is not finite"));
  assert_null(model.weights);
  assert_int_equal(model_read(&model, "/tmp/none/at/all", &why), -1);
  assert_non_null(strstr(why.text, "/tmp/none/at/all"));
}

/* Damages the last weight of one of our files and the names of these metadata; returns whether it
 * can still be read. */
static int is_read_without(const char *const *names, int n) {
  static unsigned char bytes[ROOM];
  Why why;
  Model model;
  write_model("seed", "17", 1);
  const size_t size = scratch_read(path, bytes, ROOM);
  for (int i = 0; i < n; i++) {
    unsigned char *name = memmem(bytes, size, names[i], strlen(names[i]));
    assert_non_null(name);
    *name ^= 1;
  }
  bytes[size - 1] ^= 1;
  scratch_write(path, bytes, size);
  const int is_read = model_read(&model, path, &why) == 0;
  if (is_read) model_free(&model);
  return is_read;
}

static void damage_passes_only_if_every_mark_of_this_program_is_damaged(void **state) {
  (void)state;
  static const char *const marks[] = {"format_version", "data_crc32", "header_crc32"};
  const char *names[3];
  for (int set = 0; set < 8; set++) {
    int n = 0;
    for (int i = 0; i < 3; i++)
      if (set >> i & 1) names[n++] = marks[i];
    assert_int_equal(is_read_without(names, n), n == 3);
  }
}

/* Writes weights of the shape, and one more tensor. */
static void write_with(const char *name) {
  Why why;
  float number = 1;
  Tensor tensors[WEIGHTS + 1];
  Weights *weights = weights_new(&shape);
  Metadata *about = model_describe(&shape, NULL);
  const int n = model_tensors(tensors, "", &shape, weights);
  tensors[n] = tensor_vector("", name, DTYPE_F32, 1, &number);
  assert_int_equal(
      safetensors_write(atomicfile_open(path, true, &why), tensors, n + 1, about, &why), 0);
  weights_free(weights);
  metadata_free(about);
}

static void only_tensors_of_training_may_accompany_the_weights(void **state) {
  (void)state;
  static const char *const fine[] = {"optimizer.m.L", "best.L", "state.h"};
  static const char *const wrong[] = {"H2", "l", "state", "bestL", "a.best.L", ""};
  Why why = {""};
  Model model;
  for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
    write_with(fine[i]);
    assert_int_equal(model_read(&model, path, &why), 0);
    model_free(&model);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_with(wrong[i]);
    assert_int_equal(model_read(&model, path, &why), -1);
    assert_non_null(strstr(why.text, "does not belong there"));
    assert_null(model.weights);
  }
}

int main(void) {
  path = scratch_path("model.safetensors");
  shape = shape_new(3, 1, 5, 7, ACTIVATION_TANH, SOFTMAX_FOLLOWERS);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_model_is_read_from_its_file_or_its_directory),
      cmocka_unit_test(tensors_have_the_shapes_of_the_equations),
      cmocka_unit_test(a_model_written_again_has_the_same_bytes),
      cmocka_unit_test(an_inconsistent_model_is_refused),
      cmocka_unit_test(damage_passes_only_if_every_mark_of_this_program_is_damaged),
      cmocka_unit_test(only_tensors_of_training_may_accompany_the_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
