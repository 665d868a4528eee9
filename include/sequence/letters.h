/* letters: the loops over letters of sequence, compiled once for every CPU level and chosen at run
 * time. All levels give the same results. Arrays do not overlap. */
#ifndef LETTERS_H
#define LETTERS_H

#include <stddef.h>
#include <stdint.h>

/* The bit that marks a letter as ambiguous: kmer_base does not take a marked letter for a base. */
enum { LETTER_MARK = 0x80 };

/* Whether lower-case letters are read like upper-case ones, or as ambiguous. */
typedef enum { LOWERCASE_KEEP, LOWERCASE_AMBIGUOUS } Lowercase;

/* Counts of bases in either case, with U counted as T, and of the lower-case ones among them. */
typedef struct {
  uint64_t A, C, G, T, lower;
} LetterCounts;

typedef struct {
  /* Copies letters from the front of `from` (n) as long as they are A C G T U in either case;
   * returns their number. The rest of `to` (n) is undefined. */
  size_t (*copy_bases)(char *to, const char *from, size_t n);
  /* The same for whole lines, each `width` bases and a '\n': copies the letters and returns the
   * number of lines. It stops before the last of the n characters; copy_bases must do the rest. */
  size_t (*copy_lines)(char *to, const char *from, size_t n, size_t width);
  /* Copies characters up to the first '\n', '\r' or 0; returns their number. */
  size_t (*copy_line)(char *to, const char *from, size_t n);
  /* The number of characters before the first one outside first..last. */
  size_t (*range_run)(const char *text, size_t n, char first, char last);
  /* Marks letters (n) that are lower-case bases; returns their number. */
  size_t (*mark_lowercase)(char *letters, size_t n);
  /* Packs letters at 2 bits, base i in bits 2(i%4) of byte i/4, into whole pairs of bytes, and
   * counts the first n. All n are bases, followed by 'A's up to a multiple of 8. */
  LetterCounts (*pack_bases)(uint8_t *packed, const char *letters, size_t n);
} Letters;

/* The loops of the best level that this CPU runs. */
const Letters *letters_best(void);

/* The loops of one level (cpu.h), or NULL if this build or this CPU lacks it; for tests. */
const Letters *letters_level(int level);

#endif
