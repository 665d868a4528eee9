/* varint: numbers in few bytes: seven bits per byte, low bits first, with the top bit set on all
 * bytes but the last (LEB128). The functions are in the header to be inlined, because short reads
 * need them for each segment. */
#ifndef VARINT_H
#define VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX = 10 /* bytes of one number */ };

/* Writes a number; returns the number of bytes written. */
static inline size_t varint_put(uint8_t *to, uint64_t number) {
  size_t n = 0;
  for (; number >= 128; number >>= 7) to[n++] = (uint8_t)(number | 128);
  to[n++] = (uint8_t)number;
  return n;
}

/* Reads the number at *at and moves *at past it. */
static inline uint64_t varint_get(const uint8_t *bytes, size_t *at) {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = bytes[(*at)++];
    number |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return number;
  }
}

#endif
