/* bench_genome: prints a synthetic genome as FASTA, the same for the same arguments.
 *
 *     bench_genome BASES [RECORDS [REPEATS]]
 *
 * RECORDS (24) is the number of chromosomes, in lines of 60; the first is about five times as long
 * as the last. Each begins and ends with 10,000 N and has a run of N in its middle, 3 % of its
 * length. A fraction REPEATS (0.5) of the rest are copies of 512 elements of 300 to 6000 bases, in
 * lower case, with each base changed with probability 1/8. The sequence between the copies is
 * random, in upper case. */
#include "base/rng.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS = 512, LONGEST = 6000, SHORTEST = 300, LINE = 60, TELOMERE = 10000 };

typedef struct {
  Rng rng;
  double repeats;
  char element[ELEMENTS][LONGEST];
  size_t column;
} Genome;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Prints n letters in lines. */
static void put(Genome *g, const char *letters, size_t n) {
  while (n > 0) {
    const size_t part = smaller(n, LINE - g->column);
    fwrite(letters, 1, part, stdout);
    letters += part;
    n -= part;
    g->column = (g->column + part) % LINE;
    if (g->column == 0) putchar('\n');
  }
}

/* Writes n random letters of these four, 32 from each random number. */
static void fill(Genome *g, char *to, size_t n, const char *letters) {
  uint64_t bits = 0;
  for (size_t i = 0; i < n; i++, bits >>= 2) {
    if (i % 32 == 0) bits = rng_next(&g->rng);
    to[i] = letters[bits & 3];
  }
}

static void put_gap(Genome *g, size_t n) {
  char gap[LONGEST];
  memset(gap, 'N', sizeof gap);
  for (size_t part; n > 0; n -= part) {
    part = smaller(n, sizeof gap);
    put(g, gap, part);
  }
}

/* Copies the beginning of an element; three random bits decide whether a base changes. */
static void copy_element(Genome *g, char *to, size_t n) {
  uint64_t bits = 0;
  fill(g, to, n, "acgt");
  const char *element = g->element[rng_next(&g->rng) % ELEMENTS];
  for (size_t i = 0; i < n; i++, bits >>= 3) {
    if (i % 21 == 0) bits = rng_next(&g->rng);
    if (bits & 7) to[i] = element[i];
  }
}

/* Prints n bases in stretches, each a repeat or unique. */
static void put_bases(Genome *g, size_t n) {
  char stretch[LONGEST];
  for (size_t part; n > 0; n -= part) {
    part = SHORTEST + rng_next(&g->rng) % (LONGEST - SHORTEST);
    part = smaller(n, part);
    if (rng_uniform(&g->rng) < g->repeats)
      copy_element(g, stretch, part);
    else
      fill(g, stretch, part, "ACGT");
    put(g, stretch, part);
  }
}

static void put_record(Genome *g, int number, size_t n) {
  const size_t end = smaller(TELOMERE, n / 10), middle = n / 33, arm = (n - 2 * end - middle) / 2;
  printf(">chr%d synthetic\n", number);
  g->column = 0;
  put_gap(g, end);
  put_bases(g, arm);
  put_gap(g, middle);
  put_bases(g, n - 2 * end - middle - arm);
  put_gap(g, end);
  if (g->column > 0) putchar('\n');
}

int main(int argc, char **argv) {
  const double bases = argc > 1 ? atof(argv[1]) : 0;
  const int records = argc > 2 ? atoi(argv[2]) : 24;
  double sum = 0;
  if (bases < 1 || records < 1) {
    fprintf(stderr, "usage: bench_genome BASES [RECORDS [REPEATS]]\n");
    return 2;
  }
  Genome *g = calloc(1, sizeof *g);
  if (!g) return 1;
  g->rng = rng_new(1, 0);
  g->repeats = argc > 3 ? atof(argv[3]) : 0.5;
  for (int i = 0; i < ELEMENTS; i++) fill(g, g->element[i], LONGEST, "acgt");
  for (int i = 0; i < records; i++) sum += 5 - 4.0 * i / records;
  for (int i = 0; i < records; i++) {
    const double weight = 5 - 4.0 * i / records;
    put_record(g, i + 1, (size_t)(bases * weight / sum));
  }
  free(g);
  return fflush(stdout) == 0 ? 0 : 1;
}
