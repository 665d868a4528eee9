/* The steps of a record, against steps derived letter by letter. */
#include "scratch.h"
#include "sequence/kmer.h"
#include "sequence/steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

typedef struct {
  int n, *x, *y;
  bool *restart;
  uint64_t *position, length, bases;
  int last; /* k-mer of the run that ends the line, -1: none */
} Plain;

/* Computes the steps of letters (bases or N) the slow way. For a circle, its first letters follow
 * and `length` is its length; for a linear record, length is larger than the number of letters. */
static Plain plain_steps(const char *letters, int k, int s, uint64_t length) {
  const int n = (int)strlen(letters);
  Plain p = {0,
             calloc((size_t)n + 1, sizeof(int)),
             calloc((size_t)n + 1, sizeof(int)),
             calloc((size_t)n + 1, 1),
             calloc((size_t)n + 1, sizeof(uint64_t)),
             length < (uint64_t)n ? length : (uint64_t)n,
             0,
             -1};
  for (uint64_t i = 0; i < p.length; i++) p.bases += letters[i] != 'N';
  for (int from = 0, to; from < n; from = to + 1) {
    for (to = from; to < n && letters[to] != 'N';) to++;
    p.last = -1;
    for (int i = from; i + k <= to; i += s) {
      int x = 0, y = 0;
      const int more = i + s + k <= to;
      for (int j = 0; j < k; j++) x = 4 * x + kmer_base((unsigned char)letters[i + j]);
      for (int j = 0; j < k && more; j++) y = 4 * y + kmer_base((unsigned char)letters[i + s + j]);
      if (to == n) p.last = x;
      p.x[p.n] = x;
      p.y[p.n] = more ? y : -1;
      p.restart[p.n] = i == from;
      p.position[p.n++] = ((uint64_t)(i + k)) % length + 1; /* the letter after x */
    }
  }
  return p;
}

static void plain_free(Plain *p) {
  free(p->x);
  free(p->y);
  free(p->restart);
  free(p->position);
}

/* Reads record a, or its reverse complement, and compares it with p. *before is the stretch before
 * the record, and becomes its last stretch. Returns the number of its stretches. */
static int compare_record(const Plain *p, Steps *steps, Stretch stretch[2], Stretch **before,
                          bool circle, bool reversed) {
  int stretches = 0, at = 0;
  uint64_t tokens = 0, length = 0;
  Why why;
  do {
    Stretch *now = &stretch[stretches % 3 > 0]; /* the last one, or the same again */
    Stretch last = {0};
    if (stretches > 0) {
      stretch_init(&last);
      memcpy(last.x, (*before)->x + (*before)->n - STEPS_WARMUP, STEPS_WARMUP * sizeof *last.x);
      memcpy(last.restart, (*before)->restart + (*before)->n - STEPS_WARMUP, STEPS_WARMUP);
    }
    assert_int_equal(steps_read(steps, now, &why), 1);
    assert_string_equal(now->name, "a");
    assert_int_equal(now->reversed, reversed);
    assert_int_equal(now->first, stretches == 0);
    assert_int_equal(now->warmup, stretches > 0 ? STEPS_WARMUP : 0);
    for (int i = 0; i < now->warmup; i++) {
      assert_int_equal(now->x[i], last.x[i]);
      assert_int_equal(now->y[i], -1);
      assert_int_equal(now->restart[i], i == 0 || last.restart[i]);
    }
    for (int i = now->warmup; i < now->n; i++, at++) {
      assert_true(at < p->n);
      assert_int_equal(now->x[i], p->x[at]);
      assert_int_equal(now->y[i], p->y[at]);
      assert_int_equal(now->restart[i], p->restart[at]);
      if (now->y[i] >= 0 || !circle) assert_int_equal(now->position[i], p->position[at]);
    }
    assert_int_equal(now->last, now->ended ? p->last : -1);
    tokens += now->tokens;
    length = now->length;
    stretch_clear(&last);
    *before = now;
    stretches++;
  } while (!(*before)->ended);
  assert_int_equal(at, p->n);
  for (int i = 0; i < p->n; i++) tokens -= p->y[i] >= 0;
  assert_int_equal(tokens, 0);
  assert_int_equal((*before)->circular, circle);
  assert_int_equal(length, p->length);
  assert_int_equal((*before)->bases, p->bases);
  return stretches;
}

/* Compares a record with p and, unless q is NULL, its reverse complement with q; returns the number
 * of stretches of the record. */
static int compare(const Plain *p, const Plain *q, const char *record, int k, int s,
                   StepsWish wish) {
  char *path = scratch_path("records.fa");
  Why why;
  FILE *out = fopen(path, "w");
  fprintf(out, ">a\n%s\n>b\nACGT\n", record);
  fclose(out);
  wish.over_ends = true;
  wish.both_strands = q != NULL;
  Steps *steps = steps_new(k, s, wish);
  Stretch stretch[2], *before = NULL;
  stretch_init(&stretch[0]);
  stretch_init(&stretch[1]);
  assert_int_equal(steps_open(steps, path, &why), 0);
  int stretches = compare_record(p, steps, stretch, &before, wish.all_circles, false);
  if (q) compare_record(q, steps, stretch, &before, wish.all_circles, true);
  for (int i = 0; i < 1 + (q != NULL); i++) {
    assert_int_equal(steps_read(steps, &stretch[0], &why), 1);
    assert_string_equal(stretch[0].name, "b");
    assert_int_equal(stretch[0].reversed, i);
  }
  assert_int_equal(steps_read(steps, &stretch[0], &why), 0);
  stretch_clear(&stretch[0]);
  stretch_clear(&stretch[1]);
  steps_close(steps);
  steps_free(steps);
  free(path);
  return stretches;
}

/* The reverse complement of bases and N. */
static char *turn(const char *letters) {
  const size_t n = strlen(letters);
  char *turned = calloc(n + 16, 1);
  for (size_t i = 0; i < n; i++) turned[i] = "TGCAN"[strchr("ACGTN", letters[n - 1 - i]) - "ACGTN"];
  return turned;
}

static char *random_letters(int n, int breaks) {
  char *letters = calloc((size_t)n + 16, 1);
  for (int i = 0; i < n; i++)
    letters[i] = breaks && rand() % breaks == 0 ? 'N' : "ACGT"[rand() % 4];
  return letters;
}

static void stretches_have_the_steps_of_the_record_in_order(void **state) {
  (void)state;
  srand(1);
  for (int k = 1; k <= 4; k++)
    for (int s = 1; s <= k; s += 2)
      for (int n = 0; n < 5 * STEPS_STRETCH; n = n < 10 ? n + 1 : n * 3 + 1)
        for (int breaks = 0; breaks <= 300; breaks += 100) {
          char *letters = random_letters(n, breaks);
          char *turned = turn(letters);
          Plain p = plain_steps(letters, k, s, (uint64_t)n + 1);
          Plain q = plain_steps(turned, k, s, (uint64_t)n + 1);
          int stretches = compare(&p, NULL, letters, k, s, (StepsWish){0});
          assert_true((stretches > 1) == (p.n >= STEPS_STRETCH));
          assert_int_equal(compare(&p, &q, letters, k, s, (StepsWish){0}), stretches);
          plain_free(&p);
          plain_free(&q);
          free(letters);
          free(turned);
        }
}

/* Whether the k-mers of a run (n) and those of its reverse complement from base `skip` on are
 * aligned: by the base after them, the base at their end, or the first added base. */
static bool is_aligned(StepsAlignment alignment, int n, int k, int s, int skip) {
  const int end = n + 1 - skip - k; /* of the first reverse k-mer, in the run, from 1 */
  int distance = end - k;
  if (alignment == STEPS_ALIGNED_NEXT) distance = end - 1 - (k + 1);
  if (alignment == STEPS_ALIGNED_ADDED) distance = end - s - (k + 1);
  return (distance + 2 * (k + n) * s) % s == 0;
}

/* Masks the bases of a reverse complement before its aligned k-mers. */
static void hide_skipped(char *turned, StepsAlignment alignment, int k, int s) {
  for (char *run = turned; *run; run += *run != 0) {
    const int n = (int)strspn(run, "ACGT");
    int skip = 0;
    while (n >= k && !is_aligned(alignment, n, k, s, skip)) skip++;
    assert_true(skip < s);
    memset(run, 'N', (size_t)skip);
    run += n;
  }
}

static void reverse_k_mers_are_aligned_with_those_of_the_record(void **state) {
  (void)state;
  srand(5);
  for (StepsAlignment alignment = STEPS_ALIGNED_ADDED; alignment <= STEPS_ALIGNED_NEXT; alignment++)
    for (int k = 1; k <= 5; k++)
      for (int s = 1; s <= k; s++)
        for (int n = 0; n < 3 * STEPS_STRETCH; n = n < 20 ? n + 1 : n * 31 + 1)
          for (int breaks = 0; breaks <= 24; breaks += 12) {
            char *letters = random_letters(n, breaks), *turned = turn(letters);
            Plain p = plain_steps(letters, k, s, (uint64_t)n + 1);
            hide_skipped(turned, alignment, k, s);
            Plain q = plain_steps(turned, k, s, (uint64_t)n + 1);
            q.bases = p.bases;
            compare(&p, &q, letters, k, s, (StepsWish){.alignment = alignment});
            plain_free(&p);
            plain_free(&q);
            free(letters);
            free(turned);
          }
}

/* The cuts depend on the requested number of steps, but the steps do not. */
static void stretches_may_be_shorter(void **state) {
  (void)state;
  char *letters = random_letters(5 * STEPS_WARMUP, 300);
  Plain p = plain_steps(letters, 2, 1, 5 * STEPS_WARMUP + 1);
  assert_int_equal(compare(&p, NULL, letters, 2, 1, (StepsWish){.stretch = STEPS_LEAST}),
                   p.n / STEPS_WARMUP + 1);
  assert_int_equal(compare(&p, NULL, letters, 2, 1, (StepsWish){.stretch = 2 * STEPS_WARMUP}),
                   p.n / STEPS_WARMUP / 2 + 1);
  plain_free(&p);
  free(letters);
}

/* The last run of bases, from the base on from which the last k-mer ends with the run. */
static char *keep_end(const char *letters, int k, int s) {
  const int n = (int)strlen(letters);
  char *kept = strcpy(calloc((size_t)n + 16, 1), letters);
  const char *last_break = strrchr(letters, 'N');
  const int begin = last_break ? (int)(last_break - letters) + 1 : 0;
  const int skipped = n - begin < k ? 0 : (n - begin - k) % s;
  if (s > 1) memset(kept, 'N', (size_t)(begin + skipped));
  return kept;
}

static void the_last_k_mer_ends_at_the_end_of_the_record(void **state) {
  (void)state;
  srand(3);
  for (int k = 1; k <= 4; k++)
    for (int s = 1; s <= k; s++)
      for (int n = 0; n < 5 * STEPS_STRETCH; n = n < 20 ? n + 1 : n * 4 + 1)
        for (int breaks = 0; breaks <= 100; breaks += breaks < 5 ? 5 : 95) {
          char *letters = random_letters(n, breaks), *kept = keep_end(letters, k, s);
          Plain p = plain_steps(kept, k, s, (uint64_t)n + 1);
          p.bases = (uint64_t)n;
          for (int i = 0; i < n; i++) p.bases -= letters[i] == 'N';
          compare(&p, NULL, letters, k, s, (StepsWish){.to_end = true});
          plain_free(&p);
          free(letters);
          free(kept);
        }
}

/* The letters of a circle, and the first k again. */
static char *go_round(const char *letters, int k) {
  char *round = calloc(strlen(letters) + 16, 1);
  sprintf(round, "%s%.*s", letters, k, letters);
  return round;
}

/* The end of a circle is at every place around the end of a stretch. */
static void positions_continue_at_the_origin_of_a_circle(void **state) {
  (void)state;
  srand(2);
  for (int k = 1; k <= 4; k += 3)
    for (int s = 1; s <= k; s++)
      for (int n = STEPS_STRETCH * s - 9; n < STEPS_STRETCH * s + 9; n++) {
        char *letters = random_letters(n, 0), *turned = turn(letters), *once = go_round(letters, k);
        char *other = go_round(turned, k);
        Plain p = plain_steps(once, k, s, (uint64_t)n), q = plain_steps(other, k, s, (uint64_t)n);
        compare(&p, &q, letters, k, s, (StepsWish){.all_circles = true});
        plain_free(&p);
        plain_free(&q);
        free(letters);
        free(turned);
        free(once);
        free(other);
      }
}

/* Reads the records of two files with both strands; appends their names to seen. */
static int read_pairs(const char *first, const char *second, char *seen, Why *why) {
  char *one = scratch_path("first.fa"), *two = scratch_path("second.fa");
  Steps *steps = steps_new(2, 1, (StepsWish){.both_strands = true});
  Stretch stretch;
  int more;
  scratch_write(one, first, strlen(first));
  scratch_write(two, second, strlen(second));
  stretch_init(&stretch);
  *seen = '\0';
  assert_int_equal(steps_open_pairs(steps, one, two, why), 0);
  while ((more = steps_read(steps, &stretch, why)) > 0)
    sprintf(seen + strlen(seen), "%s%s%d ", stretch.name, stretch.reversed ? "-" : "+", stretch.n);
  if (more == 0) assert_true(seqfile_notes(steps_file(steps)).bytes == strlen(first));
  if (more == 0) assert_true(seqfile_notes(steps_mate(steps)).bytes == strlen(second));
  stretch_clear(&stretch);
  steps_close(steps);
  steps_free(steps);
  free(one);
  free(two);
  return more;
}

static void records_of_two_files_are_read_alternately(void **state) {
  (void)state;
  char seen[200];
  Why why;
  assert_int_equal(read_pairs(">a\nACG\n>b\nACGT\n", ">c\nACGTA\n>d\nACGTAC\n", seen, &why), 0);
  assert_string_equal(seen, "a+2 a-2 c+4 c-4 b+3 b-3 d+5 d-5 ");
  assert_int_equal(read_pairs(">a\nACG\n>b\nACGT\n", ">c\nACGTA\n", seen, &why), -1);
  assert_string_equal(seen, "a+2 a-2 c+4 c-4 b+3 b-3 ");
  assert_non_null(strstr(why.text, "first.fa: has more records"));
  assert_int_equal(read_pairs(">a\nACG\n", ">c\nACGTA\n>d\nACGTAC\n", seen, &why), -1);
  assert_string_equal(seen, "a+2 a-2 c+4 c-4 ");
  assert_non_null(strstr(why.text, "second.fa: has more records"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stretches_have_the_steps_of_the_record_in_order),
      cmocka_unit_test(the_last_k_mer_ends_at_the_end_of_the_record),
      cmocka_unit_test(positions_continue_at_the_origin_of_a_circle),
      cmocka_unit_test(reverse_k_mers_are_aligned_with_those_of_the_record),
      cmocka_unit_test(stretches_may_be_shorter),
      cmocka_unit_test(records_of_two_files_are_read_alternately)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
