#include "model/checkpoint.h"

#include "base/alloc.h"
#include "sequence/kmer.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TENSORS_MAX = 5 * WEIGHTS + 6, SIZE_MAX_DIMENSION = 1 << 20 };

/* ---- tensors -------------------------------------------------------------------------------- */

static void add_tensor(Tensor *tensors, int *n, const char *prefix, const char *name, Dtype dtype,
                       int rank, size_t rows, size_t columns, void *data) {
  Tensor *tensor = &tensors[(*n)++];
  *tensor = (Tensor){.dtype = dtype, .rank = rank, .rows = rows, .columns = columns, .data = data};
  snprintf(tensor->name, sizeof tensor->name, "%s%s", prefix, name);
}

static void add_weights(Tensor *tensors, int *n, const char *prefix, const Shape *shape,
                        const Weights *w) {
  size_t V = (size_t)shape->V, d = (size_t)shape->d, D = (size_t)shape->D;
  Weights none = {0};
  if (!w) w = &none;
  add_tensor(tensors, n, prefix, "L", F32, 2, V, d, w->L);
  add_tensor(tensors, n, prefix, "H", F32, 2, D, D, w->H);
  add_tensor(tensors, n, prefix, "I", F32, 2, d, D, w->I);
  add_tensor(tensors, n, prefix, "b1", F32, 1, 1, D, w->b1);
  add_tensor(tensors, n, prefix, "U", F32, 2, D, V, w->U);
  tensors[*n - 1].transposed = 1;
  add_tensor(tensors, n, prefix, "b2", F32, 1, 1, V, w->b2);
}

size_t checkpoint_memory(const Shape *shape) { return safetensors_memory((size_t)shape->V); }

static int state_tensors(Tensor *tensors, const Shape *shape, const RunState *state) {
  int n = 0;
  size_t T = (size_t)state->T;
  add_weights(tensors, &n, "", shape, state->weights);
  if (state->optimizer->m) add_weights(tensors, &n, "optimizer.m.", shape, state->optimizer->m);
  if (state->optimizer->v) add_weights(tensors, &n, "optimizer.v.", shape, state->optimizer->v);
  if (state->optimizer->average)
    add_weights(tensors, &n, "optimizer.average.", shape, state->optimizer->average);
  add_weights(tensors, &n, "best.", shape, state->best);
  add_tensor(tensors, &n, "state.", "h", F32, 2, (size_t)state->B, (size_t)shape->D, state->h);
  add_tensor(tensors, &n, "state.", "lanes", U64, 1, 1, state->n_lanes, state->lanes);
  add_tensor(tensors, &n, "state.", "timestep_loss", F64, 1, 1, T, state->timestep_loss);
  add_tensor(tensors, &n, "state.", "timestep_tokens", U64, 1, 1, T, state->timestep_tokens);
  add_tensor(tensors, &n, "state.", "inputs", U64, 2, state->n_inputs, INPUT_COLUMNS,
             state->inputs);
  if (state->n_commands > 0)
    add_tensor(tensors, &n, "state.", "commands", U64, 1, 1, state->n_commands, state->commands);
  return n;
}

/* Every name that a tensor of a model or of a checkpoint can have. */
static int all_names(Tensor *tensors) {
  static const char *const prefixes[] = {"", "optimizer.m.", "optimizer.v.", "optimizer.average.",
                                         "best."};
  static const char *const rest[] = {"h",      "lanes",   "timestep_loss", "timestep_tokens",
                                     "inputs", "commands"};
  const Shape no_shape = {0};
  int n = 0;
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    add_weights(tensors, &n, prefixes[i], &no_shape, NULL);
  for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
    add_tensor(tensors, &n, "state.", rest[i], F32, 1, 0, 0, NULL);
  return n;
}

/* ---- metadata ------------------------------------------------------------------------------- */

/* The range of each kind of number, for the writer and the reader. */
typedef enum {
  COUNT,            /* 0 to 2^53: exact in every language's numbers */
  REAL,             /* finite, not negative */
  REAL_OR_INFINITE, /* or infinite */
  REAL_OR_NONE      /* or infinite, or NaN */
} NumberKind;
#define COUNT_MAX (UINT64_C(1) << 53)

static bool real_fits(NumberKind kind, double value) {
  if (isnan(value)) return kind == REAL_OR_NONE;
  return value >= 0 && (isfinite(value) || kind != REAL);
}

static const struct {
  const char *key;
  size_t offset;
  NumberKind kind;
} number_rows[] = {
#define ROW(field, kind)                                                                           \
  { "state." #field, offsetof(RunNumbers, field), kind }
    ROW(step, COUNT),
    ROW(epoch, COUNT),
    ROW(tokens, COUNT),
    ROW(skipped, COUNT),
    ROW(bad_in_a_row, COUNT),
    ROW(optimizer_steps, COUNT),
    ROW(rate, REAL),
    ROW(gradient_norm, REAL_OR_NONE),
    ROW(seconds, REAL),
    ROW(best_valid_loss, REAL_OR_INFINITE),
    ROW(best_step, COUNT),
    ROW(stale, COUNT),
    ROW(next_validation, COUNT),
    ROW(validated_step, COUNT),
    ROW(rate_halvings, COUNT),
    ROW(rate_stale, COUNT),
    ROW(loss, REAL),
    ROW(loss_tokens, COUNT),
    ROW(loss_log_bytes, COUNT),
    ROW(timestep_log_bytes, COUNT)
#undef ROW
};
enum { NUMBER_ROWS = sizeof number_rows / sizeof *number_rows };

static Metadata *describe(const Shape *shape, const Metadata *about) {
  Metadata *metadata = metadata_new();
  const char *key, *value;
  metadata_set(metadata, "format", "kmer-rnn");
  metadata_set(metadata, "format_version", "1");
  metadata_set(metadata, "k", "%d", shape->k);
  metadata_set(metadata, "stride", "%d", shape->s);
  metadata_set(metadata, "embedding", "%d", shape->d);
  metadata_set(metadata, "hidden", "%d", shape->D);
  metadata_set(metadata, "activation", "%s", activation_names[shape->activation]);
  metadata_set(metadata, "softmax", "%s", softmax_names[shape->softmax]);
  for (size_t i = 0; about && i < metadata_size(about); i++) {
    metadata_entry(about, i, &key, &value);
    metadata_set(metadata, key, "%s", value);
  }
  return metadata;
}

/* Adds the numbers; one that the reader would reject is an error. */
static int describe_numbers(const char *path, Metadata *metadata, const RunNumbers *numbers,
                            Why *why) {
  for (int i = 0; i < NUMBER_ROWS; i++) {
    const void *field = (const char *)numbers + number_rows[i].offset;
    bool fits;
    if (number_rows[i].kind == COUNT) {
      const uint64_t count = *(const uint64_t *)field;
      fits = count <= COUNT_MAX;
      metadata_set(metadata, number_rows[i].key, "%" PRIu64, count);
    } else {
      const double real = fabs(*(const double *)field); /* NaN may have a sign */
      fits = real_fits(number_rows[i].kind, real);
      metadata_set(metadata, number_rows[i].key, "%.17g", real);
    }
    if (!fits)
      return fail(why, "%s: cannot hold %s = %s; the checkpoint before it was kept", path,
                  number_rows[i].key, metadata_get(metadata, number_rows[i].key));
  }
  return 0;
}

/* Numbers are read as they are written and in no other way: no sign, blank or digit more. */
static int read_count(const char *text, uint64_t *number) {
  char again[32];
  *number = strtoull(text, NULL, 10);
  snprintf(again, sizeof again, "%" PRIu64, *number);
  return strcmp(text, again) == 0 ? 0 : -1;
}

static int read_real(const char *text, double *number) {
  char again[32];
  *number = strtod(text, NULL);
  snprintf(again, sizeof again, "%.17g", *number);
  return strcmp(text, again) == 0 ? 0 : -1;
}

/* Reads the number of a row into its field. */
static int read_number(const char *text, int row, void *field) {
  double real;
  uint64_t count;
  if (number_rows[row].kind == COUNT) {
    if (read_count(text, &count) != 0 || count > COUNT_MAX) return -1;
    *(uint64_t *)field = count;
    return 0;
  }
  if (read_real(text, &real) != 0 || !real_fits(number_rows[row].kind, real)) return -1;
  *(double *)field = real;
  return 0;
}

static int read_numbers(const char *path, const Metadata *metadata, RunNumbers *numbers, Why *why) {
  for (int i = 0; i < NUMBER_ROWS; i++) {
    const char *text = metadata_get(metadata, number_rows[i].key);
    char *field = (char *)numbers + number_rows[i].offset;
    if (!text)
      return fail(why, "%s: %s is missing; the checkpoint is damaged", path, number_rows[i].key);
    if (read_number(text, i, field) != 0)
      return fail(why, "%s: the value of %s is invalid; the checkpoint is damaged", path,
                  number_rows[i].key);
  }
  return 0;
}

static int read_whole(const char *path, const Metadata *metadata, const char *key, int min, int max,
                      int *value, Why *why) {
  const char *text = metadata_get(metadata, key);
  uint64_t number;
  if (!text) return fail(why, "%s: its metadata has no %s; it is no kmer-rnn model", path, key);
  if (read_count(text, &number) != 0 || number < (uint64_t)min || number > (uint64_t)max)
    return fail(why, "%s: its metadata's %s is no number from %d to %d; it is no kmer-rnn model",
                path, key, min, max);
  *value = (int)number;
  return 0;
}

static int read_word(const char *path, const Metadata *metadata, const char *key,
                     const char *const *words, int n, int *value, Why *why) {
  const char *text = metadata_get(metadata, key);
  if (!text) return fail(why, "%s: its metadata has no %s; it is no kmer-rnn model", path, key);
  for (*value = 0; *value < n; ++*value)
    if (strcmp(text, words[*value]) == 0) return 0;
  return fail(why, "%s: its metadata's %s is none that this version knows; use a newer rnnpredict",
              path, key);
}

static int read_format(const char *path, const Metadata *metadata, Why *why) {
  const char *format = metadata_get(metadata, "format");
  const char *version = metadata_get(metadata, "format_version");
  if (!format || strcmp(format, "kmer-rnn") != 0)
    return fail(why, "%s: its format is not kmer-rnn; give a file that rnntrain made", path);
  if (!version || strcmp(version, "1") != 0)
    return fail(why, "%s: its format is not version 1 of kmer-rnn; a newer rnntrain made it", path);
  return 0;
}

static int read_shape(const char *path, const Metadata *metadata, Shape *shape, Why *why) {
  int k, s, d, D, activation, softmax;
  if (read_format(path, metadata, why) || read_whole(path, metadata, "k", 1, KMER_MAX, &k, why) ||
      read_whole(path, metadata, "stride", 1, k, &s, why) ||
      read_whole(path, metadata, "embedding", 1, SIZE_MAX_DIMENSION, &d, why) ||
      read_whole(path, metadata, "hidden", 1, SIZE_MAX_DIMENSION, &D, why) ||
      read_word(path, metadata, "activation", activation_names, ACTIVATIONS, &activation, why) ||
      read_word(path, metadata, "softmax", softmax_names, SOFTMAXES, &softmax, why))
    return -1;
  *shape = shape_new(k, s, d, D, (Activation)activation, (Softmax)softmax);
  if (shape->softmax != (Softmax)softmax)
    return fail(why,
                "%s: its softmax is followers, but with k = stride all can follow; it is no "
                "kmer-rnn model",
                path);
  return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

int checkpoint_write_model(AtomicFile *file, const Shape *shape, const Weights *weights,
                           const Metadata *about, Why *why) {
  Tensor tensors[TENSORS_MAX];
  int n = 0;
  add_weights(tensors, &n, "", shape, weights);
  Metadata *metadata = describe(shape, about);
  int rc = safetensors_write(file, tensors, n, metadata, why);
  metadata_free(metadata);
  return rc;
}

int checkpoint_write(AtomicFile *file, const Shape *shape, const RunState *state,
                     const Metadata *about, Why *why) {
  Tensor tensors[TENSORS_MAX];
  int n = state_tensors(tensors, shape, state);
  Metadata *metadata = describe(shape, about);
  metadata_set(metadata, "inputs", "%zu", state->n_inputs);
  metadata_set(metadata, "commands", "%zu", state->n_commands);
  int rc = file ? describe_numbers(file->path, metadata, state->numbers, why) : -1;
  if (rc == 0)
    rc = safetensors_write(file, tensors, n, metadata, why);
  else if (file)
    atomicfile_abandon(file);
  metadata_free(metadata);
  return rc;
}

/* Reads all tensors that have a place; none is read before each was found to have its shape. */
static int read_tensors(SafeTensors *file, const Tensor *tensors, int n, Why *why) {
  for (int i = 0; i < n; i++)
    if (safetensors_check(file, &tensors[i], why) != 0) return -1;
  for (int i = 0; i < n; i++)
    if (tensors[i].data && safetensors_read(file, &tensors[i], why) != 0) return -1;
  return 0;
}

static Metadata *copy_metadata(const Metadata *from) {
  Metadata *copy = metadata_new();
  const char *key, *value;
  for (size_t i = 0; i < metadata_size(from); i++) {
    metadata_entry(from, i, &key, &value);
    metadata_set(copy, key, "%s", value);
  }
  return copy;
}

static int read_model(Model *model, SafeTensors *file, const char *path, Why *why) {
  Tensor tensors[TENSORS_MAX];
  int n = all_names(tensors);
  if (read_shape(path, safetensors_metadata(file), &model->shape, why) != 0 ||
      safetensors_only(file, tensors, n, why) != 0)
    return -1;
  n = 0;
  add_weights(tensors, &n, "", &model->shape, NULL);
  if (read_tensors(file, tensors, n, why) != 0) return -1; /* the file is as large as it says */
  model->weights = weights_new(&model->shape);
  add_weights(tensors, (n = 0, &n), "", &model->shape, model->weights);
  if (read_tensors(file, tensors, n, why) != 0) return -1;
  model->about = copy_metadata(safetensors_metadata(file));
  return 0;
}

int model_read(Model *model, const char *path, Why *why) {
  static const char name[] = "/model.safetensors";
  struct stat about;
  *model = (Model){.weights = NULL};
  char *file_path = alloc_new(strlen(path) + sizeof name, 1);
  strcpy(file_path, path);
  if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) strcat(file_path, name);
  SafeTensors *file = safetensors_open(file_path, why);
  int rc = file ? read_model(model, file, file_path, why) : -1;
  safetensors_close(file);
  free(file_path);
  if (rc != 0) model_free(model);
  return rc;
}

void model_free(Model *model) {
  weights_free(model->weights);
  metadata_free(model->about);
  *model = (Model){.weights = NULL};
}

int model_check(const Model *model, const char *path, const Shape *shape, Why *why) {
  const Shape *found = &model->shape;
  const struct {
    const char *name, *option;
    int is, wanted;
  } sizes[] = {{"k", "-k", found->k, shape->k},
               {"s", "-s", found->s, shape->s},
               {"d", "-d", found->d, shape->d},
               {"D", "-D", found->D, shape->D}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    if (sizes[i].is != sizes[i].wanted)
      return fail(why, "%s: its network has %s = %d, not %d; give %s %d, or another model", path,
                  sizes[i].name, sizes[i].is, sizes[i].wanted, sizes[i].option, sizes[i].is);
  if (found->activation != shape->activation)
    return fail(why, "%s: its activation is %s; give --activation %s, or another model", path,
                activation_names[found->activation], activation_names[found->activation]);
  if (found->softmax != shape->softmax)
    return fail(why, "%s: its softmax is %s; give --softmax %s, or another model", path,
                softmax_names[found->softmax], softmax_names[found->softmax]);
  return 0;
}

/* Reads the table of inputs, if there is one. The size of the file was checked. */
static int read_inputs(SafeTensors *file, const char *path, uint64_t **inputs, size_t *n_inputs,
                       Why *why) {
  Tensor tensor;
  uint64_t count;
  int n = 0;
  const char *text = metadata_get(safetensors_metadata(file), "inputs");
  *inputs = NULL;
  *n_inputs = 0;
  if (!text) return 0;
  if (read_count(text, &count) != 0 || count > COUNT_MAX / INPUT_COLUMNS)
    return fail(why, "%s: its number of inputs is invalid; the checkpoint is damaged", path);
  add_tensor(&tensor, &n, "state.", "inputs", U64, 2, (size_t)count, INPUT_COLUMNS, NULL);
  if (safetensors_check(file, &tensor, why) != 0) return -1;
  tensor.data = *inputs = alloc_new((size_t)count * INPUT_COLUMNS, sizeof **inputs);
  *n_inputs = (size_t)count;
  if (safetensors_read(file, &tensor, why) == 0) return 0;
  free(*inputs);
  *inputs = NULL;
  return -1;
}

Metadata *checkpoint_about(int fd, const char *path, uint64_t **inputs, size_t *n_inputs,
                           Why *why) {
  Tensor tensors[TENSORS_MAX];
  Shape shape;
  Metadata *about = NULL;
  int n = 0;
  SafeTensors *file = safetensors_from(fd, path, why);
  if (file && read_shape(path, safetensors_metadata(file), &shape, why) == 0) {
    add_weights(tensors, &n, "", &shape, NULL);
    add_weights(tensors, &n, "best.", &shape, NULL);
    if (read_tensors(file, tensors, n, why) == 0 &&
        read_inputs(file, path, inputs, n_inputs, why) == 0)
      about = copy_metadata(safetensors_metadata(file));
  }
  safetensors_close(file);
  return about;
}

int checkpoint_read(int fd, const char *path, const Shape *shape, RunState *state, Why *why) {
  Tensor tensors[TENSORS_MAX];
  Shape found;
  SafeTensors *file = safetensors_from(fd, path, why);
  if (!file) return -1;
  int rc = read_shape(path, safetensors_metadata(file), &found, why);
  if (rc == 0 && memcmp(&found, shape, sizeof found) != 0)
    rc = fail(why, "%s: its network is another than the options describe; give those of its run",
              path);
  const int n = state_tensors(tensors, shape, state);
  if (rc == 0) rc = read_tensors(file, tensors, n, why);
  if (rc == 0) rc = safetensors_only(file, tensors, n, why);
  if (rc == 0) rc = read_numbers(path, safetensors_metadata(file), state->numbers, why);
  if (rc == 0) state->optimizer->steps = state->numbers->optimizer_steps;
  safetensors_close(file);
  return rc;
}
