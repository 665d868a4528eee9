#include "model/worksheet.h"

#include "base/alloc.h"
#include "sequence/kmer.h"

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

/* The text of a small file, to be freed; NULL is an error. */
static char *read_text(const char *path, size_t *size, Why *why) {
  FILE *file = fopen(path, "r");
  if (!file) {
    fail_reading(why, errno, "%s: cannot be opened", path);
    return NULL;
  }
  char *text = alloc_new(BYTES_MAX + 1, 1); /* only pages that are written to take memory */
  *size = fread(text, 1, BYTES_MAX + 1, file);
  const int error = ferror(file) ? errno : 0;
  fclose(file);
  if (error)
    fail_reading(why, error, "%s: cannot be read", path);
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
  static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark of UTF-8 */
  const size_t skip = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
  json_t *root = json_loadb(text + skip, size - skip, JSON_REJECT_DUPLICATES, &error);
  free(text);
  if (!root)
    fail(why,
         "%s: line %d: is not JSON: %s; correct it there, or give a trained network as MODEL, "
         "without --weights",
         path, error.line, error.text);
  else if (!json_is_object(root))
    fail(why, "%s: is not a JSON object; it must be {\"L\": [[...], ...], \"H\": ...}", path);
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
                  "%s: has '%.99s', which is not a weight; the weights are L, H, I, b1, U, b2, "
                  "with stride, activation, softmax",
                  sheet->path, name);
  }
  return 0;
}

/* ---- matrices ------------------------------------------------------------------------------- */

/* A size of the network, 0 until a matrix sets it, and its letter in the equations. */
typedef struct {
  char letter;
  int size, most;
} Size;

/* Sets the size to n, or checks that it is n. */
static int check_size(const Sheet *sheet, const char *name, const char *what, size_t n,
                      Size *size) {
  if (size->size == 0 && n <= (size_t)size->most) size->size = (int)n;
  if (size->size == (int)n) return 0;
  if (size->size == 0)
    return fail(sheet->why, "%s: %s has %zu %s; it can have %d", sheet->path, name, n, what,
                size->most);
  return fail(sheet->why, "%s: %s has %zu %s; it must have %c = %d", sheet->path, name, n, what,
              size->letter, size->size);
}

/* Checks row i of a matrix, or with i = -1 a vector. */
static int check_row(const Sheet *sheet, const char *name, int i, const json_t *row,
                     Size *columns) {
  const size_t n = json_array_size(row);
  char place[32] = "";
  if (i >= 0) snprintf(place, sizeof place, ", row %d", i + 1);
  if (n == 0)
    return fail(sheet->why, "%s: %s%s, is not a list of numbers; correct it", sheet->path, name,
                place);
  if (i > 0 && n != (size_t)columns->size)
    return fail(sheet->why,
                "%s: %s has rows of different lengths, %d in row 1 and %zu in row %d; all need the "
                "same, %c",
                sheet->path, name, columns->size, n, i + 1, columns->letter);
  if (check_size(sheet, name, i < 0 ? "numbers" : "numbers in a row", n, columns) != 0) return -1;
  for (size_t j = 0; j < n; j++) {
    const json_t *number = json_array_get(row, j);
    if (!json_is_number(number) || !isfinite((float)json_number_value(number)))
      return fail(sheet->why, "%s: %s%s, number %zu, is not a number in float32; correct it",
                  sheet->path, name, place, j + 1);
  }
  return 0;
}

/* Checks a matrix, or if rows is NULL a vector, and sets sizes that are still 0. */
static int check_matrix(const Sheet *sheet, const char *name, Size *rows, Size *columns) {
  const json_t *matrix = json_object_get(sheet->root, name);
  const size_t n = json_array_size(matrix);
  if (!matrix) return fail(sheet->why, "%s: has no %s; add it", sheet->path, name);
  if (!rows) return check_row(sheet, name, -1, matrix, columns);
  if (n == 0)
    return fail(sheet->why, "%s: %s is not a list of rows; it must be [[...], ...]", sheet->path,
                name);
  if (rows != columns && check_size(sheet, name, "rows", n, rows) != 0) return -1;
  for (size_t i = 0; i < n; i++)
    if (check_row(sheet, name, (int)i, json_array_get(matrix, i), columns) != 0) return -1;
  return check_size(sheet, name, "rows", n, rows);
}

/* Copies a matrix, with entry (i,j) to index i * down + j * right, or a vector. */
static void copy(float *to, const Sheet *sheet, const char *name, int down, int right) {
  const json_t *matrix = json_object_get(sheet->root, name), *value, *number;
  size_t i, j;
  json_array_foreach(matrix, i, value) {
    float *row = to + i * (size_t)down;
    if (json_is_number(value)) *row = (float)json_number_value(value);
    json_array_foreach(value, j, number) row[j * (size_t)right] = (float)json_number_value(number);
  }
}

static void copy_all(const Sheet *sheet, const Weights *w, const Shape *shape) {
  copy(w->L, sheet, "L", shape->d, 1);
  copy(w->H, sheet, "H", shape->D, 1);
  copy(w->I, sheet, "I", shape->D, 1);
  copy(w->b1, sheet, "b1", 1, 0);
  copy(w->U, sheet, "U", 1, shape->D); /* (V,D) in memory */
  copy(w->b2, sheet, "b2", 1, 0);
}

/* ---- the shape ------------------------------------------------------------------------------ */

static int read_word(const Sheet *sheet, const char *name, const char *const *words, int n,
                     int *word) {
  const json_t *value = json_object_get(sheet->root, name);
  const char *text = json_string_value(value);
  char known[64] = "";
  *word = 0;
  if (!value) return 0;
  for (; *word < n; ++*word) {
    if (text && strcmp(text, words[*word]) == 0) return 0;
    strcat(strcat(known, *known ? "|" : ""), words[*word]);
  }
  return fail(sheet->why, "%s: %s must be one of %s; correct it", sheet->path, name, known);
}

static int read_shape(const Sheet *sheet, Shape *shape) {
  const json_t *stride = json_object_get(sheet->root, "stride");
  Size V = {'V', 0, V_MAX}, d = {'d', 0, WIDTH_MAX}, D = {'D', 0, WIDTH_MAX};
  int k = 1, activation, softmax;
  if (check_matrix(sheet, "L", &V, &d) != 0 || check_matrix(sheet, "H", &D, &D) != 0 ||
      check_matrix(sheet, "I", &d, &D) != 0 || check_matrix(sheet, "b1", NULL, &D) != 0 ||
      check_matrix(sheet, "U", &D, &V) != 0 || check_matrix(sheet, "b2", NULL, &V) != 0 ||
      read_word(sheet, "activation", activation_names, ACTIVATIONS, &activation) != 0 ||
      read_word(sheet, "softmax", softmax_names, SOFTMAXES, &softmax) != 0)
    return -1;
  while (kmer_count(k) < V.size) k++;
  if (V.size != kmer_count(k))
    return fail(sheet->why,
                "%s: L has %d rows; it must have one for each k-mer: 4, 16, 64, ... or %d",
                sheet->path, V.size, V_MAX);
  const json_int_t s = stride ? json_integer_value(stride) : 1;
  if (s < 1 || s > k)
    return fail(sheet->why,
                "%s: stride must be a whole number from 1 to k, which is %d; correct it",
                sheet->path, k);
  *shape = shape_new(k, (int)s, d.size, D.size, (Activation)activation, (Softmax)softmax);
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
