#include "trial.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "sequence/kmer.h"
#include "sequence/varint.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BASES = 1 << 24 };

/* ---- the network and its input --------------------------------------------------------------- */

/* Random bases in one segment. */
static Corpus *random_corpus(void) {
  Corpus *corpus = corpus_new();
  Rng rng = rng_new(2, 1);
  corpus->packed = alloc_numbers(BASES / 4, 1);
  for (size_t i = 0; i < BASES / 4; i++) corpus->packed[i] = (uint8_t)rng_next(&rng);
  corpus->bases = BASES;
  corpus->lengths = alloc_numbers(VARINT_MAX, 1);
  corpus->lengths_size = varint_put(corpus->lengths, BASES);
  return corpus;
}

static void new_input(Trial *trial, const TrialSize *size) {
  const LanesWish wish = {size->k, 1, size->B, size->T, STRANDS_FORWARD, 0, 1};
  trial->corpus = random_corpus();
  trial->span.corpus = trial->corpus;
  span_add(&trial->span, 0, BASES);
  trial->lanes = lanes_new(trial->span, wish);
  trial->window = window_new(size->T, size->B);
}

Trial *trial_new(const TrialSize *size, TrialOptimizer optimizer, int threads,
                 const Kernels *kernels) {
  const bool plain = optimizer == TRIAL_SGD;
  const OptimizerKind kind = plain ? OPTIMIZER_SGD : OPTIMIZER_ADAM;
  Trial *trial = alloc_new(1, sizeof *trial);
  Shape *shape = &trial->shape;
  *shape = shape_new(size->k, 1, size->d, size->D, ACTIVATION_SIGMOID, size->softmax);
  trial->bptt = bptt_new(shape, size->T, size->B, threads, kernels);
  trial->w = weights_new(shape);
  weights_init(trial->w, shape, 1);
  trial->gradient = gradient_new(shape, size->T * size->B);
  trial->optimizer = optimizer_new(kind, shape, plain ? 0 : 1000);
  if (!plain) optimizer_average(trial->optimizer, trial->w);
  trial->rate = plain ? 0.1 : optimizer_default_rate(kind);
  trial->clip = plain ? 5 : 1;
  trial->threads = threads;
  new_input(trial, size);
  return trial;
}

void trial_free(Trial *trial) {
  bptt_free(trial->bptt);
  weights_free(trial->w);
  gradient_free(trial->gradient);
  optimizer_free(trial->optimizer);
  lanes_free(trial->lanes);
  window_free(trial->window);
  span_free(&trial->span);
  corpus_free(trial->corpus);
  free(trial);
}

void trial_read(Trial *trial) {
  if (lanes_next(trial->lanes, trial->window)) return;
  lanes_start(trial->lanes, 0);
  lanes_next(trial->lanes, trial->window);
}

void trial_move(Trial *trial) {
  bptt_run(trial->bptt, trial->gradient, trial->w, trial->window, trial->lanes);
  optimizer_step(trial->optimizer, trial->w, trial->gradient, trial->rate, trial->clip,
                 trial->threads, kernels_best());
}

/* ---- the command line ------------------------------------------------------------------------ */

static int parse_int(const char *text, long max, int *value) {
  char *end;
  errno = 0;
  long number = strtol(text, &end, 10);
  if (!isdigit((unsigned char)text[0]) || *end || errno || number < 1 || number > max) return -1;
  *value = (int)number;
  return 0;
}

int trial_parse(TrialSize *size, char **words) {
  enum { LARGEST = 65536 };
  if (parse_int(words[0], KMER_MAX, &size->k) != 0) return -1;
  if (parse_int(words[1], LARGEST, &size->d) != 0) return -1;
  if (parse_int(words[2], LARGEST, &size->D) != 0) return -1;
  if (parse_int(words[3], LARGEST, &size->B) != 0) return -1;
  if (parse_int(words[4], LARGEST, &size->T) != 0) return -1;
  size->softmax = strcmp(words[5], "full") == 0 ? SOFTMAX_FULL : SOFTMAX_FOLLOWERS;
  return size->softmax == SOFTMAX_FULL || strcmp(words[5], "followers") == 0 ? 0 : -1;
}

int trial_parse_threads(const char *text, int *threads) { return parse_int(text, 1024, threads); }

int trial_parse_seconds(const char *text, double *seconds) {
  char *end;
  *seconds = strtod(text, &end);
  return isdigit((unsigned char)text[0]) && !*end && *seconds > 0 && isfinite(*seconds) ? 0 : -1;
}
