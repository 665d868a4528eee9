#include "report/pca.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000 };
static const double ENOUGH = 1e-12; /* the square of how far a direction still turns */

/* The rows, centred. */
typedef struct {
  double *a; /* (rows,columns) */
  size_t rows, columns;
} Rows;

static Rows rows_new(const float *matrix, const size_t *index, size_t rows, size_t columns) {
  Rows r = {alloc_new(rows * columns, sizeof(double)), rows, columns};
  for (size_t j = 0; j < columns; j++) {
    double mean = 0;
    for (size_t i = 0; i < rows; i++) mean += (double)matrix[index[i] * columns + j] / (double)rows;
    for (size_t i = 0; i < rows; i++)
      r.a[i * columns + j] = (double)matrix[index[i] * columns + j] - mean;
  }
  return r;
}

static double dot(const double *a, const double *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* Scales v to length 1 unless it is 0, and returns its length before. */
static double normalise(double *v, size_t n) {
  const double length = sqrt(dot(v, v, n));
  for (size_t i = 0; i < n && length > 0; i++) v[i] /= length;
  return length;
}

/* v <- A^T A v, with u = A v */
static void multiply(const Rows *r, double *u, double *v) {
  for (size_t i = 0; i < r->rows; i++) u[i] = dot(r->a + i * r->columns, v, r->columns);
  memset(v, 0, r->columns * sizeof *v);
  for (size_t i = 0; i < r->rows; i++)
    for (size_t j = 0; j < r->columns; j++) v[j] += u[i] * r->a[i * r->columns + j];
}

/* The direction of most variance among those at right angles to `other`, which may be NULL; u
 * becomes the coordinates along it. */
static double *find_direction(const Rows *r, double *u, const double *other) {
  const size_t n = r->columns;
  double *v = alloc_new(n, sizeof *v), *before = alloc_new(n, sizeof *before), turn = 1;
  for (size_t j = 0; j < n; j++) v[j] = 1 + (double)(j % 7) / 7; /* anything but such a direction */
  for (int round = 0; round < ROUNDS && turn > ENOUGH; round++) {
    memcpy(before, v, n * sizeof *v);
    multiply(r, u, v);
    const double along = other ? dot(v, other, n) : 0;
    for (size_t j = 0; j < n && other; j++) v[j] -= along * other[j];
    if (normalise(v, n) == 0) break;
    turn = 0;
    for (size_t j = 0; j < n; j++) turn += (v[j] - before[j]) * (v[j] - before[j]);
  }
  for (size_t i = 0; i < r->rows; i++) u[i] = dot(r->a + i * n, v, n);
  free(before);
  return v;
}

static void turn_positive(double *u, size_t n) {
  size_t largest = 0;
  for (size_t i = 1; i < n; i++)
    if (fabs(u[i]) > fabs(u[largest])) largest = i;
  if (u[largest] >= 0) return;
  for (size_t i = 0; i < n; i++) u[i] = -u[i];
}

Pca pca_new(const float *matrix, const size_t *index, size_t rows, int columns) {
  Rows r = rows_new(matrix, index, rows, (size_t)columns);
  Pca pca = {.x = alloc_new(rows, sizeof(double)), .y = alloc_new(rows, sizeof(double))};
  const double all = dot(r.a, r.a, rows * r.columns);
  double *first = find_direction(&r, pca.x, NULL), *second = find_direction(&r, pca.y, first);
  if (all > 0) pca.part[0] = dot(pca.x, pca.x, rows) / all;
  if (all > 0) pca.part[1] = dot(pca.y, pca.y, rows) / all;
  turn_positive(pca.x, rows);
  turn_positive(pca.y, rows);
  free(first);
  free(second);
  free(r.a);
  return pca;
}

void pca_free(Pca *pca) {
  free(pca->x);
  free(pca->y);
}
