#include "model/model.h"

#include "base/alloc.h"
#include "sequence/kmer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIMENSION_MAX = 1 << 20, TENSORS_MAX = WEIGHTS + MEMORYFILE_TENSORS };

/* Format versions of files without and with a memory. */
static const char version[] = "1", memory_version[] = "2";

int model_tensors(Tensor tensors[WEIGHTS], const char *prefix, const Shape *shape,
                  const Weights *weights) {
  const size_t V = (size_t)shape->V, d = (size_t)shape->d, D = (size_t)shape->D;
  const Weights none = {0};
  const Weights *w = weights ? weights : &none;
  tensors[0] = tensor_matrix(prefix, "L", DTYPE_F32, V, d, w->L);
  tensors[1] = tensor_matrix(prefix, "H", DTYPE_F32, D, D, w->H);
  tensors[2] = tensor_matrix(prefix, "I", DTYPE_F32, d, D, w->I);
  tensors[3] = tensor_vector(prefix, "b1", DTYPE_F32, D, w->b1);
  tensors[4] = tensor_matrix(prefix, "U", DTYPE_F32, D, V, w->U);
  tensors[4].transposed = true;
  tensors[5] = tensor_vector(prefix, "b2", DTYPE_F32, V, w->b2);
  return WEIGHTS;
}

/* ---- metadata ------------------------------------------------------------------------------- */

static Metadata *describe(const Shape *shape, const Memory *memory, const Metadata *about) {
  Metadata *metadata = metadata_new();
  metadata_set(metadata, "format", "kmer-rnn");
  metadata_set(metadata, "format_version", "%s", memory ? memory_version : version);
  metadata_set(metadata, "k", "%d", shape->k);
  metadata_set(metadata, "stride", "%d", shape->s);
  metadata_set(metadata, "embedding", "%d", shape->d);
  metadata_set(metadata, "hidden", "%d", shape->D);
  metadata_set(metadata, "activation", "%s", activation_names[shape->activation]);
  metadata_set(metadata, "softmax", "%s", softmax_names[shape->softmax]);
  if (memory) memoryfile_describe(metadata, memory);
  metadata_append(metadata, about);
  return metadata;
}

Metadata *model_describe(const Shape *shape, const Metadata *about) {
  return describe(shape, NULL, about);
}

static int read_whole(const char *path, const Metadata *metadata, const char *key, int max,
                      int *value, Why *why) {
  char detail[64];
  uint64_t number;
  if (metadata_whole(metadata, key, &number) == 0 && number >= 1 && number <= (uint64_t)max) {
    *value = (int)number;
    return 0;
  }
  snprintf(detail, sizeof detail, "must be a number from 1 to %d", max);
  return safetensors_malformed(why, path, detail, "__metadata__.%s", key);
}

/* Reports a word that is not one of these n. */
static int fail_word(const char *path, const char *key, const char *text, const char *const *words,
                     int n, Why *why) {
  char known[64] = "";
  for (int i = 0; i < n; i++) {
    const size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", words[i]);
  }
  return fail(why, "%s: its %s, %.40s, is none of %s; write one of these, or use a newer version",
              path, key, text, known);
}

static int read_word(const char *path, const Metadata *metadata, const char *key,
                     const char *const *words, int n, int *value, Why *why) {
  const char *text = metadata_get(metadata, key);
  if (!text) return safetensors_malformed(why, path, "is missing", "__metadata__.%s", key);
  for (*value = 0; *value < n; ++*value)
    if (strcmp(text, words[*value]) == 0) return 0;
  return fail_word(path, key, text, words, n, why);
}

static bool has_version(const Metadata *metadata, const char *wanted) {
  const char *found = metadata_get(metadata, "format_version");
  return found && strcmp(found, wanted) == 0;
}

/* A model of another program may have neither format nor version. */
static int read_format(const char *path, const Metadata *metadata, Why *why) {
  const char *format = metadata_get(metadata, "format");
  const bool is_ours = metadata_get(metadata, "format_version") != NULL;
  if (!format && !is_ours && !metadata_get(metadata, "k"))
    return fail(why, "%s: has no metadata k; docs/python.md describes the metadata of a model",
                path);
  if (format ? strcmp(format, "kmer-rnn") != 0 : is_ours)
    return fail(why,
                "%s: its format is not kmer-rnn; docs/python.md describes the metadata of a model",
                path);
  if (is_ours && !has_version(metadata, version) && !has_version(metadata, memory_version))
    return fail(why, "%s: its format is not version 1 or 2 of kmer-rnn; a newer rnntrain made it",
                path);
  return 0;
}

int model_shape(Shape *shape, const char *path, const Metadata *metadata, Why *why) {
  int k, s, d, D, activation, softmax;
  if (read_format(path, metadata, why) || read_whole(path, metadata, "k", KMER_MAX, &k, why) ||
      read_whole(path, metadata, "stride", k, &s, why) ||
      read_whole(path, metadata, "embedding", DIMENSION_MAX, &d, why) ||
      read_whole(path, metadata, "hidden", DIMENSION_MAX, &D, why) ||
      read_word(path, metadata, "activation", activation_names, ACTIVATIONS, &activation, why) ||
      read_word(path, metadata, "softmax", softmax_names, SOFTMAXES, &softmax, why))
    return -1;
  *shape = shape_new(k, s, d, D, (Activation)activation, (Softmax)softmax);
  if (shape->softmax != (Softmax)softmax)
    return safetensors_malformed(why, path, "followers, but with k = stride every k-mer can follow",
                                 "__metadata__.softmax");
  return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

int model_write(AtomicFile *file, const Model *model, Why *why) {
  Tensor tensors[TENSORS_MAX];
  const Memory *memory = model->memory;
  int n = model_tensors(tensors, "", &model->shape, model->weights);
  if (memory) {
    memoryfile_tensors(tensors + WEIGHTS, memory, &model->recall);
    n += MEMORYFILE_TENSORS;
  }
  Metadata *metadata = describe(&model->shape, memory, model->about);
  const int rc = safetensors_write(file, tensors, n, metadata, why);
  metadata_free(metadata);
  if (memory) memoryfile_free(tensors + WEIGHTS);
  return rc;
}

/* Whether the name is that of a tensor of a checkpoint that does not belong to its model. It is not
 * read here, but its size and the CRC-32 were checked. */
static bool is_of_training(const char *name) {
  static const char *const prefixes[] = {"optimizer.", "best.", "state."};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
  return false;
}

static int read_model(Model *model, SafeTensors *file, const char *path, Why *why) {
  Tensor tensors[TENSORS_MAX];
  MemorySizes sizes;
  const Metadata *metadata = safetensors_metadata(file);
  const bool has_memory = has_version(metadata, memory_version);
  if (model_shape(&model->shape, path, metadata, why) != 0) return -1;
  int n = model_tensors(tensors, "", &model->shape, NULL);
  if (has_memory) {
    if (memoryfile_sizes(&sizes, tensors + n, path, metadata, why) != 0) return -1;
    n += MEMORYFILE_TENSORS;
  }
  if (safetensors_only(file, tensors, n, is_of_training, why) != 0 ||
      safetensors_read(file, tensors, n, why) != 0)
    return -1;
  model->weights = weights_new(&model->shape); /* the file is as large as its header claims */
  model_tensors(tensors, "", &model->shape, model->weights);
  if (safetensors_read(file, tensors, WEIGHTS, why) != 0) return -1;
  if (has_memory) {
    model->memory = memoryfile_read(file, path, &sizes, &model->recall, why);
    if (!model->memory) return -1;
  }
  model->about = safetensors_take_metadata(file);
  return 0;
}

int model_read(Model *model, const char *path, Why *why) {
  static const char name[] = "/model.safetensors";
  struct stat about;
  *model = (Model){.weights = NULL};
  const bool is_directory = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
  char *file_path = alloc_new(strlen(path) + sizeof name, 1);
  strcpy(file_path, path);
  if (is_directory) strcat(file_path, name);
  SafeTensors *file = safetensors_open(file_path, why);
  if (!file && is_directory && access(file_path, F_OK) != 0 && errno == ENOENT)
    fail(why,
         "%s: is a directory without model.safetensors; give a run directory or a .safetensors "
         "file",
         path);
  int rc = file ? read_model(model, file, file_path, why) : -1;
  safetensors_close(file);
  free(file_path);
  if (rc != 0) model_free(model);
  return rc;
}

void model_free(Model *model) {
  weights_free(model->weights);
  metadata_free(model->about);
  memory_free(model->memory);
  *model = (Model){.weights = NULL};
}

enum { OPTIONS_ROOM = 160 };

/* Appends an option and its value to a command line. */
static void add_option(char options[OPTIONS_ROOM], const char *option, const char *value) {
  const size_t used = strlen(options);
  snprintf(options + used, OPTIONS_ROOM - used, " %s %s", option, value);
}

int model_check(const Model *model, const char *path, const Shape *shape, Why *why) {
  const Shape *found = &model->shape;
  const struct {
    const char *option;
    int is, wanted;
  } sizes[] = {{"-k", found->k, shape->k},
               {"-s", found->s, shape->s},
               {"-d", found->d, shape->d},
               {"-D", found->D, shape->D}};
  char options[OPTIONS_ROOM] = "", value[16];
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    snprintf(value, sizeof value, "%d", sizes[i].is);
    if (sizes[i].is != sizes[i].wanted) add_option(options, sizes[i].option, value);
  }
  if (found->activation != shape->activation)
    add_option(options, "--activation", activation_names[found->activation]);
  if (found->softmax != shape->softmax)
    add_option(options, "--softmax", softmax_names[found->softmax]);
  if (!*options) return 0;
  return fail(why, "%s: its network does not match the options; give%s, or another model", path,
              options);
}
