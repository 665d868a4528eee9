/* sampler: new sequence, drawn from a network k-mer by k-mer.
 *
 * Records are drawn side by side, each with random numbers of its own, by loops that work row by
 * row: record i is the same whatever the number of records or of threads. */
#ifndef SAMPLER_H
#define SAMPLER_H

#include "model/model.h"

#include <stdbool.h>
#include <stdint.h>

enum { SAMPLER_WARMUP = 1024 }; /* steps before a record without a prompt */

/* A k-mer is drawn from the followers of the one before, with yhat restricted to them, under both
 * softmaxes: from the top_k likeliest; of these, from the fewest that have together top_p of their
 * probability ("nucleus sampling": A. Holtzman et al., "The curious case of neural text
 * degeneration", ICLR 2020). */
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

/* Before the prompt: the memory of the model, which has an index, is recalled too. */
void sampler_recall(Sampler *sampler);

/* All records continue these letters (n), which are bases, at least k. The random numbers depend on
 * them too, or the records of two prompts would soon be the same. */
void sampler_prompt(Sampler *sampler, const char *bases, size_t n);

/* Gets the next bases (n) of a record, which are numbered from 0; last: it ends with them. */
typedef int SamplerTake(void *context, uint64_t record, const char *bases, size_t n, bool last,
                        Why *why);

/* Hands `count` records of `length` bases to take, in order. Memory is bounded. */
int sampler_run(Sampler *sampler, uint64_t count, uint64_t length, SamplerTake *take, void *context,
                Why *why);

#endif
