#include "safetensors.h"

#include "alloc.h"
#include "atomicfile.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors.c writes numbers as they stand in memory: it needs a little-endian machine"
#endif

enum { HEADER_MAX = 16 << 20, PANEL_FLOATS = 1 << 20, BUFFER = 1 << 16 };

static const char *const dtype_names[] = {"F32", "F64", "U64"};
static const size_t dtype_sizes[] = {4, 8, 8};

/* ---- metadata ------------------------------------------------------------------------------- */

struct Metadata {
  char **text; /* key, value, key, value, ... */
  size_t n;    /* pairs */
};

Metadata *metadata_new(void) { return alloc_new(1, sizeof(Metadata)); }

void metadata_free(Metadata *metadata) {
  if (!metadata) return;
  for (size_t i = 0; i < 2 * metadata->n; i++) free(metadata->text[i]);
  free(metadata->text), free(metadata);
}

static char *copy_text(const char *text) {
  size_t size = strlen(text) + 1;
  return memcpy(alloc_new(size, 1), text, size);
}

void metadata_set(Metadata *metadata, const char *key, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  size_t size = (size_t)vsnprintf(NULL, 0, format, arguments) + 1;
  char *value = alloc_new(size, 1);
  vsnprintf(value, size, format, again);
  va_end(again), va_end(arguments);
  metadata->text = alloc_resize(metadata->text, 2 * (metadata->n + 1), sizeof *metadata->text);
  metadata->text[2 * metadata->n] = copy_text(key);
  metadata->text[2 * metadata->n++ + 1] = value;
}

const char *metadata_get(const Metadata *metadata, const char *key) {
  for (size_t i = 0; i < metadata->n; i++)
    if (strcmp(metadata->text[2 * i], key) == 0) return metadata->text[2 * i + 1];
  return NULL;
}

size_t metadata_size(const Metadata *metadata) { return metadata->n; }

void metadata_entry(const Metadata *metadata, size_t i, const char **key, const char **value) {
  *key = metadata->text[2 * i], *value = metadata->text[2 * i + 1];
}

/* ---- writing -------------------------------------------------------------------------------- */

static size_t tensor_bytes(const Tensor *tensor) {
  return tensor->rows * tensor->columns * dtype_sizes[tensor->dtype];
}

/* The header as text, padded so that the data begins at a multiple of 8. */
static char *make_header(const Tensor *tensors, int n, const Metadata *metadata, uint32_t crc) {
  json_t *root = json_object(), *strings = json_object();
  char text[16];
  size_t offset = 0;
  int wrong = 0;
  for (size_t i = 0; i < metadata->n; i++)
    wrong |=
        json_object_set_new(strings, metadata->text[2 * i], json_string(metadata->text[2 * i + 1]));
  snprintf(text, sizeof text, "%08x", crc);
  json_object_set_new(strings, "data_crc32", json_string(text));
  json_object_set_new(root, "__metadata__", strings);
  for (int i = 0; i < n; i++) {
    const Tensor *tensor = &tensors[i];
    json_t *shape = tensor->rank == 1
                        ? json_pack("[I]", (json_int_t)tensor->columns)
                        : json_pack("[I,I]", (json_int_t)tensor->rows, (json_int_t)tensor->columns);
    size_t end = offset + tensor_bytes(tensor);
    json_object_set_new(root, tensor->name,
                        json_pack("{s:s,s:o,s:[I,I]}", "dtype", dtype_names[tensor->dtype], "shape",
                                  shape, "data_offsets", (json_int_t)offset, (json_int_t)end));
    offset = end;
  }
  char *json = wrong ? NULL : json_dumps(root, JSON_COMPACT);
  json_decref(root);
  if (!json) return NULL;
  size_t length = strlen(json), padded = (length + 7) / 8 * 8;
  char *header = memset(alloc_new(padded + 1, 1), ' ', padded);
  memcpy(header, json, length);
  free(json);
  return header;
}

static void put(FILE *out, const void *bytes, size_t n, uint32_t *crc) {
  fwrite(bytes, 1, n, out); /* errors stick to the stream and are seen when it is committed */
  *crc = (uint32_t)crc32_z(*crc, bytes, n);
}

/* Rows of the file that are turned at a time. */
static size_t panel_rows(const Tensor *tensor) {
  size_t rows = PANEL_FLOATS / (tensor->columns + 1);
  return rows < 1 ? 1 : rows > 16 ? 16 : rows;
}

/* A tensor that stands as (columns,rows) in memory, some rows of the file at a time. */
static void put_transposed(FILE *out, const Tensor *tensor, uint32_t *crc) {
  const float *data = tensor->data;
  size_t rows = tensor->rows, columns = tensor->columns;
  const size_t some = panel_rows(tensor);
  float *panel = alloc_new(some * columns, sizeof *panel);
  for (size_t row = 0; row < rows; row += some) {
    size_t n = rows - row < some ? rows - row : some;
    for (size_t column = 0; column < columns; column++)
      for (size_t i = 0; i < n; i++) panel[i * columns + column] = data[column * rows + row + i];
    put(out, panel, n * columns * sizeof *panel, crc);
  }
  free(panel);
}

static void put_header(FILE *out, const char *header) {
  uint64_t length = strlen(header);
  fwrite(&length, 1, sizeof length, out);
  fwrite(header, 1, length, out);
}

int safetensors_write(const char *path, const Tensor *tensors, int n, const Metadata *metadata,
                      Why *why) {
  uint32_t crc = 0;
  AtomicFile *file = atomicfile_open(path, why);
  if (!file) return -1;
  char *header = make_header(tensors, n, metadata, 0);
  if (!header) {
    atomicfile_abandon(file);
    return fail(why, "%s: its metadata is no valid UTF-8", path);
  }
  put_header(file->out, header);
  free(header);
  for (int i = 0; i < n; i++)
    if (tensors[i].transposed)
      put_transposed(file->out, &tensors[i], &crc);
    else
      put(file->out, tensors[i].data, tensor_bytes(&tensors[i]), &crc);
  if (fseek(file->out, 0, SEEK_SET) == 0) { /* the same header, now with the CRC of the data */
    header = make_header(tensors, n, metadata, crc);
    put_header(file->out, header);
    free(header);
  }
  return atomicfile_commit(file, why);
}

/* ---- reading -------------------------------------------------------------------------------- */

typedef struct {
  const char *name; /* within json */
  Dtype dtype;
  int rank;
  size_t shape[2];
  uint64_t begin, end;
} Entry;

struct SafeTensors {
  char *path;
  FILE *in;
  json_t *json;
  Metadata *metadata;
  Entry *entries; /* in the order of their data */
  size_t n;
  uint64_t data, data_size; /* offset in the file, bytes */
};

static int broken(const SafeTensors *file, Why *why, const char *what, const char *name) {
  return fail(why, "%s: %s%s%s; it is no whole model file, make it again", file->path, what,
              *name ? ": " : "", name);
}

static int whole_number(const json_t *value, uint64_t *number) {
  if (!json_is_integer(value) || json_integer_value(value) < 0) return -1;
  *number = (uint64_t)json_integer_value(value);
  return 0;
}

static int parse_entry(const SafeTensors *file, Entry *entry, const char *name, const json_t *json,
                       Why *why) {
  const json_t *shape = json_object_get(json, "shape");
  const json_t *offsets = json_object_get(json, "data_offsets");
  const char *dtype = json_string_value(json_object_get(json, "dtype"));
  entry->name = name;
  if (!json_is_object(json) || json_object_size(json) != 3 || !dtype || !json_is_array(shape) ||
      !json_is_array(offsets))
    return broken(file, why, "a tensor without just dtype, shape and data_offsets", name);
  entry->dtype = F32;
  while (entry->dtype <= U64 && strcmp(dtype, dtype_names[entry->dtype]) != 0) entry->dtype++;
  if (entry->dtype > U64) return broken(file, why, "a tensor of unknown dtype", name);
  entry->rank = (int)json_array_size(shape);
  if (entry->rank < 1 || entry->rank > 2)
    return broken(file, why, "a tensor that is neither a vector nor a matrix", name);
  uint64_t size[2] = {1, 1}, bytes;
  for (int i = 0; i < entry->rank; i++)
    if (whole_number(json_array_get(shape, (size_t)i), &size[i]) != 0)
      return broken(file, why, "a size that is no whole number", name);
  if (json_array_size(offsets) != 2 || whole_number(json_array_get(offsets, 0), &entry->begin) ||
      whole_number(json_array_get(offsets, 1), &entry->end))
    return broken(file, why, "offsets that are no two whole numbers", name);
  if (__builtin_mul_overflow(size[0], size[1], &bytes) ||
      __builtin_mul_overflow(bytes, dtype_sizes[entry->dtype], &bytes))
    return broken(file, why, "a shape too large for any memory", name);
  if (entry->end < entry->begin || entry->end - entry->begin != bytes)
    return broken(file, why, "offsets that do not fit the shape", name);
  entry->shape[0] = size[0], entry->shape[1] = size[1];
  return 0;
}

static int by_begin(const void *a, const void *b) {
  const Entry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end; /* an empty tensor stands before its neighbour */
}

static int parse_entries(SafeTensors *file, Why *why) {
  const char *key;
  json_t *value;
  file->entries = alloc_new(json_object_size(file->json) + 1, sizeof *file->entries);
  json_object_foreach(file->json, key, value) {
    if (strcmp(key, "__metadata__") == 0) continue;
    if (parse_entry(file, &file->entries[file->n], key, value, why) != 0) return -1;
    file->n++;
  }
  qsort(file->entries, file->n, sizeof *file->entries, by_begin);
  uint64_t end = 0;
  for (size_t i = 0; i < file->n; end = file->entries[i++].end)
    if (file->entries[i].begin != end)
      return broken(file, why, "a hole or an overlap before tensor", file->entries[i].name);
  if (end != file->data_size)
    return broken(file, why,
                  end > file->data_size ? "the file ends early: it was cut short"
                                        : "bytes after the last tensor",
                  "");
  return 0;
}

static int parse_metadata(SafeTensors *file, Why *why) {
  json_t *strings = json_object_get(file->json, "__metadata__");
  const char *key;
  json_t *value;
  file->metadata = metadata_new();
  if (!json_is_object(strings)) return broken(file, why, "no metadata", "");
  json_object_foreach(strings, key, value) {
    if (!json_is_string(value)) return broken(file, why, "metadata that is no string", key);
    metadata_set(file->metadata, key, "%s", json_string_value(value));
  }
  return 0;
}

/* Reads the header into file->json; the file is as long as `size`. */
static int read_header(SafeTensors *file, uint64_t size, Why *why) {
  uint64_t length;
  json_error_t error;
  if (size < sizeof length || fread(&length, sizeof length, 1, file->in) != 1)
    return broken(file, why, "the file is too short for a safetensors file", "");
  if (length > HEADER_MAX || length > size - sizeof length)
    return broken(file, why, "a header longer than the file or than 16 MiB", "");
  char *header = alloc_new(length + 1, 1);
  size_t got = fread(header, 1, length, file->in);
  file->data = sizeof length + length, file->data_size = size - file->data;
  if (got == length && header[0] == '{')
    file->json = json_loadb(header, length, JSON_REJECT_DUPLICATES, &error);
  free(header);
  if (!json_is_object(file->json))
    return broken(file, why, "the header is no JSON object", got == length ? error.text : "");
  return 0;
}

static int check_crc(SafeTensors *file, Why *why) {
  unsigned char buffer[BUFFER];
  uint32_t crc = 0;
  char text[16];
  const char *wanted = metadata_get(file->metadata, "data_crc32");
  for (uint64_t left = file->data_size; left > 0;) {
    size_t n = left < sizeof buffer ? (size_t)left : sizeof buffer;
    if (fread(buffer, 1, n, file->in) != n) return broken(file, why, "it cannot be read", "");
    crc = (uint32_t)crc32_z(crc, buffer, n);
    left -= n;
  }
  snprintf(text, sizeof text, "%08x", crc);
  if (!wanted) return broken(file, why, "no data_crc32 in the metadata", "");
  if (strcmp(text, wanted) != 0)
    return broken(file, why, "the data is damaged: its CRC-32 is not the one in the header", text);
  return 0;
}

SafeTensors *safetensors_open(const char *path, Why *why) {
  SafeTensors *file = alloc_new(1, sizeof *file);
  struct stat about;
  file->path = copy_text(path);
  file->in = fopen(path, "rb");
  int wrong;
  if (!file->in || fstat(fileno(file->in), &about) != 0)
    wrong = fail(why, "%s: cannot be opened: %s", path, strerror(errno));
  else if (!S_ISREG(about.st_mode))
    wrong = fail(why, "%s: is no regular file; give a run directory or a .safetensors file", path);
  else
    wrong = read_header(file, (uint64_t)about.st_size, why) || parse_metadata(file, why) ||
            parse_entries(file, why) || check_crc(file, why);
  if (!wrong) return file;
  safetensors_close(file);
  return NULL;
}

void safetensors_close(SafeTensors *file) {
  if (!file) return;
  if (file->in) fclose(file->in);
  json_decref(file->json);
  metadata_free(file->metadata);
  free(file->entries), free(file->path), free(file);
}

const Metadata *safetensors_metadata(const SafeTensors *file) { return file->metadata; }

static const Entry *find(const SafeTensors *file, const char *name) {
  for (size_t i = 0; i < file->n; i++)
    if (strcmp(file->entries[i].name, name) == 0) return &file->entries[i];
  return NULL;
}

/* What there is of the tensor; NULL where it is not there, or is another one. */
static const Entry *fitting(const SafeTensors *file, const Tensor *tensor, Why *why) {
  const Entry *entry = find(file, tensor->name);
  const char *fault = NULL;
  size_t rows = tensor->rank == 1 ? tensor->columns : tensor->rows;
  size_t columns = tensor->rank == 1 ? 1 : tensor->columns;
  if (!entry)
    fault = "a tensor is missing";
  else if (entry->dtype != tensor->dtype)
    fault = "wrong dtype";
  else if (entry->rank != tensor->rank || entry->shape[0] != rows || entry->shape[1] != columns)
    fault = "a shape that does not fit the metadata";
  if (fault) broken(file, why, fault, tensor->name);
  return fault ? NULL : entry;
}

int safetensors_check(const SafeTensors *file, const Tensor *tensor, Why *why) {
  return fitting(file, tensor, why) ? 0 : -1;
}

static void get_transposed(FILE *in, const Tensor *tensor) {
  float *data = tensor->data;
  size_t rows = tensor->rows, columns = tensor->columns;
  const size_t some = panel_rows(tensor);
  float *panel = alloc_new(some * columns, sizeof *panel);
  for (size_t row = 0; row < rows && !ferror(in) && !feof(in); row += some) {
    size_t n = rows - row < some ? rows - row : some;
    if (fread(panel, sizeof *panel, n * columns, in) != n * columns) break;
    for (size_t column = 0; column < columns; column++)
      for (size_t i = 0; i < n; i++) data[column * rows + row + i] = panel[i * columns + column];
  }
  free(panel);
}

int safetensors_read(SafeTensors *file, const Tensor *tensor, Why *why) {
  const Entry *entry = fitting(file, tensor, why);
  if (!entry) return -1;
  size_t n = tensor->rows * tensor->columns;
  if (fseeko(file->in, (off_t)(file->data + entry->begin), SEEK_SET) != 0)
    return broken(file, why, "it cannot be read", tensor->name);
  if (tensor->transposed)
    get_transposed(file->in, tensor);
  else if (fread(tensor->data, dtype_sizes[tensor->dtype], n, file->in) != n)
    return broken(file, why, "it cannot be read", tensor->name);
  if (ferror(file->in) || feof(file->in))
    return broken(file, why, "it cannot be read", tensor->name);
  const float *data = tensor->data;
  for (size_t i = 0; tensor->dtype == F32 && i < n; i++)
    if (!isfinite(data[i])) return broken(file, why, "a weight that is not finite", tensor->name);
  return 0;
}
