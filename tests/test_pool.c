/* Pools against plain loops over strings, and the limits of their work. */
#include "memory/pool.h"

#include "scratch.h"

#include "sequence/kmer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static int code(char letter) { return (int)(strchr("ACGT", letter) - "ACGT"); }

static Recall recall;

static int set_recall(void **state) {
  (void)state;
  RecallSquares squares;
  recall_init(&recall, &squares);
  return 0;
}

static Shape shape_of(int k, int s, Softmax softmax) {
  return shape_new(k, s, 1, 1, ACTIVATION_TANH, softmax);
}

/* ---- the reference ----------------------------------------------------------------------------
 */

enum { STRANDS = 200, LENGTH = 3000, POINTERS = 16 };

/* The sequence in memory: each segment and, after it, its reverse complement, as separate
 * strings. */
typedef struct {
  char base[STRANDS][LENGTH + 1];
  int length[STRANDS], start[STRANDS]; /* start: bases in the segments before */
  int n, bases;
} Strings;

typedef struct {
  int string, at; /* the base that the pointer guesses */
  bool own;
  bool wrong[LENGTH]; /* of bases, oldest first; n of them */
  int n, length;
} Reference;

typedef struct {
  const Strings *memory;
  Strings *own;
  int m, every, ignored;
  bool both_strands;
  char last[LENGTH]; /* of the segment */
  int n_last;
  Reference pointer[POINTERS];
  int n;
} ReferencePool;

static char other(char base) { return "TGCA"[code(base)]; }

static void add_segment(Strings *strings, const char *base, int length) {
  const int i = strings->n;
  for (int at = 0; at < length; at++) {
    strings->base[i][at] = base[at];
    strings->base[i + 1][at] = other(base[length - 1 - at]);
  }
  strings->length[i] = strings->length[i + 1] = length;
  strings->start[i] = strings->start[i + 1] = strings->bases;
  strings->bases += length;
  strings->n += 2;
}

/* Appends to the growing memory, whose last segment continues. */
static void append(Strings *strings, char base, bool begins) {
  if (begins) add_segment(strings, "", 0);
  const int i = strings->n - 2;
  strings->base[i][strings->length[i]++] = base;
  memmove(strings->base[i + 1] + 1, strings->base[i + 1], (size_t)strings->length[i + 1]++);
  strings->base[i + 1][0] = other(base);
  strings->bases++;
}

/* The base of the memory at position `at` of a string, counted along the forward strands. */
static int base_at(const Strings *strings, int string, int at) {
  return strings->start[string] + (string % 2 ? strings->length[string] - 1 - at : at);
}

static int errors_of(const Reference *pointer) {
  int errors = 0;
  for (int i = pointer->n - 64; i < pointer->n; i++) errors += pointer->wrong[i];
  return errors;
}

static bool ignored(const ReferencePool *pool, bool own, int base) {
  return !own && pool->ignored >= 0 && abs(base - pool->ignored) < 64;
}

static void try_string(ReferencePool *pool, bool own, int string, int at) {
  const Strings *strings = own ? pool->own : pool->memory;
  if (at < 0 || at >= strings->length[string]) return;
  Reference new = {.string = string, .at = at, .own = own, .n = 64};
  bool equal = true;
  for (int d = 1; d <= 64; d++) {
    const bool known = d <= at && d <= pool->n_last;
    new.wrong[64 - d] = !known || strings->base[string][at - d] != pool->last[pool->n_last - d];
    equal &= !new.wrong[64 - d];
    new.length += equal;
  }
  const int errors = errors_of(&new);
  if (errors > 24 && new.length < pool->m + 4) return;
  for (int i = 0; i < pool->n; i++) {
    const Reference *old = &pool->pointer[i];
    if (old->own == own && old->string == string && old->at == at) return;
  }
  int into = pool->n;
  if (pool->n < POINTERS) pool->n++;
  if (into == POINTERS) {
    int worst = errors;
    for (int i = 0; i < POINTERS; i++) {
      if (errors_of(&pool->pointer[i]) <= worst) continue;
      worst = errors_of(&pool->pointer[i]);
      into = i;
    }
  }
  if (into < POINTERS) pool->pointer[into] = new;
}

/* Whether the seed that ended 4 bases ago is before position `at` of a string. */
static bool has_seed(const ReferencePool *pool, const char *string, int at) {
  for (int d = 1; d <= pool->m; d++)
    if (d % 3 != 0 && string[at - d] != pool->last[pool->n_last - 4 - d]) return false;
  return true;
}

/* Tries the newest two places of one strand: those nearest to the end of the memory. */
static void try_strand(ReferencePool *pool, bool own, bool reversed) {
  const Strings *strings = own ? pool->own : pool->memory;
  int tried = 0, visits = 0;
  for (int place = strings->bases; place > 0 && tried < 2 && visits < 16; place--) {
    if (place % pool->every != 0 && !own) continue;
    int i = reversed; /* the string with the place, which is not at its end */
    while (i < strings->n && place >= strings->start[i] + strings->length[i]) i += 2;
    if (i >= strings->n || place - strings->start[i] < pool->m) continue;
    const int along = place - strings->start[i];
    const int at = reversed ? strings->length[i] - along + pool->m : along;
    if (!has_seed(pool, strings->base[i], at)) continue;
    visits++;
    if (at + 4 >= strings->length[i]) continue; /* the segment ends before */
    if (ignored(pool, own, base_at(strings, i, at + 4))) continue;
    tried++;
    try_string(pool, own, i, at + 4);
  }
}

static void read_letter(ReferencePool *pool, char base) {
  if (pool->own) append(pool->own, base, pool->n_last == 0);
  for (int i = 0; i < pool->n; i++) {
    Reference *pointer = &pool->pointer[i];
    const Strings *strings = pointer->own ? pool->own : pool->memory;
    /* On the other strand, the appended base is before all others. */
    if (pointer->own && pointer->string % 2 && pointer->string == strings->n - 1) pointer->at++;
    const bool wrong = strings->base[pointer->string][pointer->at++] != base;
    pointer->wrong[pointer->n++] = wrong;
    pointer->length = wrong ? 0 : pointer->length + 1;
  }
  for (int i = 0; i < pool->n;) {
    Reference *pointer = &pool->pointer[i];
    const Strings *strings = pointer->own ? pool->own : pool->memory;
    if (pointer->at < strings->length[pointer->string] && errors_of(pointer) <= 44 &&
        !ignored(pool, pointer->own, base_at(strings, pointer->string, pointer->at)))
      i++;
    else
      *pointer = pool->pointer[--pool->n];
  }
  pool->last[pool->n_last++] = base;
  if (pool->n_last < pool->m + 4) return;
  for (int own = 0; own <= (pool->own != NULL); own++) {
    try_strand(pool, own, false);
    if (pool->both_strands) try_strand(pool, own, true);
  }
}

/* ---- compared -------------------------------------------------------------------------------- */

typedef struct {
  int m, every, k, s;
  bool both_strands, leave_out, own;
  Softmax softmax;
} Case;

static void compare_pointers(const Pool *pool, const ReferencePool *reference) {
  int n;
  const Pointer *pointer = pool_pointers(pool, &n);
  assert_int_equal(n, reference->n);
  for (int i = 0; i < n; i++) {
    const Reference *right = &reference->pointer[i];
    const Strings *strings = right->own ? reference->own : reference->memory;
    const int64_t base = base_at(strings, right->string, right->at);
    assert_int_equal(pointer[i].own, right->own);
    assert_int_equal(pointer[i].place, right->string % 2 ? ~base : base);
    assert_int_equal(pointer[i].length, right->length);
    assert_int_equal(pointer[i].n_errors, errors_of(right));
    for (int d = 0; d < 64; d++)
      assert_int_equal(pointer[i].errors >> d & 1, right->wrong[right->n - 1 - d]);
  }
}

/* The follower of s bases; -1: the string ends before. */
static int follower_of(const Strings *strings, int string, int at, int s) {
  int follower = 0;
  if (at + s > strings->length[string]) return -1;
  for (int i = 0; i < s; i++) follower = 4 * follower + code(strings->base[string][at + i]);
  return follower;
}

static void compare_evidence(Pool *pool, const ReferencePool *reference, const Case *a) {
  Vote votes[POOL_POINTERS];
  int n, n_pointers, found = 0, guessing = 0;
  const int c = pool_evidence(pool, votes, &n), followers = 1 << 2 * a->s;
  const Pointer *pointer = pool_pointers(pool, &n_pointers);
  int first = 0; /* entry of the first follower */
  for (int i = 0; a->softmax == SOFTMAX_FULL && i < a->k - a->s; i++)
    first = 4 * first + code(reference->last[reference->n_last - a->k + a->s + i]);
  first *= followers;
  double S[1 << 6] = {0}, all = 0, most = 0, best = 0;
  for (int i = 0; i < reference->n; i++) {
    const Reference *right = &reference->pointer[i];
    const Strings *strings = right->own ? reference->own : reference->memory;
    const int follower = follower_of(strings, right->string, right->at, a->s);
    assert_int_equal(pointer[i].guess, follower < 0 ? -1 : first + follower);
    if (follower < 0) continue;
    const double odds = recall.odds[pointer[i].state];
    S[follower] += odds;
    guessing++;
    if (odds > best) best = odds;
  }
  for (int j = 0; j < followers; j++) {
    all += S[j];
    if (S[j] > most) most = S[j];
    if (S[j] > 0) found++;
  }
  assert_int_equal(n, found);
  for (int i = 0; i < n; i++)
    assert_true(fabs(votes[i].s - log(1 + (followers - 1) * S[votes[i].j - first])) < 1e-5);
  if (guessing == 0)
    assert_int_equal(c, 0);
  else
    assert_int_equal(c, recall_class((float)best, guessing, (float)all, (float)most, followers));
}

/* Makes random segments: copies of earlier ones, on either strand, with an error in ten bases;
 * every fourth repeats two bases. */
static void make_strings(Strings *strings, char *text, int segments) {
  *strings = (Strings){.n = 0};
  strcpy(text, ">r\n");
  for (int i = 0; i < segments; i++) {
    char base[LENGTH] = "";
    const int length = 30 + rand() % 200;
    const int copied = i > 2 ? rand() % strings->n : -1;
    for (int at = 0; at < length; at++) {
      base[at] = "ACGT"[rand() % 4];
      if (copied >= 0 && at < strings->length[copied] && rand() % 10 > 0)
        base[at] = strings->base[copied][at];
      if (i % 4 == 3 && at > 1) base[at] = base[at - 2];
    }
    add_segment(strings, base, length);
    strcat(strcat(text, base), "N");
  }
}

/* Reads the segments of `read`, each up to its last complete k-mer. */
static int compare(const Case *a, const Strings *remembered, const char *text,
                   const Strings *read) {
  static Strings own;
  static ReferencePool reference;
  const Shape shape = shape_of(a->k, a->s, a->softmax);
  Memory *memory = scratch_memory(text, a->m, a->every, a->both_strands);
  Memory *growing = a->own ? memory_new_growing(a->m, a->both_strands) : NULL;
  Pool *pool = pool_new(memory, growing, &recall, &shape);
  int pointers = 0;
  own = (Strings){.n = 0};
  reference = (ReferencePool){.memory = remembered,
                              .own = a->own ? &own : NULL,
                              .m = a->m,
                              .every = a->every,
                              .both_strands = a->both_strands,
                              .ignored = -1};
  for (int i = 0; i < read->n; i += a->leave_out ? 2 : 1) {
    reference.n = reference.n_last = 0;
    for (int end = a->k; end <= read->length[i]; end += a->s) {
      if (a->leave_out) reference.ignored = read->start[i] + end;
      pool_ignore(pool, reference.ignored);
      int x = 0;
      for (int at = end - a->k; at < end; at++) x = 4 * x + code(read->base[i][at]);
      const int first = end == a->k ? 0 : end - a->s;
      for (int at = first; at < end; at++) read_letter(&reference, read->base[i][at]);
      pool_read(pool, x, end == a->k);
      compare_pointers(pool, &reference);
      compare_evidence(pool, &reference, a);
      pointers += reference.n;
    }
  }
  pool_free(pool);
  memory_free(growing);
  memory_free(memory);
  return pointers;
}

static void pools_equal_those_of_plain_loops(void **state) {
  (void)state;
  const Case cases[] = {
      {5, 1, 3, 1, true, false, false, SOFTMAX_FOLLOWERS},
      {5, 1, 3, 1, false, false, false, SOFTMAX_FOLLOWERS},
      {5, 1, 3, 1, true, true, false, SOFTMAX_FOLLOWERS},
      {5, 1, 3, 1, true, false, true, SOFTMAX_FOLLOWERS},
      {5, 3, 4, 1, true, false, true, SOFTMAX_FULL},
      {5, 2, 4, 2, true, false, true, SOFTMAX_FULL},
      {8, 1, 3, 3, true, true, false, SOFTMAX_FOLLOWERS},
  };
  static Strings remembered, other_sequence;
  static char text[STRANDS * LENGTH];
  srand(3);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    make_strings(&remembered, text, 20);
    other_sequence = remembered;
    if (!cases[i].leave_out)
      for (int j = 0; j < other_sequence.n; j++)
        for (int at = 0; at < other_sequence.length[j]; at++)
          if (rand() % 20 == 0) other_sequence.base[j][at] = "ACGT"[rand() % 4];
    assert_true(compare(&cases[i], &remembered, text, &other_sequence) > 1000);
  }
}

/* ---- promises -------------------------------------------------------------------------------- */

enum { M = 17, LONG = 20000 };

static void random_text(char *text, int n) {
  strcpy(text, ">r\n");
  for (int i = 0; i < n; i++) text[3 + i] = "ACGT"[rand() % 4];
  text[3 + n] = 0;
}

static void complement(char *to, const char *from, int n) {
  for (int i = 0; i < n; i++) to[i] = other(from[n - 1 - i]);
}

/* Reads the i-th letter of a segment, with one base per k-mer. */
static void read_one(Pool *pool, const char *letters, int i) {
  pool_read(pool, code(letters[i]), i == 0);
}

static void a_read_is_recalled_after_m_and_4_bases(void **state) {
  (void)state;
  enum { READ = 150 };
  const Shape shape = shape_of(1, 1, SOFTMAX_FOLLOWERS);
  char text[LONG + 8], read[READ];
  srand(5);
  random_text(text, LONG);
  Memory *memory = scratch_memory(text, M, 1, true);
  Pool *pool = pool_new(memory, NULL, &recall, &shape);
  for (int i = 0; i < 40; i++) {
    const int at = 3 + rand() % (LONG - READ);
    if (i % 2)
      complement(read, text + at, READ);
    else
      memcpy(read, text + at, READ);
    for (int t = 0; t < READ - 1; t++) {
      Vote votes[POOL_POINTERS];
      int n;
      read_one(pool, read, t);
      assert_int_equal(pool_evidence(pool, votes, &n) > 0, t + 1 >= M + 4);
      if (n > 0) assert_int_equal(votes[0].j, code(read[t + 1]));
    }
  }
  pool_free(pool);
  memory_free(memory);
}

/* Reads a circle three times, on both strands: the pointer makes no error. */
static void a_pointer_continues_at_the_origin_of_a_circle(void **state) {
  (void)state;
  enum { RING = 300 };
  const Shape shape = shape_of(1, 1, SOFTMAX_FOLLOWERS);
  char text[RING + 40], strand[2][RING];
  srand(6);
  random_text(text, RING);
  memcpy(strand[0], text + 3, RING);
  complement(strand[1], text + 3, RING);
  snprintf(text, sizeof text, ">r circular=true\n%.*s", RING, strand[0]);
  Memory *memory = scratch_memory(text, M, 1, true);
  Pool *pool = pool_new(memory, NULL, &recall, &shape);
  for (int i = 0; i < 2; i++) {
    int n;
    for (int t = 0; t < 3 * RING; t++) pool_read(pool, code(strand[i][t % RING]), t == 0);
    const Pointer *pointer = pool_pointers(pool, &n);
    assert_int_equal(n, 1);
    assert_int_equal(pointer->length, 3 * RING);
  }
  pool_free(pool);
  memory_free(memory);
}

static int64_t places, comparisons;
int64_t __real_memory_place(const Memory *memory, uint32_t entry, bool reversed);
int64_t __wrap_memory_place(const Memory *memory, uint32_t entry, bool reversed);
void __real_memory_before(const Memory *memory, int64_t place, uint64_t before[2]);
void __wrap_memory_before(const Memory *memory, int64_t place, uint64_t before[2]);

int64_t __wrap_memory_place(const Memory *memory, uint32_t entry, bool reversed) {
  places++;
  return __real_memory_place(memory, entry, reversed);
}

void __wrap_memory_before(const Memory *memory, int64_t place, uint64_t before[2]) {
  comparisons++;
  __real_memory_before(memory, place, before);
}

/* Sequences with few different seeds. */
static char letter_of(int kind, const char *element, int i) {
  switch (kind) {
  case 0: return 'A';
  case 1: return "AC"[i % 2];
  case 2: return element[i % 171]; /* a satellite */
  case 3: return "AT"[rand() % 2];
  default: return rand() % 50 == 0 ? 'G' : element[i % 1000]; /* a hundred copies */
  }
}

/* This holds also if its own place and all places near it, in a chain of thousands, are left
 * out. */
static void the_work_of_a_base_is_bounded_for_any_sequence(void **state) {
  (void)state;
  const Shape shape = shape_of(1, 1, SOFTMAX_FOLLOWERS);
  char text[LONG + 8], element[LONG + 8];
  srand(7);
  random_text(element, LONG);
  for (int kind = 0; kind <= 4; kind++) {
    random_text(text, LONG);
    for (int i = 0; i < LONG; i++) text[3 + i] = letter_of(kind, element + 3, i);
    Memory *memory = scratch_memory(text, M, 1, true);
    Pool *pool = pool_new(memory, NULL, &recall, &shape);
    for (int i = 0; i < LONG; i++) {
      int n;
      places = comparisons = 0;
      pool_ignore(pool, i + 1);
      read_one(pool, text + 3, i);
      pool_pointers(pool, &n);
      assert_true(places <= 2 * 16);
      assert_true(comparisons <= 2 * 16);
      assert_true(n <= POOL_POINTERS);
    }
    pool_free(pool);
    memory_free(memory);
  }
}

typedef struct {
  int right, guesses, near;
} Guesses;

/* Reads the sequence of the memory. near: guesses from within 64 bases of the guessed base. */
static Guesses read_again(const char *text, bool leave_out) {
  const Shape shape = shape_of(1, 1, SOFTMAX_FOLLOWERS);
  Guesses guesses = {0};
  Memory *memory = scratch_memory(text, M, 1, true);
  Pool *pool = pool_new(memory, NULL, &recall, &shape);
  for (int i = 0; i + 1 < LONG; i++) {
    Vote votes[POOL_POINTERS];
    int n, n_votes;
    if (leave_out) pool_ignore(pool, i + 1);
    read_one(pool, text + 3, i);
    pool_evidence(pool, votes, &n_votes);
    const Pointer *pointer = pool_pointers(pool, &n);
    for (int p = 0; p < n; p++) {
      guesses.guesses++;
      guesses.right += pointer[p].guess == code(text[3 + i + 1]);
      guesses.near += llabs(memory_at(pointer[p].place) - (i + 1)) < POOL_NEAR;
    }
  }
  pool_free(pool);
  memory_free(memory);
  return guesses;
}

/* If its own place were not left out, calibration would learn that pointers are always right. */
static void an_excluded_sequence_does_not_predict_itself(void **state) {
  (void)state;
  char text[LONG + 8];
  srand(8);
  random_text(text, LONG);
  const Guesses left_out = read_again(text, true), seen = read_again(text, false);
  assert_true(seen.right > LONG * 9 / 10);
  assert_true(seen.near >= seen.right);
  assert_int_equal(left_out.near, 0);
  assert_true(left_out.guesses < LONG / 100);
  assert_true(left_out.right <= left_out.guesses * 2 / 3);
}

/* Hairpins and tandem repeats: the other strand and the next copy are near, too. */
static void near_positions_are_excluded_on_both_strands(void **state) {
  (void)state;
  char text[LONG + 8];
  srand(9);
  random_text(text, LONG);
  for (int i = 0; i + 200 < LONG; i += 200) {
    complement(text + 3 + i + 60, text + 3 + i, 50);
    memcpy(text + 3 + i + 120, text + 3 + i + 60, 50);
  }
  assert_true(read_again(text, false).near > LONG / 2);
  const Guesses guesses = read_again(text, true);
  assert_true(guesses.guesses > LONG / 50);
  assert_int_equal(guesses.near, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pools_equal_those_of_plain_loops),
      cmocka_unit_test(a_read_is_recalled_after_m_and_4_bases),
      cmocka_unit_test(a_pointer_continues_at_the_origin_of_a_circle),
      cmocka_unit_test(the_work_of_a_base_is_bounded_for_any_sequence),
      cmocka_unit_test(an_excluded_sequence_does_not_predict_itself),
      cmocka_unit_test(near_positions_are_excluded_on_both_strands),
  };
  return cmocka_run_group_tests(tests, set_recall, NULL);
}
