/* bench_memory: the memory of repeats without a network, on the last tenth of a file.
 *
 *     bench_memory FILE [EVERY [M]]
 *
 * The memory holds the first nine tenths, and is calibrated on their last 3 million bases. Prints
 * bits per base, with the memory frozen and adapting, and the processor time. All logits of the
 * network are equal. */
#include "base/alloc.h"
#include "memory/pool.h"
#include "sequence/corpus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALIBRATED = 3000000, COUNTED = 4096 /* bases between two updates of the odds */ };

typedef struct {
  Recall recall;
  RecallSquares squares;
  RecallCounts counts;
} Learning;

static double seconds_of_cpu(void) { return (double)clock() / CLOCKS_PER_SEC; }

static void count_guesses(RecallCounts *counts, const Pool *pool, int base) {
  int n;
  const Pointer *pointer = pool_pointers(pool, &n);
  for (int i = 0; i < n; i++) {
    uint64_t *count = pointer[i].guess == base ? counts->right : counts->wrong;
    count[pointer[i].state]++;
  }
}

/* Returns the bits of a base; learns from it if calibrating. */
static double bits_of(Pool *pool, Learning *learning, int base, bool calibrating) {
  Vote votes[POOL_POINTERS];
  int n;
  const int c = pool_evidence(pool, votes, &n);
  double s[4] = {0}, yhat[4], sum = 0, dw = 0;
  for (int i = 0; i < n; i++) s[votes[i].j] = (double)votes[i].s;
  for (int j = 0; j < 4; j++) {
    yhat[j] = exp((double)learning->recall.w[c] * s[j]);
    sum += yhat[j];
  }
  for (int j = 0; j < 4; j++) dw += (yhat[j] / sum - (j == base)) * s[j];
  if (calibrating && c > 0) recall_learn(&learning->recall, &learning->squares, c, 0, (float)dw);
  if (calibrating) count_guesses(&learning->counts, pool, base);
  return -log2(yhat[base] / sum);
}

typedef struct {
  double bits, microseconds; /* per base */
} Outcome;

/* Reads bases begin .. end-1 of the corpus. */
static Outcome read_bases(Pool *pool, Learning *learning, const Corpus *corpus, uint64_t begin,
                          uint64_t end, bool calibrating) {
  const double began = seconds_of_cpu();
  double bits = 2; /* for the first base */
  pool_read(pool, corpus_base(corpus, begin), true);
  for (uint64_t i = begin + 1; i < end; i++) {
    const int base = corpus_base(corpus, i);
    bits += bits_of(pool, learning, base, calibrating);
    if (calibrating) pool_ignore(pool, (int64_t)i + 1);
    pool_read(pool, base, false);
    if (calibrating && i % COUNTED == 0) recall_set_odds(&learning->recall, &learning->counts);
  }
  const double n = (double)(end - begin);
  return (Outcome){bits / n, (seconds_of_cpu() - began) / n * 1e6};
}

static Outcome measure(const Memory *memory, Memory *own, Learning *learning, const Corpus *corpus,
                       bool calibrating) {
  const Shape shape = shape_new(1, 1, 1, 1, ACTIVATION_TANH, SOFTMAX_FOLLOWERS);
  const uint64_t known = memory->bases;
  Pool *pool = pool_new(memory, own, &learning->recall, &shape);
  const uint64_t first = known < CALIBRATED ? 0 : known - CALIBRATED;
  const Outcome outcome = calibrating
                              ? read_bases(pool, learning, corpus, first, known, true)
                              : read_bases(pool, learning, corpus, known, corpus->bases, false);
  pool_free(pool);
  return outcome;
}

static Corpus *read_file(const char *path) {
  Why why;
  SeqCounts counts;
  Corpus *corpus = corpus_new();
  if (corpus_read(corpus, path, &(Reading){0}, &counts, &why) == 0) return corpus;
  fprintf(stderr, "bench_memory: %s\n", why.text);
  exit(1);
}

/* Returns a memory of the first nine tenths. */
static Memory *remember(const Corpus *corpus, int every, int m) {
  const uint64_t known = corpus->bases - corpus->bases / 10;
  Records *records = records_new();
  Range range = {0, known};
  records_segment(records, 0, known);
  records_end(records, "all", 3, known, false);
  Memory *memory = memory_new(records, m ? m : memory_choose_m(known), every, true);
  memory_copy(memory, &(Span){corpus, &range, 1, 1});
  memory_index(memory, &(Watch){0});
  return memory;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: bench_memory FILE [EVERY [M]]\n");
    return 2;
  }
  Corpus *corpus = read_file(argv[1]);
  const double began = seconds_of_cpu();
  Memory *memory = remember(corpus, argc > 2 ? atoi(argv[2]) : 1, argc > 3 ? atoi(argv[3]) : 0);
  const double seconds = seconds_of_cpu() - began;
  Memory *own = memory_new_growing(memory->m, true);
  Learning *learning = alloc_new(1, sizeof *learning);
  recall_init(&learning->recall, &learning->squares);
  const Outcome calibration = measure(memory, NULL, learning, corpus, true);
  const Outcome frozen = measure(memory, NULL, learning, corpus, false);
  const Outcome adapting = measure(memory, own, learning, corpus, false);
  printf(
      "| file | m | every | MB | index s | calibrate us a base | frozen bits | us | adapting bits "
      "| us |\n|---|---|---|---|---|---|---|---|---|---|\n"
      "| %s | %d | %d | %.0f | %.2f | %.2f | %.4f | %.2f | %.4f | %.2f |\n",
      argv[1], memory->m, memory->every,
      (double)memory_bytes(memory->bases, memory->m, memory->every) / 1e6, seconds,
      calibration.microseconds, frozen.bits, frozen.microseconds, adapting.bits,
      adapting.microseconds);
  free(learning);
  memory_free(own);
  memory_free(memory);
  corpus_free(corpus);
  return 0;
}
