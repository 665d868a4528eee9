#include "sequence/kmer.h"

#include <string.h>

int kmer_base(unsigned char letter) {
  switch (letter) {
  case 'A':
  case 'a': return 0;
  case 'C':
  case 'c': return 1;
  case 'G':
  case 'g': return 2;
  case 'T':
  case 't':
  case 'U':
  case 'u': return 3;
  case 0: return KMER_INVALID;
  default: return strchr("RYSWKMBDHVNryswkmbdhvn-.", letter) ? KMER_BREAK : KMER_INVALID;
  }
}

void kmer_text(char *text, int kmer, int k) {
  for (int i = 0; i < k; i++) text[i] = "ACGT"[kmer >> 2 * (k - 1 - i) & 3];
  text[k] = 0;
}

int kmer_followers(int kmer, int k, int s) {
  /* Drop the first s bases before the shift, which would otherwise exceed 32 bits for k=12 and
   * s=12. */
  return (kmer & (kmer_count(k - s) - 1)) << 2 * s;
}
