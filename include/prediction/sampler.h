/* sampler: new sequence, drawn from a network k-mer by k-mer.
 *
 * Records are drawn side by side, each with random numbers of its own, by loops that work row by
 * row: record i is the same whatever the number of records or of threads. */
#ifndef SAMPLER_H
#define SAMPLER_H

#include "model/model.h"

#include <stdbool.h>
#include <stdint.h>

enum { SAMPLER_WARMUP = 1024 }; /* steps before a record that goes on no prompt */

/* What a k-mer is drawn from: the followers of the one before, with yhat restricted to them; under
 * both softmaxes. top_k first: the likeliest so many (0: all); then top_p, "nucleus sampling": the
 * least number of the likeliest that have that part of what is left (A. Holtzman et al., "The
 * curious case of neural text degeneration", ICLR 2020). */
typedef struct {
  double temperature; /* divides the logits; 0: the likeliest */
  double top_p;       /* 1: all */
  int top_k;          /* 0: all */
  uint64_t seed;
} SamplerRule;

typedef struct Sampler Sampler;

/* model is borrowed. */
Sampler *sampler_new(const Model *model, SamplerRule rule, int threads, const Kernels *kernels);
void sampler_free(Sampler *sampler);

/* Lets all records continue these letters (n), which are bases, k of them at least. The random
 * numbers depend on them too, or the records of two prompts would soon be the same. */
void sampler_prompt(Sampler *sampler, const char *bases, size_t n);

/* Some of the bases (n) of record i, from 0, and whether they are its last. */
typedef int SamplerTake(void *context, uint64_t record, const char *bases, size_t n, bool last,
                        Why *why);

/* Hands `count` records of `length` bases to take, in order. Memory is bounded. */
int sampler_run(Sampler *sampler, uint64_t count, uint64_t length, SamplerTake *take, void *context,
                Why *why);

#endif
