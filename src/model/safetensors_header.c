/* Parsing and writing of the JSON header of a safetensors file. */
#include "model/safetensors.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits on parsed JSON: a value takes some hundred bytes of memory, and a text briefly three times
 * its length. Our files have some hundred values, and one more per input file. */
enum { VALUES_MAX = 1 << 16, TEXT_MAX = 1 << 16 };

static const char *const dtype_names[] = {"F32", "F64", "U64"};
static const size_t dtype_sizes[] = {4, 8, 8};

/* ---- limits, of the writer and of the reader ------------------------------------------------ */

/* Whether c may stand between the tokens of JSON. */
static bool is_between(char c) {
  return c == ',' || c == ':' || c == '[' || c == ']' || c == '{' || c == '}' || c == '"' ||
         c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Upper bounds for the number of values in the text, and for the length of a value or name. */
static size_t count_values(const char *text, size_t length, size_t *longest) {
  size_t values = 1, begin = 0;
  bool quoted = false;
  *longest = 0;
  for (size_t i = 0; i < length; i++) {
    const char c = text[i];
    const bool ends = quoted ? c == '"' : is_between(c);
    if (quoted && c == '\\') i++;
    if (!quoted) values += c == ',' || c == '[' || c == '{';
    if (c == '"') quoted = !quoted;
    if (ends) begin = i + 1;
    if (i + 1 - begin > *longest) *longest = i + 1 - begin;
  }
  return values;
}

/* Whether the text of a header is within its limits. */
static bool fits(const char *text, size_t length) {
  size_t longest;
  return length <= SAFETENSORS_HEADER_MAX && count_values(text, length, &longest) <= VALUES_MAX &&
         longest <= TEXT_MAX;
}

static const char too_large[] =
    "the header has more than 16 MiB, 65536 values, or 65536 bytes in a name or value";

static bool has_control(const char *text) {
  while (*text && escape_control(text) == 0) text++;
  return *text != 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

Tensor tensor_matrix(const char *prefix, const char *name, Dtype dtype, size_t rows, size_t columns,
                     void *data) {
  Tensor tensor = {.dtype = dtype, .rank = 2, .rows = rows, .columns = columns, .data = data};
  snprintf(tensor.name, sizeof tensor.name, "%s%s", prefix, name);
  return tensor;
}

Tensor tensor_vector(const char *prefix, const char *name, Dtype dtype, size_t n, void *data) {
  Tensor tensor = tensor_matrix(prefix, name, dtype, 1, n, data);
  tensor.rank = 1;
  return tensor;
}

size_t tensor_bytes(const Tensor *tensor) {
  return tensor->rows * tensor->columns * dtype_sizes[tensor->dtype];
}

void tensor_describe(char *text, size_t size, const Tensor *tensor) {
  const char *dtype = dtype_names[tensor->dtype];
  if (tensor->rank == 1)
    snprintf(text, size, "%s of shape [%zu]", dtype, tensor->columns);
  else
    snprintf(text, size, "%s of shape [%zu,%zu]", dtype, tensor->rows, tensor->columns);
}

/* The metadata and the CRC-32s as a JSON object. */
static json_t *strings_json(const Metadata *metadata, uint32_t crc, const char **fault) {
  json_t *strings = json_object();
  const char *key, *value;
  *fault = NULL;
  for (size_t i = 0; metadata_entry(metadata, i, &key, &value); i++) {
    if (has_control(key) || has_control(value)) *fault = "its metadata has a control character";
    if (json_object_set_new(strings, key, json_string(value)) != 0)
      *fault = "its metadata is not valid UTF-8";
  }
  json_object_set_new(strings, "data_crc32", json_sprintf("%08x", crc));
  json_object_set_new(strings, "header_crc32", json_string("00000000")); /* replaced by seal */
  return strings;
}

char *safetensors_header(const Tensor *tensors, int n, const Metadata *metadata, uint32_t crc,
                         const char **fault) {
  json_t *root = json_object();
  size_t offset = 0;
  json_object_set_new(root, "__metadata__", strings_json(metadata, crc, fault));
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
  char *json = *fault ? NULL : json_dumps(root, JSON_COMPACT);
  json_decref(root);
  if (!json) return NULL;
  size_t length = strlen(json), padded = (length + 7) / 8 * 8;
  char *header = memset(alloc_new(padded + 1, 1), ' ', padded);
  memcpy(header, json, length);
  free(json);
  if (fits(header, padded)) return header;
  *fault = too_large;
  free(header);
  return NULL;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The parsed header, and its file. */
typedef struct {
  SafeTensorsHeader *header;
  const char *path;
  Why *why;
} Parse;

int safetensors_malformed(Why *why, const char *path, const char *detail, const char *place, ...) {
  char at[100];
  va_list arguments;
  va_start(arguments, place);
  vsnprintf(at, sizeof at, place, arguments);
  va_end(arguments);
  return fail(why, "%s: malformed at %s: %.150s; copy or make the file again", path, at, detail);
}

static int parse_json(const Parse *parse, const char *text, size_t length) {
  size_t end = length;
  json_error_t error;
  while (end > 1 && text[end - 1] == ' ') end--;
  if (text[0] != '{' || text[end - 1] != '}')
    return safetensors_malformed(parse->why, parse->path,
                                 "must begin with '{' and end in '}' and spaces", "byte 8");
  if (!fits(text, length))
    return safetensors_malformed(parse->why, parse->path, too_large, "byte 8");
  parse->header->json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (parse->header->json) return 0;
  return safetensors_malformed(parse->why, parse->path, error.text, "byte %zu",
                               sizeof(uint64_t) + (size_t)error.position);
}

/* Moves the metadata out of the JSON, entry by entry, so memory never holds it twice. */
static int parse_metadata(const Parse *parse) {
  json_t *strings = json_object_get(parse->header->json, "__metadata__"), *value;
  const char *key;
  void *next;
  parse->header->metadata = metadata_new();
  if (!strings) return 0;
  if (!json_is_object(strings))
    return safetensors_malformed(parse->why, parse->path, "must be an object", "__metadata__");
  json_object_foreach_safe(strings, next, key, value) {
    const char *text = json_string_value(value);
    if (!text || has_control(key) || has_control(text))
      return safetensors_malformed(parse->why, parse->path,
                                   "must be a string, without control characters",
                                   "__metadata__.%s", key);
    metadata_set(parse->header->metadata, key, "%s", text);
    json_object_del(strings, key);
  }
  json_object_del(parse->header->json, "__metadata__");
  return 0;
}

static int parse_dtype(const Parse *parse, TensorEntry *entry, const char *dtype) {
  for (entry->dtype = DTYPE_F32; entry->dtype <= DTYPE_U64; entry->dtype++)
    if (strcmp(dtype, dtype_names[entry->dtype]) == 0) return 0;
  return safetensors_malformed(parse->why, parse->path,
                               "must be F32, or F64 or U64 in a memory or checkpoint", "%s.dtype",
                               entry->name);
}

/* Checks that the tensor has as many bytes as its shape needs. */
static int parse_places(const Parse *parse, TensorEntry *entry, const json_int_t shape[2],
                        const json_int_t offsets[2]) {
  uint64_t bytes;
  entry->shape[0] = (size_t)shape[0];
  entry->shape[1] = (size_t)shape[1];
  entry->begin = (uint64_t)offsets[0];
  entry->end = (uint64_t)offsets[1];
  if (shape[0] < 0 || shape[1] < 0 ||
      __builtin_mul_overflow(entry->shape[0], entry->shape[1], &bytes) ||
      __builtin_mul_overflow(bytes, dtype_sizes[entry->dtype], &bytes))
    return safetensors_malformed(parse->why, parse->path, "a size below 0 or too large", "%s.shape",
                                 entry->name);
  if (offsets[0] < 0 || offsets[1] < offsets[0] || entry->end - entry->begin != bytes)
    return safetensors_malformed(parse->why, parse->path, "must fit the shape", "%s.data_offsets",
                                 entry->name);
  return 0;
}

static int parse_entry(const Parse *parse, TensorEntry *entry, json_t *json) {
  json_int_t shape[2] = {0, 1}, offsets[2];
  const char *dtype;
  json_t *sizes;
  if (json_unpack_ex(json, NULL, JSON_STRICT, "{s:s,s:o,s:[I,I]}", "dtype", &dtype, "shape", &sizes,
                     "data_offsets", &offsets[0], &offsets[1]) != 0)
    return safetensors_malformed(parse->why, parse->path,
                                 "must have dtype, shape, two data_offsets and nothing else", "%s",
                                 entry->name);
  entry->rank = json_array_size(sizes) == 1 ? 1 : 2;
  if (json_unpack_ex(sizes, NULL, JSON_STRICT, entry->rank == 1 ? "[I]" : "[I,I]", &shape[0],
                     &shape[1]) != 0)
    return safetensors_malformed(parse->why, parse->path, "must be one or two whole numbers",
                                 "%s.shape", entry->name);
  if (parse_dtype(parse, entry, dtype) != 0) return -1;
  return parse_places(parse, entry, shape, offsets);
}

static int by_begin(const void *a, const void *b) {
  const TensorEntry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end) return x->end < y->end ? -1 : 1; /* an empty tensor comes first */
  return strcmp(x->name, y->name);
}

/* Checks that the data of the tensors is contiguous, in any order. */
static int parse_entries(const Parse *parse) {
  SafeTensorsHeader *header = parse->header;
  const char *key;
  json_t *value;
  header->entries = alloc_new(json_object_size(header->json), sizeof *header->entries);
  json_object_foreach((json_t *)header->json, key, value) {
    TensorEntry *entry = &header->entries[header->n++];
    entry->name = key;
    if (parse_entry(parse, entry, value) != 0) return -1;
  }
  qsort(header->entries, header->n, sizeof *header->entries, by_begin);
  uint64_t end = 0;
  for (size_t i = 0; i < header->n; end = header->entries[i++].end)
    if (header->entries[i].begin != end)
      return safetensors_malformed(parse->why, parse->path,
                                   "must begin where the tensor before it ends", "%s.data_offsets",
                                   header->entries[i].name);
  return 0;
}

int safetensors_parse(SafeTensorsHeader *header, const char *path, const char *text, size_t length,
                      Why *why) {
  const Parse parse = {header, path, why};
  if (parse_json(&parse, text, length) != 0 || parse_metadata(&parse) != 0) return -1;
  return parse_entries(&parse);
}

void safetensors_header_free(SafeTensorsHeader *header) {
  json_decref(header->json);
  metadata_free(header->metadata);
  free(header->entries);
}
