/* A libFuzzer target that reads any bytes as a model and as the checkpoint of a small run. Either
 * the error is one printable sentence, or all numbers are finite; the memory used is limited to the
 * number of bytes plus a constant.
 *
 * The fuzzer cannot make input that matches the CRC-32 in its header. So every CRC-32 is 0 here,
 * as in the seeds: the fuzzer reaches the code after the check, and tests/broken/ tests the
 * check. */
#include "run/checkpoint.h"

#include <ctype.h>
#include <fcntl.h>
#include <math.h>
#include <sanitizer/allocator_interface.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum {
  B = 1,
  T = 2,
  LANE_NUMBERS = 4,
  HEADER = 8 << 20,     /* long: half of the limit */
  VALUES = 1 << 16,     /* the most */
  MEMORY_MAX = 12 << 20 /* besides the file's own size: the values, and a text twice */
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);
uLong __wrap_crc32_z(uLong crc, const Bytef *bytes, z_size_t n);

uLong __wrap_crc32_z(uLong crc, const Bytef *bytes, z_size_t n) {
  (void)crc;
  (void)bytes;
  (void)n;
  return 0;
}

/* Freed blocks are kept for a while only: memory is limited. */
const char *__asan_default_options(void) { return "quarantine_size_mb=16"; }

static void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "\nfuzz_model: this must hold: %s\n", what);
  abort();
}

/* ---- memory in use, and its maximum ---------------------------------------------------------- */

static size_t held, most;
static _Thread_local bool watched; /* libFuzzer has threads of its own */

static void on_malloc(const volatile void *block, size_t size) {
  (void)block;
  if (!watched) return;
  held += size;
  if (held > most) most = held;
}

static void on_free(const volatile void *block) {
  if (watched && block) held -= __sanitizer_get_allocated_size(block);
}

/* ---- the file and the run ---------------------------------------------------------------------
 */

static int file;
static char path[64];
static float h[B];
static uint64_t lanes[LANE_NUMBERS], timestep_tokens[T], inputs[DATASET_COLUMNS];
static double timestep_loss[T];
static const TrainOptions options = {.B = B, .T = T};
static const Dataset dataset = {.n = 1};
static RunConfig config = {.options = &options, .dataset = &dataset, .inputs = inputs};
static RunState state = {.h = h,
                         .lanes = lanes,
                         .n_lanes = LANE_NUMBERS,
                         .timestep_loss = timestep_loss,
                         .timestep_tokens = timestep_tokens};

static void fill_file(const void *bytes, size_t size) {
  must(ftruncate(file, 0) == 0, "a file can be emptied");
  must(pwrite(file, bytes, size, 0) == (ssize_t)size, "a file can be filled");
}

static bool all_finite(const float *a, size_t n) {
  while (n > 0 && isfinite(a[n - 1])) n--;
  return n == 0;
}

static bool printable(const char *text) {
  for (; *text; text++)
    if (iscntrl((unsigned char)*text)) return false;
  return true;
}

static void check_sentence(const Why *why) {
  must(!strncmp(why->text, path, strlen(path)), "an error names the file");
  must(strstr(why->text, "; ") != NULL, "an error has a remedy");
  must(printable(why->text), "an error is one line, printable");
}

/* Every base has a letter, and every position has a next one, on both strands. */
static void check_memory_of(Model *model) {
  Memory *memory = model->memory;
  must(all_finite(model->recall.odds, RECALL_STATES), "odds are finite");
  must(all_finite(model->recall.a, RECALL_CLASSES), "a is finite");
  must(all_finite(model->recall.w, RECALL_CLASSES), "w is finite");
  must(memory_index(memory, &(Watch){0}) == 0, "a memory is indexed");
  for (uint64_t i = 0; i < memory->bases; i++) {
    const RecordPlace place = records_place(memory->records, i);
    must(place.record < memory->records->n, "a base is in a record");
    must(place.letter < memory->records->record[place.record].letters, "it is a letter of it");
    const int64_t there[] = {(int64_t)i, ~(int64_t)i};
    for (int strand = 0; strand < 2; strand++) {
      const int64_t next = memory_next(memory, there[strand]);
      must(next == MEMORY_NOWHERE || (uint64_t)memory_at(next) < memory->bases,
           "the next place is in the memory");
    }
  }
}

static void check_model(Model *model) {
  if (model->memory) check_memory_of(model);
  const char *key, *value;
  must(all_finite(model->weights->L, model->weights->size), "a model's weights are finite");
  for (size_t i = 0; metadata_entry(model->about, i, &key, &value); i++)
    must(printable(key) && printable(value), "a model's metadata can be printed");
}

static void check_run(void) {
  must(all_finite(state.weights->L, state.weights->size), "a run's weights are finite");
  must(all_finite(state.optimizer->m->L, state.weights->size), "its moments are finite");
  must(all_finite(state.optimizer->average->L, state.weights->size), "its averages are finite");
  must(all_finite(h, B) && isfinite(timestep_loss[0]), "its state is finite");
  must(!isnan(state.numbers.seconds) && !isnan(state.numbers.loss), "its numbers are numbers");
}

/* The parts of a checkpoint that are read before its run. */
static void read_about(void) {
  Why why = {""};
  uint64_t *table = NULL;
  size_t n = 0;
  Metadata *about = checkpoint_about(open(path, O_RDONLY), path, &table, &n, &why);
  if (!about) check_sentence(&why);
  metadata_free(about);
  free(table);
}

/* Whether the bytes were read as a model, and whether as a checkpoint. */
static void read_both(const void *bytes, size_t size, bool *is_model, bool *is_checkpoint) {
  Why why = {""};
  Model model;
  fill_file(bytes, size);
  held = most = 0;
  watched = true;
  *is_model = model_read(&model, path, &why) == 0;
  if (*is_model) check_model(&model);
  model_free(&model);
  if (!*is_model) check_sentence(&why);
  read_about();
  *is_checkpoint = checkpoint_read(open(path, O_RDONLY), path, &config, &state, &why) == 0;
  if (*is_checkpoint) check_run();
  if (!*is_checkpoint) check_sentence(&why);
  watched = false;
  must(held == 0, "all memory is given back");
  must(most < size + MEMORY_MAX, "memory is bounded");
}

/* ---- checks before the fuzzer starts ------------------------------------------------------------
 */

/* Otherwise nobody would notice an outdated seed, with which the fuzzer reaches little code. */
static void check_seed(const char *name, bool whole_run) {
  char bytes[1 << 14], seed[1024];
  bool is_model, is_checkpoint;
  snprintf(seed, sizeof seed, "%s/%s", SEEDS, name);
  FILE *in = fopen(seed, "rb");
  must(in != NULL, "the seeds are there");
  read_both(bytes, fread(bytes, 1, sizeof bytes, in), &is_model, &is_checkpoint);
  fclose(in);
  must(is_model && is_checkpoint == whole_run, "the seeds are read whole");
}

/* A header that repeats this piece, until it is long or has `most` of them;
 * ###### in it becomes a number. */
static void check_swollen(const char *begin, const char *piece, size_t pieces, const char *end) {
  bool is_model, is_checkpoint;
  const char *mark = strstr(piece, "######");
  char number[16];
  const size_t n = strlen(piece), room = HEADER - strlen(begin) - strlen(end);
  char *bytes = malloc(sizeof(uint64_t) + HEADER), *to = bytes + sizeof(uint64_t);
  to = stpcpy(to, begin);
  for (size_t i = 0; i < pieces && (i + 1) * n <= room; i++) {
    memcpy(to, piece, n);
    if (mark) snprintf(number, sizeof number, "%06zu", i);
    if (mark) memcpy(to + (mark - piece), number, 6);
    to += n;
  }
  to = stpcpy(to, end);
  const size_t size = (size_t)(to - bytes);
  memcpy(bytes, &(uint64_t){size - sizeof(uint64_t)}, sizeof(uint64_t));
  read_both(bytes, size, &is_model, &is_checkpoint);
  must(!is_model && !is_checkpoint, "bytes that are not a model are refused");
  free(bytes);
}

static void check_memory(void) {
  static const char about[] = "{\"__metadata__\":{\"data_crc32\":\"00000000\"";
  static char long_value[65000] = ",\"######\":\"";
  const size_t n = strlen(long_value);
  memset(long_value + n, 'a', sizeof long_value - n - 2);
  strcpy(long_value + sizeof long_value - 2, "\"");
  check_swollen("{\"a\":[0", ",0", HEADER, "]}");
  check_swollen("{\"a\":[0", ",0", VALUES - 8, "]}");
  check_swollen("{\"a\":[0", ",[[]]", HEADER, "]}");
  check_swollen("{\"a\":[0", ",[]", VALUES / 2 - 8, "]}");
  check_swollen("{\"a\":[0", ",{}", VALUES / 2 - 8, "]}");
  check_swollen("{\"a\":\"", "\\n", HEADER, "\"}");
  check_swollen(about, ",\"######\":\"\"", VALUES - 8, "}}");
  check_swollen(about, ",\"######\":\"######\"", HEADER, "}}");
  check_swollen(about, long_value, HEADER, "}}");
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  file = memfd_create("model", 0);
  must(file >= 0, "there is a file to read from");
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  config.shape = shape_new(1, 1, 1, 1, ACTIVATION_SIGMOID, SOFTMAX_FULL);
  state.weights = weights_new(&config.shape);
  state.optimizer = optimizer_new(OPTIMIZER_ADAM, &config.shape, 1000);
  optimizer_average(state.optimizer, state.weights);
  state.best = weights_new(&config.shape);
  __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
  check_seed("model", false);
  check_seed("followers", false);
  check_seed("checkpoint", true);
  check_seed("memory", false);
  check_memory();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bool is_model, is_checkpoint;
  read_both(data, size, &is_model, &is_checkpoint);
  return 0;
}
