/* recall: how much a model trusts its memory: the constants a, w and o, and their learning.
 *
 *   o[u]  odds: right to wrong guesses of pointers in state u, counted
 *   v_j   (n-1) times the sum of o[u_p] over the pointers p that point to follower j of n
 *   s_j   ln(1 + v_j), the evidence for follower j; 0 for all that no pointer points to
 *   c     the class of a pool, from all its pointers; 0: it has none, and then a = 1
 *   q     a[c] (h U + b2) + w[c] s
 *
 * (Pointer networks, Vinyals et al. 2015, arXiv 1506.03134; copy experts, XM, Cao et al. 2007.) */
#ifndef RECALL_H
#define RECALL_H

#include <stddef.h>
#include <stdint.h>

enum { RECALL_STATES = 16 * 7, RECALL_CLASSES = 1 + 9 * 6 * 4 };

typedef struct {
  float odds[RECALL_STATES];
  float a[RECALL_CLASSES], w[RECALL_CLASSES];
} Recall;

#endif
