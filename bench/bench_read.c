/* How fast a file is read into a corpus (parsed, checked, counted, packed) beside kseq.h over zlib
 * (parsed only), interleaved:
 *
 *     bench_read REPEATS FILE...                                                                 */
#include "corpus.h"
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <htslib/kseq.h>
KSEQ_INIT(gzFile, gzread)
#pragma GCC diagnostic pop

enum { REPEATS_MAX = 1000 };

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *times, int n) {
  qsort(times, (size_t)n, sizeof *times, by_size);
  return (times[(n - 1) / 2] + times[n / 2]) / 2;
}

static double read_kseq(const char *path, uint64_t *bases) {
  double started = clock_now();
  gzFile in = gzopen(path, "r");
  kseq_t *seq = kseq_init(in);
  for (*bases = 0; kseq_read(seq) >= 0;) *bases += seq->seq.l;
  kseq_destroy(seq);
  gzclose(in);
  return clock_now() - started;
}

static double read_corpus(const char *path, SeqCounts *counts) {
  Why why;
  double started = clock_now();
  Corpus *corpus = corpus_new();
  if (corpus_read(corpus, path, &(Reading){0}, counts, &why) != 0) {
    fprintf(stderr, "bench_read: %s\n", why.text);
    exit(1);
  }
  corpus_free(corpus);
  return clock_now() - started;
}

int main(int argc, char **argv) {
  int repeats = argc > 2 ? atoi(argv[1]) : 0;
  if (repeats < 1 || repeats > REPEATS_MAX) {
    fprintf(stderr, "usage: bench_read REPEATS FILE...\n");
    return 2;
  }
  printf("| file | MB | corpus MB/s | kseq.h MB/s | ratio |\n|---|---|---|---|---|\n");
  for (int i = 2; i < argc; i++) {
    double ours[REPEATS_MAX], theirs[REPEATS_MAX];
    uint64_t bases = 0;
    SeqCounts counts;
    for (int j = 0; j < repeats; j++) {
      ours[j] = read_corpus(argv[i], &counts);
      theirs[j] = read_kseq(argv[i], &bases);
    }
    if (bases != counts_letters(&counts)) fprintf(stderr, "%s: bases differ\n", argv[i]);
    double mega = (double)counts.bytes / 1e6, t = median(ours, repeats),
           kseq = median(theirs, repeats);
    printf("| %s | %.0f | %.0f | %.0f | %.2f |\n", argv[i], mega, mega / t, mega / kseq, kseq / t);
  }
  return 0;
}
