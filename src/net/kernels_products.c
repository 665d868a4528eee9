/* The products of kernels.h. CMake compiles this file once a CPU level, with PRODUCTS naming the
 * table that it fills.
 *
 * A tile of C, some rows by one panel of W, stays in registers while the sum over k runs down the
 * panel; elements of A are broadcast. Neither where a tile lies nor how many rows it has changes an
 * element: each is the same sum in the same order. */
#include "net/kernels.h"
#include "net/kernels_vector.h"

#include <string.h>

enum {
  /* 12 of AVX2's 16 registers hold sums, or 16 of AVX-512's 32, or 8 of SSE's 16 */
  TILE_ROWS = VECTOR == 16  ? 8
              : VECTOR == 8 ? 6
                            : 4,
  PANEL = 2 * VECTOR,
  FEW_ROWS = 2, /* so many are multiplied with FEW_PANELS panels at a time */
  FEW_PANELS = 4,
  DEPTH = 2048, /* rows of a panel at a time: 256 kB at most, for the second-level cache */
  LINE = 16,    /* floats of a cache line */
  GROUP = 16 * TILE_ROWS, /* columns of A that multiply_ta packs at a time */
  BLOCK_ROWS = 256,       /* rows of them, and of W */
  BLOCK_COLUMNS = 256     /* columns of W */
};
extern const Products PRODUCTS;

/* What a tile is the product of: A's element (i,j) is A[i * row + j * column]; W's panels are
 * `panel` floats apart; C has `stride` floats a row. */
typedef struct {
  float *C;
  const float *A, *W;
  size_t stride, row, column, panel;
  int k, add;
} Tile;

static inline __attribute__((always_inline)) void multiply_tile(Tile t, const int rows,
                                                                const int panels) {
  Vector sum[TILE_ROWS][2 * FEW_PANELS];
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < 2 * panels; v++)
      sum[r][v] = t.add ? vector_load(t.C + (size_t)r * t.stride + v * VECTOR) : (Vector){0};
  for (int i = 0; i < t.k; i++, t.W += PANEL, t.A += t.column) {
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

/* With the numbers of rows that a tile can have as constants. */
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
  return left >= TILE_ROWS ? TILE_ROWS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/* A tile of fewer columns than a panel has, by way of one that has them all. */
static void multiply_cut(Tile t, int rows, int width) {
  float whole[TILE_ROWS * PANEL] = {0}, *C = t.C;
  const size_t stride = t.stride, n = (size_t)width * sizeof(float);
  for (int r = 0; r < rows && t.add; r++) memcpy(whole + r * PANEL, C + (size_t)r * stride, n);
  t.C = whole;
  t.stride = PANEL;
  multiply_whole(t, rows);
  for (int r = 0; r < rows; r++) memcpy(C + (size_t)r * stride, whole + r * PANEL, n);
}

/* C <- A W, or C + A W, for rows of C that are all next to each other. */
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

/* A row or two: the sums of a single panel would wait for each other. */
static int multiply_few(Tile t, int rows, int n) {
  int j = 0;
  for (; j + FEW_PANELS * PANEL <= n; j += FEW_PANELS * PANEL) {
    if (rows == 1)
      multiply_tile(t, 1, FEW_PANELS);
    else
      multiply_tile(t, FEW_ROWS, FEW_PANELS);
    t.W += FEW_PANELS * t.panel;
    t.C += FEW_PANELS * PANEL;
  }
  return j;
}

static void multiply(float *restrict C, const float *restrict A, const float *restrict W, int rows,
                     int n, int k, int add) {
  for (int from = 0; from < k; from += DEPTH) {
    Tile t = {.C = C,
              .A = A + from,
              .W = W + (size_t)from * PANEL,
              .stride = (size_t)n,
              .row = (size_t)k,
              .column = 1,
              .panel = (size_t)k * PANEL,
              .k = k - from < DEPTH ? k - from : DEPTH,
              .add = add || from > 0};
    int j = rows <= FEW_ROWS ? multiply_few(t, rows, n) : 0;
    t.W += (size_t)(j / PANEL) * t.panel;
    t.C += j;
    for (; j < n; j += PANEL, t.W += t.panel, t.C += PANEL)
      multiply_panel(t, rows, n - j < PANEL ? n - j : PANEL);
  }
}

/* Packs rows of W (k,n), `width` of their columns. */
static void pack_columns(float *restrict packed, const float *restrict W, int k, int width, int n) {
  for (int j = 0; j < width; j += PANEL) {
    const int some = width - j < PANEL ? width - j : PANEL;
    const float *from = W + j;
    for (int i = 0; i < k && some == PANEL; i++, packed += PANEL, from += n)
      memcpy(packed, from, PANEL * sizeof(float));
    for (int i = 0; i < k && some < PANEL; i++, from += n)
      for (int c = 0; c < PANEL; c++) *packed++ = c < some ? from[c] : 0;
  }
}

static void pack(float *restrict packed, const float *restrict W, int k, int n) {
  pack_columns(packed, W, k, n, n);
}

/* Packs columns of A (k,m), `depth` rows of them, TILE_ROWS at a time: (depth,TILE_ROWS) each. */
static void pack_group(float *restrict group, const float *restrict A, int columns, int depth,
                       int m) {
  for (int c = 0; c < columns; c += TILE_ROWS) {
    const int some = columns - c < TILE_ROWS ? columns - c : TILE_ROWS;
    const float *from = A + c;
    for (int i = 0; i < depth && some == TILE_ROWS; i++, group += TILE_ROWS, from += m)
      memcpy(group, from, TILE_ROWS * sizeof(float));
    for (int i = 0; i < depth && some < TILE_ROWS; i++, group += TILE_ROWS, from += m)
      memcpy(group, from, (size_t)some * sizeof(float));
  }
}

/* C (columns,width) += group^T W, both packed; C has n floats a row. */
static void multiply_group(float *C, const float *group, const float *W, int columns, int width,
                           int n, int depth, int add) {
  for (int j = 0; j < width; j += PANEL)
    for (int c = 0; c < columns; c += TILE_ROWS) {
      Tile t = {.C = C + (size_t)c * (size_t)n + j,
                .A = group + c * depth,
                .W = W + j * depth,
                .stride = (size_t)n,
                .row = 1,
                .column = TILE_ROWS,
                .k = depth,
                .add = add};
      multiply_panel(t, columns - c < TILE_ROWS ? columns - c : TILE_ROWS,
                     width - j < PANEL ? width - j : PANEL);
    }
}

/* A block of W at a time, by groups of columns of A. */
static void multiply_ta(float *restrict C, const float *restrict A, const float *restrict W, int m,
                        int n, int k, int add) {
  float group[GROUP * BLOCK_ROWS], block[BLOCK_ROWS * BLOCK_COLUMNS];
  for (int from = 0; from < k; from += BLOCK_ROWS)
    for (int j = 0; j < n; j += BLOCK_COLUMNS) {
      const int depth = k - from < BLOCK_ROWS ? k - from : BLOCK_ROWS;
      const int width = n - j < BLOCK_COLUMNS ? n - j : BLOCK_COLUMNS;
      pack_columns(block, W + (size_t)from * (size_t)n + j, depth, width, n);
      for (int i = 0; i < m; i += GROUP) {
        const int columns = m - i < GROUP ? m - i : GROUP;
        pack_group(group, A + (size_t)from * (size_t)m + i, columns, depth, m);
        multiply_group(C + (size_t)i * (size_t)n + j, group, block, columns, width, n, depth,
                       add || from > 0);
      }
    }
}

static void pack_transposed(float *restrict packed, const float *restrict W, int k, int n) {
  if (n % PANEL > 0)
    memset(packed + (size_t)(n / PANEL) * (size_t)k * PANEL, 0, (size_t)k * PANEL * sizeof(float));
  for (int j = 0; j < n; j += PANEL, packed += (size_t)k * PANEL)
    for (int i = 0; i < k; i += LINE) { /* so that what is read and written stays in the cache */
      const int last = i + LINE < k ? i + LINE : k;
      for (int c = 0; c < PANEL && j + c < n; c++)
        for (int r = i; r < last; r++)
          packed[(size_t)r * PANEL + (size_t)c] = W[(size_t)(j + c) * (size_t)k + (size_t)r];
    }
}

/* ---- sums over tokens ----------------------------------------------------------------------- */

static void sum_rows(float *restrict sum, const float *const *row, int tokens, int width) {
  enum { SPAN = 4 * VECTOR };
  int i = 0;
  for (; i + SPAN <= width; i += SPAN) {
    Vector s[4];
    for (int v = 0; v < 4; v++) s[v] = vector_load(sum + i + v * VECTOR);
    for (int t = 0; t < tokens; t++)
      for (int v = 0; v < 4; v++) s[v] += vector_load(row[t] + i + v * VECTOR);
    for (int v = 0; v < 4; v++) vector_store(sum + i + v * VECTOR, s[v]);
  }
  for (int t = 0; t < tokens; t++)
    for (int j = i; j < width; j++) sum[j] += row[t][j];
}

static void sum_outer(float *restrict dU, const float *const *dq, const float *const *h, int tokens,
                      int D) {
  enum { SPAN = 2 * VECTOR };
  int i = 0;
  for (; i + SPAN <= D; i += SPAN) {
    Vector s[4][2];
    for (int r = 0; r < 4; r++)
      for (int v = 0; v < 2; v++) s[r][v] = vector_load(dU + r * D + i + v * VECTOR);
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
  for (int t = 0; t < tokens; t++)
    for (int r = 0; r < 4; r++)
      for (int j = i; j < D; j++) dU[r * D + j] += dq[t][r] * h[t][j];
}

const Products PRODUCTS = {.panel = PANEL,
                           .multiply = multiply,
                           .multiply_ta = multiply_ta,
                           .pack = pack,
                           .pack_transposed = pack_transposed,
                           .sum_rows = sum_rows,
                           .sum_outer = sum_outer};
