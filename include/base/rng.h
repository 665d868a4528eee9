/* rng: random numbers from one seed, by a generator whose whole state is one number.
 *
 * SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA
 * 2014. A stream number keeps the users of one seed apart. */
#ifndef RNG_H
#define RNG_H

#include <stdint.h>

typedef struct {
  uint64_t state;
} Rng;

/* A generator with the state that this seed and stream determine. */
Rng rng_new(uint64_t seed, uint64_t stream);
uint64_t rng_next(Rng *rng);  /* uniform over 0 .. 2^64-1 */
double rng_uniform(Rng *rng); /* uniform over [0, 1) */

/* The i-th entry of the key-th random permutation of 0..n-1 (i < n), without a table: a Feistel
 * network on the smallest even number of bits that holds n, walked until it falls below n
 * (J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). */
uint64_t rng_permute(uint64_t i, uint64_t n, uint64_t key);

#endif
