/* kmer: bases to k-mers and back. A=0 C=1 G=2 T=3. A k-mer is a number in base 4, with the first
 * base most significant. The vocabulary of all k-mers is thus 0 .. 4^k - 1, in alphabetical
 * order. */
#ifndef KMER_H
#define KMER_H

typedef enum { STRANDS_FORWARD, STRANDS_BOTH } Strands; /* the strands of DNA to read */

enum { KMER_MAX = 12, KMER_BREAK = 4, KMER_INVALID = 5 };

/* The code of a letter of a sequence file: 0..3 for A C G T U in either case, KMER_BREAK for
 * the IUPAC codes of ambiguous bases and for gaps (- .), KMER_INVALID for anything else. */
int kmer_base(unsigned char letter);

/* |V| = 4^k; 0 <= k <= KMER_MAX. */
static inline int kmer_count(int k) { return 1 << 2 * k; }

/* Writes the k-mer as k letters and a zero; text has room for k+1. */
void kmer_text(char *text, int kmer, int k);

/* The first k-mer that can follow. With stride s the next k-mer repeats the last k-s bases of this
 * one, so its followers are the 4^s consecutive k-mers from this one on. */
int kmer_followers(int kmer, int k, int s);

#endif
