/* examined: the members of run.json that are drawn as maps: mean predictions after each k-mer, and
 * a passage of the validation step by step. A list of the wrong length counts as missing. */
#ifndef EXAMINED_H
#define EXAMINED_H

#include <jansson.h>

enum { EXAMINED_KMERS = 256, EXAMINED_STEPS = 64, EXAMINED_UNITS = 48 };

typedef struct {
  int k;                       /* bases of the k-mers before a predicted base; 0: not measured */
  double n[EXAMINED_KMERS];    /* (4^k) predictions after the k-mer */
  double p[4][EXAMINED_KMERS]; /* their means, for A, C, G, T; NAN: no predictions */
} NextBases;

typedef struct {
  int steps;          /* 0: not measured */
  const char *record; /* name; "": this and from are unknown */
  double from;        /* letter in the record of the first base */
  int base[EXAMINED_STEPS];
  double p[4][EXAMINED_STEPS]; /* probabilities of A, C, G and T for the base */
  int units;
  double unit[EXAMINED_UNITS];           /* numbers, from 1 */
  int h[EXAMINED_UNITS][EXAMINED_STEPS]; /* from 0, h_least, to 9, h_most */
  double h_least, h_most;
} PassageData;

/* Read the members from the root object of run.json. */
void examined_next(NextBases *next, const json_t *root);
void examined_passage(PassageData *passage, const json_t *root); /* borrows texts of root */

#endif
