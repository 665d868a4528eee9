#include "model/header.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value that is parsed takes some hundred bytes, whatever its length, and a text thrice its own
 * for a moment. Our files have some hundred values, and one more for each input file. */
enum { VALUES_MAX = 1 << 16, TEXT_MAX = 1 << 16 };

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
  free(metadata->text);
  free(metadata);
}

void metadata_set(Metadata *metadata, const char *key, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  size_t size = (size_t)vsnprintf(NULL, 0, format, arguments) + 1;
  char *value = alloc_new(size, 1);
  vsnprintf(value, size, format, again);
  va_end(again);
  va_end(arguments);
  if ((metadata->n & (metadata->n - 1)) == 0) /* full at 0, 1, 2, 4, 8, ... */
    metadata->text = alloc_resize(metadata->text, 4 * metadata->n + 2, sizeof *metadata->text);
  metadata->text[2 * metadata->n] = alloc_text(key);
  metadata->text[2 * metadata->n++ + 1] = value;
}

const char *metadata_get(const Metadata *metadata, const char *key) {
  for (size_t i = 0; i < metadata->n; i++)
    if (strcmp(metadata->text[2 * i], key) == 0) return metadata->text[2 * i + 1];
  return NULL;
}

int metadata_whole(const Metadata *metadata, const char *key, uint64_t *number) {
  const char *text = metadata_get(metadata, key);
  char again[32];
  if (!text) return -1;
  *number = strtoull(text, NULL, 10);
  snprintf(again, sizeof again, "%" PRIu64, *number);
  return strcmp(text, again) == 0 ? 0 : -1;
}

size_t metadata_size(const Metadata *metadata) { return metadata->n; }

void metadata_entry(const Metadata *metadata, size_t i, const char **key, const char **value) {
  *key = metadata->text[2 * i];
  *value = metadata->text[2 * i + 1];
}

/* ---- limits, of the writer and of the reader ------------------------------------------------ */

/* The characters between the words of JSON. */
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

/* The limit that the text of a header exceeds, or NULL. */
static const char *excess(const char *text, size_t length) {
  size_t longest;
  if (length > HEADER_MAX) return "a header longer than 16 MiB";
  if (count_values(text, length, &longest) > VALUES_MAX)
    return "the header has more than 65536 values";
  return longest > TEXT_MAX ? "the header has a name or value of more than 65536 bytes" : NULL;
}

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

/* The metadata as a JSON object; NULL: a text is not valid in JSON. */
static json_t *strings_json(const Metadata *metadata, const char **fault) {
  json_t *strings = json_object();
  *fault = NULL;
  for (size_t i = 0; i < metadata->n; i++) {
    const char *key = metadata->text[2 * i], *value = metadata->text[2 * i + 1];
    if (has_control(key) || has_control(value)) *fault = "its metadata has a control character";
    if (json_object_set_new(strings, key, json_string(value)) != 0)
      *fault = "its metadata is not valid UTF-8";
  }
  return strings;
}

char *header_text(const Tensor *tensors, int n, const Metadata *metadata, uint32_t crc,
                  const char **fault) {
  json_t *root = json_object(), *strings = strings_json(metadata, fault);
  char text[16];
  size_t offset = 0;
  snprintf(text, sizeof text, "%08x", crc);
  json_object_set_new(strings, "data_crc32", json_string(text));
  json_object_set_new(strings, "header_crc32", json_string("00000000")); /* until it is known */
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
  char *json = *fault ? NULL : json_dumps(root, JSON_COMPACT);
  json_decref(root);
  if (!json) return NULL;
  size_t length = strlen(json), padded = (length + 7) / 8 * 8;
  char *header = memset(alloc_new(padded + 1, 1), ' ', padded);
  memcpy(header, json, length);
  free(json);
  *fault = excess(header, padded);
  if (!*fault) return header;
  free(header);
  return NULL;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* What is being parsed, and of which file. */
typedef struct {
  Header *header;
  const char *path;
  Why *why;
} Parse;

int header_broken(const char *path, const char *what, const char *place, Why *why) {
  return fail(why, "%s: %s%s%.99s; it is no whole model file, make it again", path, what,
              *place ? ": " : "", place);
}

static int broken(const Parse *parse, const char *what, const char *place) {
  return header_broken(parse->path, what, place, parse->why);
}

/* Whether the text may be parsed at all. */
static int measure(const Parse *parse, const char *text, size_t length) {
  size_t end = length;
  if (text[0] != '{') return broken(parse, "the header does not begin with '{'", "");
  while (text[end - 1] == ' ') end--;
  if (text[end - 1] != '}') return broken(parse, "the header does not end in '}' and spaces", "");
  const char *fault = excess(text, length);
  return fault ? broken(parse, fault, "") : 0;
}

static const char *json_fault(const json_error_t *error) {
  switch (json_error_code(error)) {
  case json_error_duplicate_key: return "a name stands twice in the header";
  case json_error_stack_overflow: return "the header is nested too deeply";
  case json_error_numeric_overflow: return "a number in the header needs more than 64 bits";
  case json_error_invalid_utf8: return "the header is no UTF-8";
  case json_error_null_byte_in_key:
  case json_error_null_character: return "the header has a NUL in a name or value";
  case json_error_premature_end_of_input: return "the header ends before its '}'";
  case json_error_end_of_input_expected: return "the header goes on after its '}'";
  default: return "the header is no JSON";
  }
}

/* Moves the metadata out of the JSON, entry by entry: it is not held twice. */
static int parse_metadata(const Parse *parse) {
  json_t *strings = json_object_get(parse->header->json, "__metadata__"), *value;
  const char *key;
  void *next;
  parse->header->metadata = metadata_new();
  if (!strings) return broken(parse, "the header has no __metadata__", "");
  if (!json_is_object(strings)) return broken(parse, "__metadata__ that is no object", "");
  json_object_foreach_safe(strings, next, key, value) {
    const char *text = json_string_value(value);
    if (!text) return broken(parse, "metadata that is no string", key);
    if (has_control(key))
      return broken(parse, "metadata with a control character in its name", key);
    if (has_control(text)) return broken(parse, "metadata with a control character", key);
    metadata_set(parse->header->metadata, key, "%s", text);
    json_object_del(strings, key);
  }
  json_object_del(parse->header->json, "__metadata__");
  return 0;
}

/* What can be wrong with a number, by kind. */
typedef struct {
  const char *no_number, *no_whole, *negative;
} Faults;

static int parse_number(const Parse *parse, const Faults *faults, const char *name,
                        const json_t *value, uint64_t *number) {
  if (!json_is_number(value)) return broken(parse, faults->no_number, name);
  if (!json_is_integer(value)) return broken(parse, faults->no_whole, name);
  if (json_integer_value(value) < 0) return broken(parse, faults->negative, name);
  *number = (uint64_t)json_integer_value(value);
  return 0;
}

static int parse_dtype(const Parse *parse, Entry *entry, const json_t *json) {
  const char *dtype = json_string_value(json);
  if (!dtype) return broken(parse, "a dtype that is no string", entry->name);
  for (entry->dtype = DTYPE_F32; entry->dtype <= DTYPE_U64; entry->dtype++)
    if (strcmp(dtype, dtype_names[entry->dtype]) == 0) return 0;
  return broken(parse, "a tensor of unknown dtype", entry->name);
}

static int parse_shape(const Parse *parse, Entry *entry, const json_t *json) {
  static const Faults faults = {"a size that is no number", "a size that is no whole number",
                                "a size below 0"};
  uint64_t size[2] = {1, 1};
  if (!json_is_array(json)) return broken(parse, "a shape that is no list", entry->name);
  entry->rank = json_array_size(json) <= 2 ? (int)json_array_size(json) : 0;
  if (entry->rank == 0)
    return broken(parse, "a tensor that is neither a vector nor a matrix", entry->name);
  for (int i = 0; i < entry->rank; i++)
    if (parse_number(parse, &faults, entry->name, json_array_get(json, (size_t)i), &size[i]) != 0)
      return -1;
  entry->shape[0] = size[0];
  entry->shape[1] = size[1];
  return 0;
}

static int parse_offsets(const Parse *parse, Entry *entry, const json_t *json) {
  static const Faults faults = {"an offset that is no number", "an offset that is no whole number",
                                "an offset below 0"};
  uint64_t bytes;
  if (!json_is_array(json)) return broken(parse, "data_offsets that are no list", entry->name);
  if (json_array_size(json) != 2)
    return broken(parse, "data_offsets that are not two", entry->name);
  if (parse_number(parse, &faults, entry->name, json_array_get(json, 0), &entry->begin) != 0 ||
      parse_number(parse, &faults, entry->name, json_array_get(json, 1), &entry->end) != 0)
    return -1;
  if (entry->end < entry->begin)
    return broken(parse, "data_offsets that run backwards", entry->name);
  if (__builtin_mul_overflow(entry->shape[0], entry->shape[1], &bytes) ||
      __builtin_mul_overflow(bytes, dtype_sizes[entry->dtype], &bytes))
    return broken(parse, "a shape too large for any memory", entry->name);
  if (entry->end - entry->begin != bytes)
    return broken(parse, "data_offsets that do not fit the shape", entry->name);
  return 0;
}

static int parse_entry(const Parse *parse, Entry *entry, const json_t *json) {
  const json_t *dtype = json_object_get(json, "dtype");
  const json_t *shape = json_object_get(json, "shape");
  const json_t *offsets = json_object_get(json, "data_offsets");
  if (!json_is_object(json)) return broken(parse, "a tensor that is no object", entry->name);
  if (!dtype || !shape || !offsets)
    return broken(parse, "a tensor without dtype, shape and data_offsets", entry->name);
  if (json_object_size(json) != 3)
    return broken(parse, "a tensor with more than dtype, shape and data_offsets", entry->name);
  return parse_dtype(parse, entry, dtype) != 0 || parse_shape(parse, entry, shape) != 0 ||
                 parse_offsets(parse, entry, offsets) != 0
             ? -1
             : 0;
}

static int by_begin(const void *a, const void *b) {
  const Entry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end) return x->end < y->end ? -1 : 1; /* an empty one before its neighbour */
  return strcmp(x->name, y->name);
}

static int parse_entries(const Parse *parse) {
  Header *header = parse->header;
  const char *key;
  json_t *value;
  header->entries = alloc_new(json_object_size(header->json), sizeof *header->entries);
  json_object_foreach((json_t *)header->json, key, value) {
    Entry *entry = &header->entries[header->n++];
    entry->name = key;
    if (parse_entry(parse, entry, value) != 0) return -1;
  }
  qsort(header->entries, header->n, sizeof *header->entries, by_begin);
  return 0;
}

/* The data is that of the tensors, one after the other, and nothing else. */
static int check_places(const Parse *parse, uint64_t data_size) {
  uint64_t end = 0;
  for (size_t i = 0; i < parse->header->n; end = parse->header->entries[i++].end) {
    const Entry *entry = &parse->header->entries[i];
    if (entry->begin > end) return broken(parse, "a hole before tensor", entry->name);
    if (entry->begin < end) return broken(parse, "an overlap before tensor", entry->name);
  }
  if (end > data_size) return broken(parse, "the file ends early: it was cut short", "");
  if (end < data_size) return broken(parse, "bytes after the last tensor", "");
  return 0;
}

int header_parse(Header *header, const char *path, const char *text, size_t length,
                 uint64_t data_size, Why *why) {
  const Parse parse = {header, path, why};
  json_error_t error;
  if (measure(&parse, text, length) != 0) return -1;
  header->json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (!header->json) return broken(&parse, json_fault(&error), error.text);
  if (parse_metadata(&parse) != 0 || parse_entries(&parse) != 0) return -1;
  return check_places(&parse, data_size);
}

void header_free(Header *header) {
  json_decref(header->json);
  metadata_free(header->metadata);
  free(header->entries);
}
