/* The products of kernels.h. CMake compiles this file once per CPU level and defines PRODUCTS as
 * the name of the table.
 *
 *   packing           W, or its transpose, becomes panels of PANEL columns
 *   multiply          cuts the sum into runs of DEPTH, and C into panels
 *   multiply_panel    cuts a panel of C into tiles of up to TILE_ROWS rows
 *   multiply_tile     keeps a tile of C in registers while the sum runs down the panel of W, and
 *                     broadcasts the elements of A
 *   sums over tokens  rows that lie anywhere
 *
 * An element does not depend on the place of its tile or the number of rows: it is always the same
 * sum in the same order. Nothing is allocated, and calls share nothing. */
#include "net/kernels.h"
#include "net/kernels_vector.h"

#include <string.h>

/* Sums fill 16 of the 32 registers of AVX-512, 12 of the 16 of AVX2, or 8 of the 16 of SSE. */
#if defined(__AVX512F__)
enum { TILE_ROWS = 8 };
#elif defined(__AVX__)
enum { TILE_ROWS = 6 };
#else
enum { TILE_ROWS = 4 };
#endif

enum {
  PANEL = 2 * VECTOR,
  FEW_ROWS = 2, /* rows to multiply with FEW_PANELS panels at a time */
  FEW_PANELS = 4,
  FOUR_ROWS =
      TILE_ROWS == 8 ? 4 : 0, /* rows to multiply with two panels at a time; 0: too few registers */
  DEPTH = 2048, /* rows of a panel at a time: at most 256 kB, for the second-level cache */
  LINE = 16     /* floats in a cache line */
};
extern const Products PRODUCTS;

/* ---- packing -------------------------------------------------------------------------------- */

static void pack(float *restrict packed, const float *restrict W, int k, int n, int from, int to) {
  for (int j = 0; j < n; j += PANEL, packed += (size_t)k * PANEL) {
    const int some = n - j < PANEL ? n - j : PANEL;
    for (int i = from; i < to; i++) {
      const float *row = W + (size_t)i * (size_t)n + j;
      float *panel = packed + (size_t)i * PANEL;
      if (some == PANEL)
        memcpy(panel, row, PANEL * sizeof(float));
      else
        for (int c = 0; c < PANEL; c++) panel[c] = c < some ? row[c] : 0;
    }
  }
}

static void pack_transposed(float *restrict packed, const float *restrict W, int k, int n, int from,
                            int to) {
  const size_t panel = (size_t)k * PANEL;
  packed += (size_t)from * panel;
  for (int j = from * PANEL; j < to * PANEL; j += PANEL, packed += panel) {
    if (n - j < PANEL) memset(packed, 0, panel * sizeof(float));
    for (int i = 0; i < k; i += LINE) { /* blocks that stay in the cache */
      const int last = i + LINE < k ? i + LINE : k;
      for (int c = 0; c < PANEL && j + c < n; c++)
        for (int r = i; r < last; r++)
          packed[(size_t)r * PANEL + (size_t)c] = W[(size_t)(j + c) * (size_t)k + (size_t)r];
    }
  }
}

/* ---- products ------------------------------------------------------------------------------- */

/* The operands of a tile: a row of A has `row` floats, a row of C `stride`; panels of W are `panel`
 * floats apart. */
typedef struct {
  float *C;
  const float *A, *W;
  size_t stride, row, panel;
  int k;
  bool add;
} Tile;

static inline __attribute__((always_inline)) void multiply_tile(Tile t, const int rows,
                                                                const int panels) {
  Vector sum[TILE_ROWS][2 * FEW_PANELS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < 2 * panels; v++)
      sum[r][v] = t.add ? vector_load(t.C + (size_t)r * t.stride + v * VECTOR) : (Vector){0};
  for (int i = 0; i < t.k; i++, t.W += PANEL, t.A++) {
    Vector w[2 * FEW_PANELS];
    for (int v = 0; v < 2 * panels; v++)
      w[v] = vector_load(t.W + (size_t)(v / 2) * t.panel + v % 2 * VECTOR);
    for (int r = 0; r < rows; r++)
      for (int v = 0; v < 2 * panels; v++) sum[r][v] += t.A[(size_t)r * t.row] * w[v];
  }
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < 2 * panels; v++)
      vector_store(t.C + (size_t)r * t.stride + v * VECTOR, sum[r][v]);
}

/* Calls multiply_tile with the number of rows as a constant. */
static inline __attribute__((always_inline)) void multiply_whole(Tile t, int rows) {
  if (rows == TILE_ROWS)
    multiply_tile(t, TILE_ROWS, 1);
  else if (rows == 4)
    multiply_tile(t, 4, 1);
  else if (rows == 2)
    multiply_tile(t, 2, 1);
  else
    multiply_tile(t, 1, 1);
}

static int tile_rows(int left) {
  if (left >= TILE_ROWS) return TILE_ROWS;
  if (left >= 4) return 4;
  return left >= 2 ? 2 : 1;
}

/* Computes a tile with fewer columns than a panel, by way of a tile with all columns. */
static void multiply_cut(Tile t, int rows, int width) {
  float whole[TILE_ROWS * PANEL] = {0};
  float *C = t.C;
  const size_t stride = t.stride, n = (size_t)width * sizeof(float);
  for (int r = 0; r < rows && t.add; r++) memcpy(whole + r * PANEL, C + (size_t)r * stride, n);
  t.C = whole;
  t.stride = PANEL;
  multiply_whole(t, rows);
  for (int r = 0; r < rows; r++) memcpy(C + (size_t)r * stride, whole + r * PANEL, n);
}

/* Computes a panel of C without its columns from `width` on. */
static inline __attribute__((always_inline)) void multiply_panel(Tile t, int rows, int width) {
  for (int r = 0, some; r < rows; r += some) {
    Tile tile = t;
    some = tile_rows(rows - r);
    tile.A += (size_t)r * t.row;
    tile.C += (size_t)r * t.stride;
    if (width == PANEL)
      multiply_whole(tile, some);
    else
      multiply_cut(tile, some, width);
  }
}

/* Computes one, two or four rows with several panels, because the sums of a single panel would wait
 * for each other. Returns the number of columns done. */
static int multiply_few(Tile t, int rows, int n) {
  const int panels = rows <= FEW_ROWS ? FEW_PANELS : 2;
  int j = 0;
  for (; j + panels * PANEL <= n; j += panels * PANEL) {
    if (rows == 1)
      multiply_tile(t, 1, FEW_PANELS);
    else if (rows == FEW_ROWS)
      multiply_tile(t, FEW_ROWS, FEW_PANELS);
    else
      multiply_tile(t, 4, 2);
    t.W += (size_t)panels * t.panel;
    t.C += panels * PANEL;
  }
  return j;
}

static void multiply(float *restrict C, const float *restrict A, const float *restrict W, int rows,
                     int n, int k, bool add) {
  for (int from = 0; from < k; from += DEPTH) {
    Tile t = {.C = C,
              .A = A + from,
              .W = W + (size_t)from * PANEL,
              .stride = (size_t)n,
              .row = (size_t)k,
              .panel = (size_t)k * PANEL,
              .k = k - from < DEPTH ? k - from : DEPTH,
              .add = add || from > 0};
    int j = rows <= FEW_ROWS || rows == FOUR_ROWS ? multiply_few(t, rows, n) : 0;
    t.W += (size_t)(j / PANEL) * t.panel;
    t.C += j;
    for (; j < n; j += PANEL, t.W += t.panel, t.C += PANEL)
      multiply_panel(t, rows, n - j < PANEL ? n - j : PANEL);
  }
}

/* ---- sums over tokens ----------------------------------------------------------------------- */

/* Sums this many vectors of columns, from column i on. */
static inline __attribute__((always_inline)) void sum_columns(float *restrict sum,
                                                              const float *const *row, int tokens,
                                                              int i, bool add, const int vectors) {
  Vector s[4];
  for (int v = 0; v < vectors; v++) s[v] = add ? vector_load(sum + i + v * VECTOR) : (Vector){0};
  for (int t = 0; t < tokens; t++)
    for (int v = 0; v < vectors; v++) s[v] += vector_load(row[t] + i + v * VECTOR);
  for (int v = 0; v < vectors; v++) vector_store(sum + i + v * VECTOR, s[v]);
}

static void sum_rows(float *restrict sum, const float *const *row, int tokens, int width,
                     bool add) {
  int i = 0;
  for (; i + 4 * VECTOR <= width; i += 4 * VECTOR) sum_columns(sum, row, tokens, i, add, 4);
  for (; i + VECTOR <= width; i += VECTOR) sum_columns(sum, row, tokens, i, add, 1);
  for (; i < width; i++) {
    float s = add ? sum[i] : 0;
    for (int t = 0; t < tokens; t++) s += row[t][i];
    sum[i] = s;
  }
}

static inline __attribute__((always_inline)) Vector sum_four(const float *const *row, int i) {
  return (vector_load(row[0] + i) + vector_load(row[1] + i)) +
         (vector_load(row[2] + i) + vector_load(row[3] + i));
}

static void sum_eight(float *sum, const float *const *row, int width) {
  int i = 0;
  for (; i + VECTOR <= width; i += VECTOR)
    vector_store(sum + i, sum_four(row, i) + sum_four(row + 4, i));
  for (; i < width; i++)
    sum[i] = ((row[0][i] + row[1][i]) + (row[2][i] + row[3][i])) +
             ((row[4][i] + row[5][i]) + (row[6][i] + row[7][i]));
}

static void sum_outer(float *restrict dU, const float *const *dq, const float *const *h, int tokens,
                      int D, bool add) {
  enum { SPAN = 2 * VECTOR };
  int i = 0;
  for (; i + SPAN <= D; i += SPAN) {
    Vector s[4][2];
    for (int r = 0; r < 4; r++)
      for (int v = 0; v < 2; v++)
        s[r][v] = add ? vector_load(dU + r * D + i + v * VECTOR) : (Vector){0};
    for (int t = 0; t < tokens; t++) {
      Vector h0 = vector_load(h[t] + i), h1 = vector_load(h[t] + i + VECTOR);
      for (int r = 0; r < 4; r++) {
        s[r][0] += dq[t][r] * h0;
        s[r][1] += dq[t][r] * h1;
      }
    }
    for (int r = 0; r < 4; r++)
      for (int v = 0; v < 2; v++) vector_store(dU + r * D + i + v * VECTOR, s[r][v]);
  }
  for (int r = 0; r < 4 && !add; r++)
    for (int j = i; j < D; j++) dU[r * D + j] = 0;
  for (int t = 0; t < tokens; t++)
    for (int r = 0; r < 4; r++)
      for (int j = i; j < D; j++) dU[r * D + j] += dq[t][r] * h[t][j];
}

const Products PRODUCTS = {.panel = PANEL,
                           .multiply = multiply,
                           .pack = pack,
                           .pack_transposed = pack_transposed,
                           .sum_rows = sum_rows,
                           .sum_outer = sum_outer,
                           .sum_eight = sum_eight};
