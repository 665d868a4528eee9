#include "worksheet.h"

#include "alloc.h"
#include "kmer.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 1 << 24, V_MAX = 4096 /* 4^6 */, WIDTH_MAX = 4096 };

typedef struct {
  const char *path;
  json_t *root;
  Why *why;
} Sheet;

/* ---- JSON ----------------------------------------------------------------------------------- */

/* The text of a small file, to be freed; NULL: there is none. */
static char *read_text(const char *path, size_t *size, Why *why) {
  FILE *file = fopen(path, "r");
  if (!file) return fail(why, "%s: cannot be opened: %s", path, strerror(errno)), NULL;
  char *text = NULL;
  size_t room = 0;
  *size = 0;
  do {
    text = alloc_resize(text, room += room / 2 + (1 << 16), 1);
    *size += fread(text + *size, 1, room - *size, file);
  } while (*size == room && room <= BYTES_MAX);
  const int error = ferror(file) ? errno : 0;
  fclose(file);
  if (error)
    fail(why, "%s: cannot be read: %s", path, strerror(error));
  else if (*size <= BYTES_MAX)
    return text;
  else
    fail(why, "%s: is over 16 MB, too much for --weights; give the model itself", path);
  free(text);
  return NULL;
}

static json_t *parse(const char *path, Why *why) {
  json_error_t error;
  size_t size;
  char *text = read_text(path, &size, why);
  if (!text) return NULL;
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  free(text);
  if (!root)
    fail(why, "%s: line %d: is no JSON: %s; mend it there", path, error.line, error.text);
  else if (!json_is_object(root))
    fail(why, "%s: is no JSON object; it must be {\"L\": [[...], ...], \"H\": ...}", path);
  else
    return root;
  json_decref(root);
  return NULL;
}

static int check_names(const Sheet *sheet) {
  static const char *const known[] = {"L",  "H",      "I",          "b1",     "U",
                                      "b2", "stride", "activation", "softmax"};
  const char *name;
  json_t *value;
  json_object_foreach(sheet->root, name, value) {
    size_t i = 0;
    while (i < sizeof known / sizeof *known && strcmp(name, known[i]) != 0) i++;
    if (i == sizeof known / sizeof *known)
      return fail(sheet->why,
                  "%s: has '%.99s', which is no weight; there are L, H, I, b1, U, b2, and "
                  "stride, activation, softmax",
                  sheet->path, name);
  }
  return 0;
}

/* ---- matrices ------------------------------------------------------------------------------- */

static int check_numbers(const Sheet *sheet, const char *name, const json_t *row, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const json_t *number = json_array_get(row, i);
    if (!json_is_number(number) || !isfinite((float)json_number_value(number)))
      return fail(sheet->why, "%s: %s has something that is no number of float32; mend it",
                  sheet->path, name);
  }
  return 0;
}

/* Whether `name` is a row of so many numbers, or where rows is not 0 as many rows of those; sizes
 * that are 0 are set to what they are. */
static int check_matrix(const Sheet *sheet, const char *name, int *rows, int *columns) {
  const json_t *matrix = json_object_get(sheet->root, name);
  const size_t n = rows ? json_array_size(matrix) : 1;
  if (!matrix) return fail(sheet->why, "%s: has no %s; add it", sheet->path, name);
  if (rows && *rows == 0) *rows = n < (size_t)V_MAX ? (int)n : V_MAX;
  for (size_t i = 0; i < n && (!rows || (int)n == *rows); i++) {
    const json_t *row = rows ? json_array_get(matrix, i) : matrix;
    const size_t size = json_array_size(row);
    if (*columns == 0 && size <= WIDTH_MAX) *columns = (int)size;
    if (size == 0 || size != (size_t)*columns)
      return fail(sheet->why, "%s: %s has %zu numbers in a row; it must have %d", sheet->path, name,
                  size, *columns > 0 ? *columns : WIDTH_MAX);
    if (check_numbers(sheet, name, row, size) != 0) return -1;
  }
  if (rows && (n == 0 || (int)n != *rows))
    return fail(sheet->why, "%s: %s has %zu rows; it must have %d", sheet->path, name, n, *rows);
  return 0;
}

/* Copies a matrix or a row of numbers. */
static void copy(float *to, const Sheet *sheet, const char *name) {
  const json_t *matrix = json_object_get(sheet->root, name), *value, *number;
  size_t i, j;
  json_array_foreach(matrix, i, value) {
    if (json_is_number(value)) *to++ = (float)json_number_value(value);
    json_array_foreach(value, j, number) *to++ = (float)json_number_value(number);
  }
}

static void copy_all(const Sheet *sheet, const Weights *w, const Shape *shape) {
  const size_t V = (size_t)shape->V, D = (size_t)shape->D;
  float *U = alloc_floats(D * V);
  copy(w->L, sheet, "L"), copy(w->H, sheet, "H"), copy(w->I, sheet, "I");
  copy(w->b1, sheet, "b1"), copy(U, sheet, "U"), copy(w->b2, sheet, "b2");
  for (size_t i = 0; i < D; i++)
    for (size_t v = 0; v < V; v++) w->U[v * D + i] = U[i * V + v];
  free(U);
}

/* ---- the shape ------------------------------------------------------------------------------ */

static int read_word(const Sheet *sheet, const char *name, const char *const *words, int n,
                     int *word) {
  const json_t *value = json_object_get(sheet->root, name);
  const char *text = json_string_value(value);
  *word = 0;
  if (!value) return 0;
  while (*word < n && !(text && strcmp(text, words[*word]) == 0)) ++*word;
  return *word < n ? 0
                   : fail(sheet->why, "%s: %s must be one of %s; mend it", sheet->path, name,
                          words == softmax_names ? "followers|full" : "sigmoid|tanh|relu");
}

static int read_shape(const Sheet *sheet, Shape *shape) {
  const json_t *stride = json_object_get(sheet->root, "stride");
  int V = 0, d = 0, D = 0, k = 1, activation, softmax;
  if (check_matrix(sheet, "L", &V, &d) != 0 || check_matrix(sheet, "b1", NULL, &D) != 0 ||
      check_matrix(sheet, "H", &D, &D) != 0 || check_matrix(sheet, "I", &d, &D) != 0 ||
      check_matrix(sheet, "U", &D, &V) != 0 || check_matrix(sheet, "b2", NULL, &V) != 0 ||
      read_word(sheet, "activation", activation_names, ACTIVATIONS, &activation) != 0 ||
      read_word(sheet, "softmax", softmax_names, SOFTMAXES, &softmax) != 0)
    return -1;
  while (kmer_count(k) < V) k++;
  if (V != kmer_count(k))
    return fail(sheet->why, "%s: L has %d rows; it must have one for each k-mer: 4, 16, 64, ...",
                sheet->path, V);
  const json_int_t s = stride ? json_integer_value(stride) : 1;
  if (s < 1 || s > k)
    return fail(sheet->why, "%s: stride must be a whole number from 1 to k; mend it: k is %d",
                sheet->path, k);
  *shape = shape_new(k, (int)s, d, D, (Activation)activation, (Softmax)softmax);
  return 0;
}

int worksheet_read(Model *model, const char *path, Why *why) {
  Sheet sheet = {path, parse(path, why), why};
  if (!sheet.root) return -1;
  const int rc = check_names(&sheet) == 0 && read_shape(&sheet, &model->shape) == 0 ? 0 : -1;
  if (rc == 0) {
    model->weights = weights_new(&model->shape);
    model->about = metadata_new();
    copy_all(&sheet, model->weights, &model->shape);
  }
  json_decref(sheet.root);
  return rc;
}
