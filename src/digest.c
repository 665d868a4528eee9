#include "digest.h"

#include <string.h>

/* For any digest, another number gives another digest: each step can be undone. */
uint64_t digest_number(uint64_t digest, uint64_t number) {
  digest = (digest ^ number) * UINT64_C(0x9e3779b97f4a7c15) + 1;
  digest ^= digest >> 32;
  digest *= UINT64_C(0xd6e8feb86659fd93);
  return digest ^ digest >> 32;
}

uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t n) {
  const unsigned char *from = bytes;
  uint64_t word;
  size_t left = n;
  for (; left >= 8; left -= 8, from += 8) {
    memcpy(&word, from, 8);
    digest = digest_number(digest, word);
  }
  word = 0;
  for (size_t i = 0; i < left; i++) word = word << 8 | from[i];
  if (left > 0) digest = digest_number(digest, word);
  return digest_number(digest, n);
}
