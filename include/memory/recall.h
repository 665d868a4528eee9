/* recall: the trust of a model in its memory: the parameters a, w and o, and their learning.
 *
 *   u     the state of a pointer: bases since its last error, the errors in its last 32 bases and
 *         in the 32 before these, and their excess in every third base before the next one
 *   o[u]  odds: counted right guesses over wrong guesses of pointers in state u
 *   S_j   the sum of o[u] over the pointers that point to follower j, of n followers
 *   s_j   ln(1 + (n-1) S_j), the evidence for follower j; 0 if no pointer points to it
 *   c     the class of a pool: its largest odds, the number of its pointers, and how much the
 *         others contradict the most trusted follower; 0: no pointers, and then a = 1
 *   q     a[c] (h U + b2) + w[c] s
 *
 * A random guess has odds of 1 to n-1, so (n-1) S_j measures how much better the pointers are.
 * (Pointer networks, Vinyals et al. 2015, arXiv 1506.03134; copy experts, XM, Cao et al. 2007.) */
#ifndef RECALL_H
#define RECALL_H

#include <stdint.h>

enum { RECALL_LENGTHS = 16, RECALL_ERRORS = 8, RECALL_OLDER = 4, RECALL_PHASES = 4 };
enum { RECALL_STATES = RECALL_LENGTHS * RECALL_ERRORS * RECALL_OLDER * RECALL_PHASES };
enum { RECALL_ODDS = 9, RECALL_POINTERS = 4, RECALL_OTHERS = 4 };
enum { RECALL_CLASSES = 1 + RECALL_ODDS * RECALL_POINTERS * RECALL_OTHERS };

typedef struct {
  float odds[RECALL_STATES];
  float a[RECALL_CLASSES], w[RECALL_CLASSES];
} Recall;

/* Counts of guesses. */
typedef struct {
  uint64_t right[RECALL_STATES], wrong[RECALL_STATES];
} RecallCounts;

/* G of Adagrad: the sum of the squares of each gradient. */
typedef struct {
  float a[RECALL_CLASSES], w[RECALL_CLASSES];
} RecallSquares;

/* Sets the initial values: a = w = 1, and guessed odds. */
void recall_init(Recall *recall, RecallSquares *squares);

/* The state u of a pointer that guessed the last `length` bases right; bit i of errors is 1 if it
 * guessed the i-th newest base wrong. */
int recall_state(uint32_t length, uint64_t errors);

/* The class c: from the largest odds, the number of pointers, the sum of S_j over all followers,
 * and S_j of the most trusted follower. */
int recall_class(float odds, int pointers, float all, float most, int n);

float recall_evidence(float S, int n); /* s_j */

/* A step of Adagrad down the gradients of the loss with respect to a[c] and w[c]; c > 0. */
void recall_learn(Recall *recall, RecallSquares *squares, int c, float da, float dw);

/* o <- the odds of the guesses counted so far. */
void recall_set_odds(Recall *recall, const RecallCounts *counts);

#endif
