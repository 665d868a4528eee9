#include "sequence/digest.h"

#include <string.h>

#define ODD UINT64_C(0x9e3779b97f4a7c15)

/* Each step can be inverted: from the same digest, different numbers give different digests. */
uint64_t digest_number(uint64_t digest, uint64_t number) {
  digest = (digest ^ number) * ODD + 1;
  digest ^= digest >> 32;
  digest *= UINT64_C(0xd6e8feb86659fd93);
  return digest ^ digest >> 32;
}

/* Half such a step for each word, a whole one for the length and the remaining bytes. */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t n) {
  const unsigned char *from = bytes;
  uint64_t word;
  size_t left = n;
  for (; left >= sizeof word; left -= sizeof word, from += sizeof word) {
    memcpy(&word, from, sizeof word);
    digest = (digest ^ word) * ODD;
    digest ^= digest >> 32;
  }
  word = left; /* above the remaining bytes, at most 7 */
  for (size_t i = 0; i < left; i++) word = word << 8 | from[i];
  return digest_number(digest, word);
}
