/* bench_read: the speed of reading a file into a corpus (parsed, checked, counted, packed), and of
 * kseq.h over zlib (parsed only), interleaved.
 *
 *     bench_read REPEATS FILE... */
#include "base/clock.h"
#include "sequence/corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <htslib/kseq.h>
KSEQ_INIT(gzFile, gzread)
#pragma GCC diagnostic pop

enum { REPEATS_MAX = 1000, AGAIN = 4 };

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *times, int n) {
  qsort(times, (size_t)n, sizeof *times, by_size);
  return (times[(n - 1) / 2] + times[n / 2]) / 2;
}

typedef struct {
  uint64_t bases, bytes; /* bytes of the corpus only */
} Content;

static Content read_kseq(const char *path) {
  Content content = {0};
  gzFile in = gzopen(path, "r");
  kseq_t *seq = kseq_init(in);
  while (kseq_read(seq) >= 0) content.bases += seq->seq.l;
  kseq_destroy(seq);
  gzclose(in);
  return content;
}

static Content read_corpus(const char *path) {
  Why why;
  SeqCounts counts;
  Corpus *corpus = corpus_new();
  if (corpus_read(corpus, path, &(Reading){0}, &counts, &why) != 0) {
    fprintf(stderr, "bench_read: %s\n", why.text);
    _exit(1);
  }
  corpus_free(corpus);
  return (Content){counts_letters(&counts), counts.notes.bytes};
}

typedef struct {
  Content content;
  double first, later; /* seconds of the first reading, and the median of the next AGAIN readings */
} Outcome;

/* Reads the file in a new process. Earlier allocations decide the addresses of buffers, which make
 * kseq.h up to 1.6 times slower, and a process that already has memory need not request it. */
static Outcome measure(Content (*reader)(const char *path), const char *path) {
  int ends[2], status;
  double times[1 + AGAIN];
  Outcome o = {{0}, 0, 0};
  if (pipe(ends) != 0) exit(1);
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i <= AGAIN; i++) {
      double started = clock_now();
      o.content = reader(path);
      times[i] = clock_now() - started;
    }
    o.first = times[0];
    o.later = median(times + 1, AGAIN);
    _exit(write(ends[1], &o, sizeof o) != sizeof o);
  }
  close(ends[1]);
  if (read(ends[0], &o, sizeof o) != sizeof o) exit(1);
  close(ends[0]);
  if (waitpid(child, &status, 0) != child || status != 0) exit(1);
  return o;
}

static void compare(const char *path, int repeats) {
  double times[4][REPEATS_MAX], mega = 0, speed[4];
  for (int i = 0; i < repeats; i++) {
    Outcome ours = measure(read_corpus, path), theirs = measure(read_kseq, path);
    if (ours.content.bases != theirs.content.bases) fprintf(stderr, "%s: bases differ\n", path);
    times[0][i] = ours.first;
    times[1][i] = theirs.first;
    times[2][i] = ours.later;
    times[3][i] = theirs.later;
    mega = (double)ours.content.bytes / 1e6;
  }
  for (int i = 0; i < 4; i++) speed[i] = mega / median(times[i], repeats);
  printf("| %s | %.0f | %.0f | %.0f | %.2f | %.0f | %.0f | %.2f |\n", path, mega, speed[0],
         speed[1], speed[0] / speed[1], speed[2], speed[3], speed[2] / speed[3]);
  fflush(stdout);
}

int main(int argc, char **argv) {
  int repeats = argc > 2 ? atoi(argv[1]) : 0;
  if (repeats < 1 || repeats > REPEATS_MAX) {
    fprintf(stderr, "usage: bench_read REPEATS FILE...\n");
    return 2;
  }
  printf(
      "| file | MB | first: corpus MB/s | kseq.h MB/s | ratio | again: corpus MB/s | kseq.h MB/s "
      "| ratio |\n|---|---|---|---|---|---|---|---|\n");
  fflush(stdout);
  for (int i = 2; i < argc; i++) compare(argv[i], repeats);
  return 0;
}
