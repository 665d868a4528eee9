/* Each CPU level's loops against double precision, at lengths that are not a multiple of any
 * vector. */
#include "net/kernels.h"
#include "reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { N = 1000 };

static float random_real(float width) { return width * ((float)rand() / (float)RAND_MAX - 0.5f); }

static void fill(float *a, int n, float width) {
  for (int i = 0; i < n; i++) a[i] = random_real(width);
}

#define FOR_EACH_LEVEL(kernels)                                                                    \
  for (const Kernels *kernels, **once = &kernels; once; once = NULL)                               \
    for (int level = 0; level < 3 && (kernels = kernels_level(level)); level++)

static void best_is_the_highest_supported_level(void **state) {
  (void)state;
  static const char *const levels[] = {"baseline", "x86-64-v3", "x86-64-v4"};
  int level = 0;
  while (kernels_level(level + 1)) level++;
  for (int i = 0; i < 3; i++)
    if (i > level)
      print_message("%s: this CPU lacks it, no test runs it\n", levels[i]);
    else
      assert_string_equal(kernels_level(i)->level, levels[i]);
  assert_ptr_equal(kernels_best(), kernels_level(level));
  assert_non_null(kernels_level(0));
}

static void activations_are_exact_to_a_float(void **state) {
  (void)state;
  float h[N], z[N];
  FOR_EACH_LEVEL(kernels) {
    for (int phi = 0; phi < ACTIVATIONS; phi++)
      for (int n = 1; n < N; n = n * 3 + 1) {
        fill(h, n, 120);
        memcpy(z, h, sizeof h);
        kernels->activate(h, (size_t)n, (Activation)phi);
        for (int i = 0; i < n; i++) {
          double right = reference_phi(phi, (double)z[i]);
          assert_true(fabs((double)h[i] - right) < 2e-7);
          if (phi == ACTIVATION_SIGMOID) assert_true(fabs((double)h[i] / right - 1) < 1e-6);
        }
      }
  }
}

static void activations_are_right_for_huge_numbers(void **state) {
  (void)state;
  FOR_EACH_LEVEL(kernels) {
    float h[] = {1e30f, -1e30f, INFINITY, -INFINITY};
    kernels->activate(h, 4, ACTIVATION_SIGMOID);
    assert_true(h[0] == 1 && h[1] >= 0 && h[1] < 1e-37f && h[2] == 1 && h[3] < 1e-37f);
    float t[] = {1e30f, -1e30f, 0, NAN};
    kernels->activate(t, 4, ACTIVATION_TANH);
    assert_true(t[0] == 1 && t[1] == -1 && t[2] == 0);
  }
}

static void derivatives_are_those_of_the_activations(void **state) {
  (void)state;
  float h[N], dz[N], dh[N];
  FOR_EACH_LEVEL(kernels) {
    for (int phi = 0; phi < ACTIVATIONS; phi++) {
      fill(h, N, 8);
      fill(dh, N, 2);
      for (int i = 0; i < N; i++) dz[i] = dh[i];
      double z[N];
      for (int i = 0; i < N; i++) z[i] = (double)h[i];
      kernels->activate(h, N, (Activation)phi);
      kernels->activate_back(dz, h, N, (Activation)phi);
      for (int i = 0; i < N; i++) {
        double right = reference_slope(phi, z[i]);
        assert_true(fabs((double)dz[i] - (double)dh[i] * right) < 1e-6);
      }
    }
  }
}

static void nan_is_not_hidden(void **state) {
  (void)state;
  FOR_EACH_LEVEL(kernels) {
    for (int phi = 0; phi < ACTIVATIONS; phi++) {
      float h[] = {NAN, 0};
      kernels->activate(h, 2, (Activation)phi);
      assert_true(isnan(h[0]) && !isnan(h[1]));
    }
  }
}

static void exp_row_is_a_softmax(void **state) {
  (void)state;
  float q[N], b2[N], max;
  double right[N];
  FOR_EACH_LEVEL(kernels) {
    for (int n = 4; n < N; n *= 3) {
      double largest = -INFINITY, sum = 0;
      fill(q, n, 40);
      fill(b2, n, 4);
      for (int i = 0; i < n; i++) {
        right[i] = (double)(q[i] + b2[i]);
        largest = fmax(largest, right[i]);
      }
      for (int i = 0; i < n; i++) /* the difference is a float's too */
        sum += right[i] = exp((double)(float)(right[i] - largest));
      double got = (double)kernels->exp_row(q, b2, (size_t)n, &max);
      assert_true((double)max == largest);
      assert_true(fabs(got / sum - 1) < 1e-6);
      for (int i = 0; i < n; i++) assert_true(fabs((double)q[i] / right[i] - 1) < 2.4e-7);
    }
  }
}

static void four_logits_are_a_softmax(void **state) {
  (void)state;
  float q[4 * N], before[4 * N];
  int label[N];
  double J[N];
  FOR_EACH_LEVEL(kernels) {
    for (int n = 1; n < N; n = n * 3 + 1)
      for (int width = 1; width < 200; width *= 5) {
        fill(q, 4 * n, (float)width);
        memcpy(before, q, sizeof q);
        for (int i = 0; i < n; i++) label[i] = rand() % 5 - 1;
        kernels->softmax_four(J, q, label, (size_t)n, 0.5f);
        for (int i = 0; i < 4 * n; i++) {
          const float *row = before + i / 4 * 4;
          const int y = label[i / 4];
          double sum = 0, p = exp((double)before[i]);
          for (int j = 0; j < 4; j++) sum += exp((double)row[j]);
          double right = y < 0 ? 0 : 0.5 * (p / sum - (y == i % 4));
          assert_true(fabs((double)q[i] - right) < 1e-6);
          double loss = y < 0 ? 0 : log(sum) - (double)row[y];
          assert_true(fabs(J[i / 4] - loss) < 2e-7 * (1 + fabs(loss)));
        }
      }
    float broken[] = {1, NAN, 2, 3};
    kernels->softmax_four(J, broken, (int[]){0}, 1, 1);
    assert_true(isnan(J[0]) && isnan(broken[0]));
  }
}

static void sums_and_scales_are_right(void **state) {
  (void)state;
  float a[N], b[N], c[N];
  FOR_EACH_LEVEL(kernels) {
    for (int n = 1; n < N; n = n * 2 + 1) {
      double squares = 0;
      fill(a, n, 2);
      fill(b, n, 2);
      for (int i = 0; i < n; i++) {
        squares += (double)a[i] * (double)a[i];
        c[i] = a[i] + b[i];
      }
      assert_true(fabs(kernels->sum_of_squares(a, (size_t)n) / squares - 1) < 1e-12);
      kernels->add(a, b, (size_t)n);
      for (int i = 0; i < n; i++) assert_true(a[i] == c[i]);
      kernels->scale(a, 0.5f, (size_t)n);
      for (int i = 0; i < n; i++) assert_true(a[i] == 0.5f * c[i]);
      kernels->approach(a, b, 0.25f, (size_t)n);
      for (int i = 0; i < n; i++) assert_true(fabsf(a[i] - (0.375f * c[i] + 0.25f * b[i])) < 1e-6f);
    }
  }
}

static void row_products_are_right(void **state) {
  (void)state;
  enum { MOST = 16, MAX_D = 70 };
  float U[MOST * MAX_D], h[MAX_D], dh[MAX_D], q[MOST], dq[MOST];
  FOR_EACH_LEVEL(kernels) {
    for (int rows = 4; rows <= MOST; rows *= 2)
      for (int D = 1; D <= MAX_D; D += 23) {
        fill(U, rows * D, 2);
        fill(h, D, 2);
        fill(dq, rows, 2);
        kernels->dot_rows(q, U, h, rows, D);
        kernels->combine_rows(dh, U, dq, rows, D);
        for (int j = 0; j < rows; j++) {
          double sum = 0;
          for (int i = 0; i < D; i++) sum += (double)U[j * D + i] * (double)h[i];
          assert_true(fabs((double)q[j] - sum) < 1e-5);
        }
        for (int i = 0; i < D; i++) {
          double sum = 0;
          for (int j = 0; j < rows; j++) sum += (double)U[j * D + i] * (double)dq[j];
          assert_true(fabs((double)dh[i] - sum) < 1e-5);
        }
      }
  }
}

static void sums_over_tokens_are_right(void **state) {
  (void)state;
  enum { TOKENS = 9, MAX_D = 150 };
  float h[TOKENS][MAX_D], dq[TOKENS][4], sum[MAX_D], dU[4 * MAX_D];
  const float *rows[TOKENS], *dqs[TOKENS];
  FOR_EACH_LEVEL(kernels) {
    for (int D = 1; D <= MAX_D; D += 7)
      for (int tokens = 0; tokens <= TOKENS; tokens++) {
        const bool add = tokens % 2;
        for (int t = 0; t < TOKENS; t++) {
          fill(h[t], D, 2);
          fill(dq[t], 4, 2);
          rows[t] = h[t];
          dqs[t] = dq[t];
        }
        for (int i = 0; i < 4 * D; i++) {
          sum[i / 4] = 1;
          dU[i] = 1;
        }
        kernels->products->sum_rows(sum, rows, tokens, D, add);
        kernels->products->sum_outer(dU, dqs, rows, tokens, D, add);
        for (int i = 0; i < D; i++) {
          double right = add, rights[4] = {add, add, add, add};
          for (int t = 0; t < tokens; t++) {
            right += (double)h[t][i];
            for (int r = 0; r < 4; r++) rights[r] += (double)dq[t][r] * (double)h[t][i];
          }
          assert_true(fabs((double)sum[i] - right) < 5e-6);
          for (int r = 0; r < 4; r++) assert_true(fabs((double)dU[r * D + i] - rights[r]) < 5e-6);
        }
      }
  }
}

static void eight_rows_are_added_up_as_a_tree(void **state) {
  (void)state;
  enum { MAX_D = 50 };
  float a[8][MAX_D];
  const float *rows[8];
  FOR_EACH_LEVEL(kernels) {
    for (int D = 1; D <= MAX_D; D++) {
      float right[MAX_D];
      for (int i = 0; i < 8; i++) {
        fill(a[i], D, 2);
        rows[i] = a[i];
      }
      for (int i = 0; i < D; i++) {
        const float first = (a[0][i] + a[1][i]) + (a[2][i] + a[3][i]);
        right[i] = first + ((a[4][i] + a[5][i]) + (a[6][i] + a[7][i]));
      }
      kernels->products->sum_eight(a[0], rows, D);
      assert_memory_equal(a[0], right, (size_t)D * sizeof(float));
    }
  }
}

/* A (rows,k) W (k,n) in doubles, element (r,j). */
static double product(const float *A, const float *W, int n, int k, int r, int j) {
  double sum = 0;
  for (int i = 0; i < k; i++) sum += (double)A[r * k + i] * (double)W[i * n + j];
  return sum;
}

enum { ROWS = 19, MAX_N = 530, DEEP = 2100 };

static size_t packed_size(const Products *products, int k, int n) {
  return (size_t)((n + products->panel - 1) / products->panel * products->panel * k);
}

static void products_are_right(void **state) {
  (void)state;
  static float A[ROWS * DEEP], W[DEEP * MAX_N], WT[DEEP * MAX_N], C[ROWS * MAX_N],
      before[ROWS * MAX_N];
  static const int depths[] = {1, 7, 37, 513, DEEP}; /* the last two are cut */
  FOR_EACH_LEVEL(kernels) {
    const Products *p = kernels->products;
    for (int depth = 0; depth < 5; depth++)
      for (int n = 1; n <= (depths[depth] < DEEP ? MAX_N : 150); n += n < 146 ? 29 : 384)
        for (int rows = 1; rows <= ROWS; rows += depth < 3 ? 1 : 6)
          for (int form = 0; form < 4; form++) {
            const int k = depths[depth];
            const bool add = form & 1, transposed = form & 2;
            float *packed = malloc(packed_size(p, k, n) * sizeof *packed);
            fill(A, rows * k, 2);
            fill(W, k * n, 2);
            fill(C, rows * n, 2);
            memcpy(before, C, sizeof C);
            for (int i = 0; i < k * n; i++) WT[i % n * k + i / n] = W[i];
            const int panels = (n + p->panel - 1) / p->panel;
            for (int half = 0; half < 2; half++)
              if (transposed)
                p->pack_transposed(packed, WT, k, n, half * (panels / 2),
                                   half ? panels : panels / 2);
              else
                p->pack(packed, W, k, n, half * (k / 2), half ? k : k / 2);
            p->multiply(C, A, packed, rows, n, k, add);
            for (int i = 0; i < rows * n; i++) {
              double right = product(A, W, n, k, i / n, i % n);
              right += add ? (double)before[i] : 0;
              assert_true(fabs((double)C[i] - right) < 2e-6 * sqrt(k) * (2 + sqrt(k)));
            }
            free(packed);
          }
  }
}

static void a_row_of_a_product_does_not_depend_on_the_others(void **state) {
  (void)state;
  enum { K = 37 };
  static float A[ROWS * K], W[K * MAX_N], C[ROWS * MAX_N], alone[MAX_N];
  FOR_EACH_LEVEL(kernels) {
    const Products *p = kernels->products;
    for (int n = 1; n < 150; n += 7) {
      float *packed = malloc(packed_size(p, K, n) * sizeof *packed);
      for (int rows = 1; rows <= ROWS; rows++) {
        fill(A, rows * K, 2);
        fill(W, K * n, 2);
        p->pack(packed, W, K, n, 0, K);
        p->multiply(C, A, packed, rows, n, K, 0);
        for (int r = 0; r < rows; r++) {
          p->multiply(alone, A + r * K, packed, 1, n, K, 0);
          assert_memory_equal(C + r * n, alone, (size_t)n * sizeof *alone);
        }
      }
      free(packed);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(best_is_the_highest_supported_level),
      cmocka_unit_test(activations_are_exact_to_a_float),
      cmocka_unit_test(activations_are_right_for_huge_numbers),
      cmocka_unit_test(derivatives_are_those_of_the_activations),
      cmocka_unit_test(nan_is_not_hidden),
      cmocka_unit_test(exp_row_is_a_softmax),
      cmocka_unit_test(four_logits_are_a_softmax),
      cmocka_unit_test(sums_and_scales_are_right),
      cmocka_unit_test(row_products_are_right),
      cmocka_unit_test(sums_over_tokens_are_right),
      cmocka_unit_test(eight_rows_are_added_up_as_a_tree),
      cmocka_unit_test(products_are_right),
      cmocka_unit_test(a_row_of_a_product_does_not_depend_on_the_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
