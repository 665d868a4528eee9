/* sampler: new sequence, drawn from a network k-mer by k-mer.
 *
 * Records are drawn side by side, each with its own random numbers, by loops that compute each row
 * alone. Record i is the same for any number of records or threads. */
#ifndef SAMPLER_H
#define SAMPLER_H

#include "model/model.h"

#include <stdbool.h>
#include <stdint.h>

enum { SAMPLER_WARMUP = 1024 }; /* steps before a record without a prompt */

/* The sampling rule. Under both softmaxes, a k-mer is drawn from the followers of the previous one.
 * Of these, only the top_k most likely are kept; of those, only the fewest that together have a
 * fraction top_p of their probability ("nucleus sampling": A. Holtzman et al., "The curious case of
 * neural text degeneration", ICLR 2020). */
typedef struct {
  double temperature; /* divides the logits; 0: always the most likely follower */
  double top_p;       /* 1: all */
  int top_k;          /* 0: all */
  uint64_t seed;
} SamplerRule;

typedef struct Sampler Sampler;

/* model is borrowed. */
Sampler *sampler_new(const Model *model, SamplerRule rule, int threads, const Kernels *kernels);
void sampler_free(Sampler *sampler);

/* Called before the prompt: uses the memory of the model, which must have an index. */
void sampler_recall(Sampler *sampler);

/* Makes all records continue these n >= k letters, all of them bases. The random numbers depend on
 * them too; otherwise the records of two prompts would soon be the same. */
void sampler_prompt(Sampler *sampler, const char *bases, size_t n);

/* Receives the next bases (n) of a record, with records numbered from 0; last: the record ends with
 * them. Returns 0, or -1 on error. */
typedef int SamplerTake(void *context, uint64_t record, const char *bases, size_t n, bool last,
                        Why *why);

/* Draws `count` records of `length` bases and passes them to take, in order. Memory is bounded. */
int sampler_run(Sampler *sampler, uint64_t count, uint64_t length, SamplerTake *take, void *context,
                Why *why);

#endif
