/* varint: numbers in as few bytes as they need: seven bits a byte, low first, the top bit set on
 * all but the last. In the header, so that it costs no call for each segment of short reads. */
#ifndef VARINT_H
#define VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX = 10 /* bytes of one number */ };

/* Writes a number; returns its bytes. */
static inline size_t varint_put(uint8_t *to, uint64_t number) {
  size_t n = 0;
  for (; number >= 128; number >>= 7) to[n++] = (uint8_t)(number | 128);
  to[n++] = (uint8_t)number;
  return n;
}

/* The number at *at, which moves past it. */
static inline uint64_t varint_get(const uint8_t *bytes, size_t *at) {
  uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const uint8_t byte = bytes[(*at)++];
    number |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return number;
  }
}

#endif
