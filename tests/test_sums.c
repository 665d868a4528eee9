/* Several ranks compute the same bytes as one. The ranks are threads: the functions of base/ranks.h
 * below replace those of the library. */
#include "base/ranks.h"
#include "net/bptt.h"
#include "net/matrix.h"
#include "sequence/kmer.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { RANKS = 8, T = 5, WINDOWS = 2 };

static int levels;
static _Thread_local int mine;
static pthread_barrier_t everybody;
static struct {
  const void *sum;
  size_t size;
} offered[RANKS];

int __wrap_ranks_count(void);
int __wrap_ranks_mine(void);
int __wrap_ranks_levels(void);
void __wrap_ranks_share(int n, int *first, int *last);
void __wrap_ranks_swap(int level, const void *sum, size_t size, void *other, size_t other_size);
void __wrap_ranks_add(float *a, size_t n);
void __wrap_ranks_add_doubles(double *a, size_t n);

int __wrap_ranks_count(void) { return 1 << levels; }
int __wrap_ranks_mine(void) { return mine; }
int __wrap_ranks_levels(void) { return levels; }

void __wrap_ranks_share(int n, int *first, int *last) {
  *first = 0;
  *last = n;
  for (int level = levels; level-- > 0;) {
    const int middle = ranks_middle(*first, *last);
    if (mine >> level & 1)
      *first = middle;
    else
      *last = middle;
  }
}

void __wrap_ranks_swap(int level, const void *sum, size_t size, void *other, size_t other_size) {
  const int partner = mine ^ 1 << level;
  offered[mine].sum = sum;
  offered[mine].size = size;
  pthread_barrier_wait(&everybody);
  assert_int_equal(offered[partner].size, other_size); /* both know which rows are sent */
  memcpy(other, offered[partner].sum, other_size);
  pthread_barrier_wait(&everybody);
}

void __wrap_ranks_add(float *a, size_t n) {
  float *other = malloc(n * sizeof *a);
  for (int level = 0; level < levels; level++) {
    __wrap_ranks_swap(level, a, n * sizeof *a, other, n * sizeof *a);
    for (size_t i = 0; i < n; i++) a[i] += other[i];
  }
  free(other);
}

void __wrap_ranks_add_doubles(double *a, size_t n) {
  double *other = malloc(n * sizeof *a);
  for (int level = 0; level < levels; level++) {
    __wrap_ranks_swap(level, a, n * sizeof *a, other, n * sizeof *a);
    for (size_t i = 0; i < n; i++) a[i] += other[i];
  }
  free(other);
}

/* ---- a network ------------------------------------------------------------------------------ */

typedef struct {
  Shape shape;
  int B;
  Weights *w;
  Window *window[WINDOWS];
} Case;

/* A rank, and its results for each window. */
typedef struct {
  const Case *c;
  int mine;
  Gradient *gradient[WINDOWS];
  double loss[WINDOWS];
} Rank;

static Case case_new(int k, int s, bool full, int B) {
  Case c = {.B = B};
  c.shape = shape_new(k, s, 3, 300, ACTIVATION_TANH, full ? SOFTMAX_FULL : SOFTMAX_FOLLOWERS);
  c.w = weights_new(&c.shape);
  weights_init(c.w, &c.shape, 5);
  for (int i = 0; i < WINDOWS; i++) {
    Window *window = c.window[i] = window_new(T, B);
    for (int j = 0; j < T * B; j++) {
      const int follower = rand() % kmer_count(s);
      window->x[j] = rand() % 9 == 0 ? -1 : rand() % c.shape.V;
      if (rand() % 2) window->x[j] %= 5; /* again and again */
      window->y[j] = window->x[j] < 0 ? -1 : kmer_followers(window->x[j], k, s) + follower;
      window->restart[j] = (i == 0 && j < B) || rand() % 9 == 0;
      window->tokens += window->y[j] >= 0;
    }
  }
  return c;
}

static void case_free(Case *c) {
  for (int i = 0; i < WINDOWS; i++) window_free(c->window[i]);
  weights_free(c->w);
}

static void *run_rank(void *context) {
  Rank *rank = context;
  const Case *c = rank->c;
  mine = rank->mine;
  Bptt *bptt = bptt_new(&c->shape, T, c->B, 1, kernels_best());
  for (int i = 0; i < WINDOWS; i++) {
    rank->gradient[i] = gradient_new(&c->shape, T * c->B);
    rank->loss[i] = bptt_run(bptt, rank->gradient[i], c->w, c->window[i], NULL)->loss;
  }
  bptt_free(bptt);
  return NULL;
}

static void run_ranks(const Case *c, int of_levels, Rank *ranks) {
  pthread_t thread[RANKS];
  levels = of_levels;
  pthread_barrier_init(&everybody, NULL, 1u << levels);
  for (int i = 0; i < 1 << levels; i++) {
    ranks[i] = (Rank){.c = c, .mine = i};
    assert_int_equal(pthread_create(&thread[i], NULL, run_rank, &ranks[i]), 0);
  }
  for (int i = 0; i < 1 << levels; i++) pthread_join(thread[i], NULL);
  pthread_barrier_destroy(&everybody);
}

static void compare(const Rank *rank, const Rank *alone) {
  for (int i = 0; i < WINDOWS; i++) {
    const Weights *dw = rank->gradient[i]->dw, *right = alone->gradient[i]->dw;
    assert_true(rank->loss[i] == alone->loss[i]);
    for (size_t j = 0; j < dw->size; j++) assert_true(dw->L[j] == right->L[j]);
  }
}

static void rank_free(Rank *rank) {
  for (int i = 0; i < WINDOWS; i++) gradient_free(rank->gradient[i]);
}

static void check_lanes(int k, int s, bool full, int B, int blocks) {
  Case c = case_new(k, s, full, B);
  Rank alone, ranks[RANKS];
  run_ranks(&c, 0, &alone);
  double squares = 0;
  for (size_t i = 0; i < alone.gradient[1]->dw->size; i++)
    squares += pow((double)alone.gradient[1]->dw->L[i], 2);
  assert_true(squares > 0);
  for (int level = 1; 1 << level <= RANKS && 1 << level <= blocks; level++) {
    run_ranks(&c, level, ranks);
    for (int i = 0; i < 1 << level; i++) {
      compare(&ranks[i], &alone);
      rank_free(&ranks[i]);
    }
  }
  rank_free(&alone);
  case_free(&c);
}

/* Up to nine blocks, and more than four times eight blocks, with a complete or incomplete last one;
 * shapes in which the gradient has all rows of L and U, some rows, or G. */
static void ranks_do_not_change_a_bit(void **state) {
  (void)state;
  srand(1);
  for (int blocks = 1; blocks <= 37; blocks += blocks < 9 ? 1 : 14)
    for (int missing = 0; missing < 4; missing += 3) {
      const int B = 4 * blocks - missing;
      check_lanes(1, 1, false, B, blocks);
      check_lanes(2, 1, false, B, blocks);
      check_lanes(3, 1, false, B, blocks);
      check_lanes(5, 1, false, B, blocks);
      check_lanes(5, 2, false, B, blocks);
      check_lanes(3, 1, true, B, blocks);
    }
}

static int start(void **state) {
  Why why;
  (void)state;
  return matrix_start(RANKS, &why);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(ranks_do_not_change_a_bit)};
  return cmocka_run_group_tests(tests, start, NULL);
}
