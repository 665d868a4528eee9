/* Memories are read as they were written, and broken ones are rejected. */
#include "model/model.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { ROOM = 1 << 16 };

static const char *path; /* of a model in a directory of its own */
static Shape shape;

/* A memory of 9 + 4 + 7 + 26 bases in 3 records, and its parameters. The second record is a circle
 * with 3 repeated bases. */
static Memory *make_memory(Recall *recall) {
  Records *records = records_new();
  records_segment(records, 2, 9);
  records_end(records, "one", 3, 12, false);
  records_segment(records, 0, 4);
  records_segment(records, 6, 7);
  records_end(records, "", 0, 10, true);
  records_segment(records, 0, 26);
  records_end(records, "a b", 3, 26, false);
  Memory *memory = memory_new(records, 11, 2, false);
  Rng rng = rng_new(1, 1);
  for (uint64_t i = 0; i < memory->bases; i++)
    memory->packed[i / 4] |= (uint8_t)(rng_next(&rng) % 4 << 2 * (i % 4));
  for (int u = 0; u < RECALL_STATES; u++) recall->odds[u] = 0.5f * (float)u;
  for (int c = 0; c < RECALL_CLASSES; c++) {
    recall->a[c] = 1 - (float)c / 1000;
    recall->w[c] = (float)c / 100;
  }
  return memory;
}

static Model make_model(void) {
  Rng rng = rng_new(1, 1);
  Model model = {.shape = shape, .weights = weights_new(&shape)};
  scratch_floats(model.weights->L, model.weights->size, &rng);
  model.memory = make_memory(&model.recall);
  return model;
}

static void write_whole(const Model *model) {
  Why why = {""};
  if (model_write(atomicfile_open(path, true, &why), model, &why) != 0) fail_msg("%s", why.text);
}

static void read_whole(Model *model) {
  Why why = {""};
  if (model_read(model, path, &why) != 0) fail_msg("%s", why.text);
}

static void a_memory_is_read_back_unchanged(void **state) {
  (void)state;
  Model model = make_model(), again;
  write_whole(&model);
  read_whole(&again);
  const Records *wanted = model.memory->records;
  Records *found = again.memory->records;
  assert_int_equal(again.memory->m, 11);
  assert_int_equal(again.memory->every, 2);
  assert_false(again.memory->both_strands);
  assert_int_equal(again.memory->bases, 46);
  assert_memory_equal(again.memory->packed, model.memory->packed, 12);
  assert_memory_equal(&again.recall, &model.recall, sizeof again.recall);
  assert_int_equal(found->n, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(found->record[i].first_segment, wanted->record[i].first_segment);
    assert_int_equal(found->record[i].segments, wanted->record[i].segments);
    assert_int_equal(found->record[i].letters, wanted->record[i].letters);
    assert_int_equal(found->record[i].circular, wanted->record[i].circular);
  }
  assert_int_equal(found->n_segments, 4);
  assert_memory_equal(found->segment, wanted->segment, 4 * sizeof *wanted->segment);
  const size_t *named;
  records_sort(found);
  assert_int_equal(records_named(found, "a b", 3, &named), 1);
  assert_int_equal(*named, 2);
  assert_int_equal(records_named(found, "", 0, &named), 1);
  model_free(&model);
  model_free(&again);
}

static void a_model_with_a_memory_written_again_has_the_same_bytes(void **state) {
  (void)state;
  static unsigned char first[ROOM], second[ROOM];
  Model model = make_model(), again;
  write_whole(&model);
  const size_t n = scratch_read(path, first, ROOM);
  read_whole(&again);
  write_whole(&again);
  assert_int_equal(scratch_read(path, second, ROOM), n);
  assert_memory_equal(first, second, n);
  model_free(&model);
  model_free(&again);
}

static void the_format_version_is_2_only_with_a_memory(void **state) {
  (void)state;
  Model model = make_model(), again;
  write_whole(&model);
  read_whole(&again);
  assert_string_equal(metadata_get(again.about, "format_version"), "2");
  assert_string_equal(metadata_get(again.about, "memory_bases"), "46");
  model_free(&again);
  memory_free(model.memory);
  model.memory = NULL;
  write_whole(&model);
  read_whole(&again);
  assert_string_equal(metadata_get(again.about, "format_version"), "1");
  assert_null(metadata_get(again.about, "memory_bases"));
  assert_null(again.memory);
  model_free(&again);
  model_free(&model);
}

/* ---- broken files ---------------------------------------------------------------------------- */

/* A change of a number in a tensor. */
typedef struct {
  const char *tensor;
  size_t i;
  uint64_t whole;
  float real;
  const char *words;
} Change;

static void change(const Tensor *tensors, int n, const Change *change) {
  for (int t = 0; t < n; t++) {
    if (strcmp(tensors[t].name, change->tensor) != 0) continue;
    if (tensors[t].dtype == DTYPE_F32) ((float *)tensors[t].data)[change->i] = change->real;
    if (tensors[t].dtype == DTYPE_U64) ((uint64_t *)tensors[t].data)[change->i] = change->whole;
  }
}

/* Writes the memory with another value of a key in the metadata (key NULL: none), with a change
 * (NULL: none), and without one of its tensors (-1: with all). */
static void write_broken(const char *key, const char *value, const Change *wrong, int without) {
  enum { MAX = WEIGHTS + MEMORYFILE_TENSORS };
  Why why = {""};
  Tensor tensors[MAX];
  Model model = make_model();
  Metadata *about = model_describe(&shape, NULL);
  metadata_set(about, "format_version", "2");
  memoryfile_describe(about, model.memory);
  if (key) metadata_set(about, key, "%s", value);
  model_tensors(tensors, "", &shape, model.weights);
  memoryfile_tensors(tensors + WEIGHTS, model.memory, &model.recall);
  if (wrong) change(tensors, MAX, wrong);
  Tensor written[MAX];
  int n = 0;
  for (int i = 0; i < MAX; i++)
    if (i != without) written[n++] = tensors[i];
  if (safetensors_write(atomicfile_open(path, true, &why), written, n, about, &why) != 0)
    fail_msg("%s", why.text);
  memoryfile_free(tensors + WEIGHTS);
  metadata_free(about);
  model_free(&model);
}

static void assert_refused(const char *words) {
  Why why = {""};
  Model model;
  if (model_read(&model, path, &why) == 0) fail_msg("read, in spite of '%s'", words);
  if (!strstr(why.text, words) || !strstr(why.text, path)) fail_msg("%s: %s", words, why.text);
  assert_null(model.memory);
  assert_null(model.weights);
}

static void metadata_that_contradicts_a_memory_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *key, *value, *words;
  } wrong[] = {
      {"format_version", "1", "memory.odds: does not belong there"},
      {"memory_bases", "0", "__metadata__.memory_bases: must be a number from 1 to"},
      {"memory_bases", "45", "at memory.segments: does not fit"},
      {"memory_bases", "47", "at memory.sequence: does not fit"},
      {"memory_bases", "65", "at memory.sequence: is missing, or is not U64 of shape"},
      {"memory_bases", "281474976710656", "__metadata__.memory_every: is too small"},
      {"memory_bases", "281474976710657", "__metadata__.memory_bases: must be a number"},
      {"memory_bases", "18446744073709551615", "__metadata__.memory_bases: must be a number"},
      {"memory_segments", "3", "at memory.segments: is missing, or is not U64 of shape"},
      {"memory_records", "4", "at memory.records: is missing, or is not U64 of shape"},
      {"memory_names", "8", "at memory.names: is missing, or is not U64 of shape"},
      {"memory_m", "0", "__metadata__.memory_m: must be a number from 1 to 23"},
      {"memory_m", "24", "__metadata__.memory_m: must be a number from 1 to 23"},
      {"memory_every", "0", "__metadata__.memory_every: must be a number"},
      {"memory_every", "-1", "__metadata__.memory_every: must be a number"},
      {"memory_every", "2147483648", "__metadata__.memory_every: must be a number"},
      {"memory_strands", "reverse", "__metadata__.memory_strands: must be both or forward"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_broken(wrong[i].key, wrong[i].value, NULL, -1);
    assert_refused(wrong[i].words);
  }
}

static void tensors_that_contradict_each_other_are_refused(void **state) {
  (void)state;
  static const Change wrong[] = {
      {"memory.odds", 7, 0, -1e-9f, "at memory.odds: has a number out of range"},
      {"memory.odds", 7, 0, INFINITY, "at memory.odds: has a number that is not finite"},
      {"memory.odds", RECALL_STATES - 1, 0, 2e9f, "at memory.odds: has a number out of range"},
      {"memory.a", RECALL_CLASSES - 1, 0, -2e9f, "at memory.a: has a number out of range"},
      {"memory.w", 0, 0, 2e9f, "at memory.w: has a number out of range"},
      {"memory.w", 0, 0, NAN, "at memory.w: has a number that is not finite"},
      /* position, length of the segments */
      {"memory.segments", 0, 12, 0, "at memory.segments: does not fit"},
      {"memory.segments", 0, UINT64_MAX, 0, "at memory.segments: does not fit"},
      {"memory.segments", 1, 0, 0, "at memory.segments: does not fit"},
      {"memory.segments", 1, 8, 0, "at memory.sequence: does not fit"},
      {"memory.segments", 1, 23, 0, "at memory.segments: does not fit"},
      {"memory.segments", 1, UINT64_MAX, 0, "at memory.segments: does not fit"},
      {"memory.segments", 4, 3, 0, "at memory.segments: does not fit"}, /* overlaps */
      {"memory.segments", 4, 10, 0, "at memory.segments: does not fit"},
      {"memory.segments", 2, 1, 0, "at memory.records: does not fit"}, /* no circle begins there */
      {"memory.segments", 3, 2, 0, "at memory.records: does not fit"}, /* turned further */
      {"memory.segments", 5, 4, 0, "at memory.records: does not fit"}, /* not turned */
      /* segments, letters, circular of the records */
      {"memory.records", 0, 0, 0, "at memory.records: does not fit"},
      {"memory.records", 0, 2, 0, "at memory.segments: does not fit"},
      {"memory.records", 0, UINT64_MAX, 0, "at memory.records: does not fit"},
      {"memory.records", 1, 2, 0, "at memory.segments: does not fit"},
      {"memory.records", 1, UINT64_MAX, 0, "at memory.records: does not fit"},
      {"memory.records", 2, 1, 0, "at memory.records: does not fit"},
      {"memory.records", 5, 2, 0, "at memory.records: does not fit"},
      {"memory.records", 6, 2, 0, "at memory.records: does not fit"},
      /* "one" "" "a b" */
      {"memory.names", 1, 'x', 0, "at memory.names: does not fit"},
      {"memory.names", 1, 'x' << 8, 0, "at memory.names: does not fit"},
      {"memory.names", 0, 0x6200610000656e6f, 0, "at memory.names: does not fit"},
      {"memory.sequence", 1, 1 << 28, 0, "at memory.sequence: has bits after its last base"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    write_broken(NULL, NULL, &wrong[i], -1);
    assert_refused(wrong[i].words);
  }
}

static void a_memory_needs_all_its_tensors(void **state) {
  (void)state;
  write_broken(NULL, NULL, NULL, -1);
  Model model;
  read_whole(&model);
  model_free(&model);
  for (int i = 0; i < MEMORYFILE_TENSORS; i++) {
    write_broken(NULL, NULL, NULL, WEIGHTS + i);
    assert_refused("is missing");
  }
}

int main(void) {
  path = scratch_path("model.safetensors");
  shape = shape_new(2, 1, 3, 5, ACTIVATION_SIGMOID, SOFTMAX_FOLLOWERS);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_memory_is_read_back_unchanged),
      cmocka_unit_test(a_model_with_a_memory_written_again_has_the_same_bytes),
      cmocka_unit_test(the_format_version_is_2_only_with_a_memory),
      cmocka_unit_test(metadata_that_contradicts_a_memory_is_refused),
      cmocka_unit_test(tensors_that_contradict_each_other_are_refused),
      cmocka_unit_test(a_memory_needs_all_its_tensors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
