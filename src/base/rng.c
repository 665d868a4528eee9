#include "base/rng.h"

static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Rng rng_new(uint64_t seed, uint64_t stream) { return (Rng){mix(seed) ^ mix(~stream)}; }

uint64_t rng_next(Rng *rng) { return mix(rng->state += 0x9E3779B97F4A7C15u); }

double rng_uniform(Rng *rng) { return (double)(rng_next(rng) >> 11) * 0x1p-53; }

uint64_t rng_permute(uint64_t i, uint64_t n, uint64_t key) {
  enum { ROUNDS = 6 };
  int half = 1;
  while (half < 32 && n > (uint64_t)1 << (2 * half)) half++;
  uint64_t mask = ((uint64_t)1 << half) - 1;
  do {
    uint64_t left = i >> half, right = i & mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
      uint64_t next = left ^ (mix(right ^ mix(key + round)) & mask);
      left = right;
      right = next;
    }
    i = left << half | right;
  } while (i >= n);
  return i;
}
