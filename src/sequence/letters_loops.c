/* The loops of letters.h. CMake compiles this file once per CPU level; LETTERS is the name of the
 * table. */
#include "sequence/letters.h"

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

extern const Letters LETTERS;

#ifdef __AVX512BW__
enum { WIDTH = 64 };
#elif defined __AVX2__
enum { WIDTH = 32 };
#else
enum { WIDTH = 16 };
#endif
typedef unsigned char Bytes __attribute__((vector_size(WIDTH)));

/* Bit i is 1 if byte i of yes, which is all ones or zero, is not zero. */
static inline uint64_t bits(const Bytes *yes) {
#ifdef __AVX512BW__
  return _mm512_movepi8_mask((__m512i)*yes);
#elif defined __AVX2__
  return (uint32_t)_mm256_movemask_epi8((__m256i)*yes);
#elif defined __SSE2__
  return (uint32_t)_mm_movemask_epi8((__m128i)*yes);
#elif defined __aarch64__
  const uint8x8_t bit = {1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t some = (uint8x16_t)*yes & vcombine_u8(bit, bit);
  return (uint64_t)vaddv_u8(vget_high_u8(some)) << 8 | vaddv_u8(vget_low_u8(some));
#else
  uint64_t mask = 0;
  for (int i = 0; i < WIDTH; i++) mask |= (uint64_t)((*yes)[i] & 1) << i;
  return mask;
#endif
}

/* In ASCII, one bit is the case, and one bit distinguishes A from C, and T from U. */
#define IS_BASE(c) ((((c)&0xdd) == 'A') | (((c)&0xdf) == 'G') | (((c)&0xde) == 'T'))

/* Copies WIDTH letters. Bit i of the result is 1 if letter i is not a base. */
static inline uint64_t copy_block(char *to, const char *from) {
  Bytes c, other;
  memcpy(&c, from, WIDTH);
  memcpy(to, &c, WIDTH);
  other = (Bytes)~IS_BASE(c);
  return bits(&other);
}

static size_t copy_bases(char *restrict to, const char *restrict from, size_t n) {
  size_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    uint64_t others = copy_block(to + i, from + i);
    if (others) return i + (size_t)__builtin_ctzll(others);
  }
  for (; i < n && IS_BASE(from[i]); i++) to[i] = from[i];
  return i;
}

/* This is fast, because the position of the next line does not depend on the end of this one. */
static size_t copy_lines(char *restrict to, const char *restrict from, size_t n, size_t width) {
  size_t lines = 0;
  for (; n >= width + WIDTH && from[width] == '\n'; n -= width + 1, lines++) {
    uint64_t others = 0;
    size_t i = 0;
    for (; i + WIDTH <= width; i += WIDTH) others |= copy_block(to + i, from + i);
    others |= copy_block(to + i, from + i) & (((uint64_t)1 << (width - i)) - 1);
    if (others) break;
    from += width + 1;
    to += width;
  }
  return lines;
}

static size_t copy_line(char *restrict to, const char *restrict from, size_t n) {
  size_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    Bytes c, end;
    memcpy(&c, from + i, WIDTH);
    memcpy(to + i, &c, WIDTH);
    end = (Bytes)((c == '\n') | (c == '\r') | (c == 0));
    uint64_t ends = bits(&end);
    if (ends) return i + (size_t)__builtin_ctzll(ends);
  }
  for (; i < n && from[i] != '\n' && from[i] != '\r' && from[i] != 0; i++) to[i] = from[i];
  return i;
}

static size_t range_run(const char *text, size_t n, char first, char last) {
  const unsigned char low = (unsigned char)first, span = (unsigned char)(last - first);
  size_t i = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    Bytes c, other;
    memcpy(&c, text + i, WIDTH);
    other = (Bytes)((c - low) > span);
    uint64_t others = bits(&other);
    if (others) return i + (size_t)__builtin_ctzll(others);
  }
  for (; i < n && (unsigned char)(text[i] - first) <= span; i++) continue;
  return i;
}

static size_t mark_lowercase(char *letters, size_t n) {
  size_t i = 0, lower = 0;
  for (; i + WIDTH <= n; i += WIDTH) {
    Bytes c, some;
    memcpy(&c, letters + i, WIDTH);
    some = (Bytes)(IS_BASE(c) & ((c & 0x20) != 0));
    c |= some & LETTER_MARK;
    memcpy(letters + i, &c, WIDTH);
    lower += (size_t)__builtin_popcountll(bits(&some));
  }
  for (; i < n; i++)
    if (IS_BASE(letters[i]) && letters[i] & 0x20) {
      letters[i] = (char)(letters[i] | LETTER_MARK);
      lower++;
    }
  return lower;
}

/* The sum of the eight bytes of a word. */
static inline uint64_t sum_bytes(uint64_t x) {
  x = (x & 0x00ff00ff00ff00ff) + (x >> 8 & 0x00ff00ff00ff00ff);
  return x * 0x0001000100010001 >> 48;
}

/* Packs eight letters at a time, as the bytes of a word. Bits 1 and 2 of A C T G are 0 1 2 3. */
static LetterCounts pack_bases(uint8_t *restrict packed, const char *restrict letters, size_t n) {
  const uint64_t ones = 0x0101010101010101;
  LetterCounts counts = {0};
  for (size_t words = (n + 7) / 8, some; words > 0; words -= some) {
    uint64_t low = 0, high = 0, both = 0, lower = 0; /* sums in bytes, each at most 255 */
    some = words < 255 ? words : 255;
    for (size_t i = 0; i < some; i++) {
      uint64_t w, x;
      memcpy(&w, letters + 8 * i, 8);
      x = w >> 1 & 3 * ones;
      x ^= x >> 1 & ones;
      low += x & ones;
      high += x >> 1 & ones;
      both += x & x >> 1 & ones;
      lower += w >> 5 & ones;
      x = (x | x >> 6) & 0x000f000f000f000f;
      x = (x | x >> 12) & 0x000000ff000000ff;
      uint16_t two = (uint16_t)(x | x >> 24);
      memcpy(packed + 2 * i, &two, 2);
    }
    counts.C += sum_bytes(low) - sum_bytes(both);
    counts.G += sum_bytes(high) - sum_bytes(both);
    counts.T += sum_bytes(both);
    counts.lower += sum_bytes(lower);
    letters += 8 * some;
    packed += 2 * some;
  }
  counts.A = n - counts.C - counts.G - counts.T;
  return counts;
}

const Letters LETTERS = {.copy_bases = copy_bases,
                         .copy_lines = copy_lines,
                         .copy_line = copy_line,
                         .range_run = range_run,
                         .mark_lowercase = mark_lowercase,
                         .pack_bases = pack_bases};
