#include "memory/recall.h"

#include <assert.h>
#include <math.h>

static const float RATE = 0.1f;
/* Each state begins with PRIOR_GUESSES counted guesses. The fraction of right guesses is at most
 * MOST. */
static const float PRIOR_GUESSES = 4, MOST = 0.9995f;

/* The number of ascending bounds not above x. */
static int class_of(float x, const float *bound, int n) {
  int i = 0;
  while (i < n && x >= bound[i]) i++;
  return i;
}

/* Coding sequence differs most in the third bases of codons: a pointer with errors in every third
 * base will probably err in the next of these, and hardly in the two bases after it. */
int recall_state(uint32_t length, uint64_t errors) {
  static const float LENGTHS[RECALL_LENGTHS - 1] = {1,  2,  3,  4,  5,  7,   9,   12,
                                                    16, 20, 24, 32, 64, 256, 1024};
  static const float ERRORS[RECALL_ERRORS - 1] = {1, 2, 3, 5, 9, 13, 17};
  static const float OLDER[RECALL_OLDER - 1] = {5, 10, 16};
  static const float PHASES[RECALL_PHASES - 1] = {-3, 1, 5};
  const uint64_t THIRDS = 0x4924924924924924; /* 3, 6, 9, ... bases before the next one */
  const int all = __builtin_popcountll(errors), older = __builtin_popcountll(errors >> 32);
  const int excess = 3 * __builtin_popcountll(errors & THIRDS) - all;
  int u = class_of((float)length, LENGTHS, RECALL_LENGTHS - 1);
  u = u * RECALL_ERRORS + class_of((float)(all - older), ERRORS, RECALL_ERRORS - 1);
  u = u * RECALL_OLDER + class_of((float)older, OLDER, RECALL_OLDER - 1);
  return u * RECALL_PHASES + class_of((float)excess, PHASES, RECALL_PHASES - 1);
}

int recall_class(float odds, int pointers, float all, float most, int n) {
  static const float ODDS[RECALL_ODDS - 1] = {0.5f, 1, 2, 4, 8, 16, 32, 100};
  static const float POINTERS[RECALL_POINTERS - 1] = {2, 3, 5};
  static const float OTHERS[RECALL_OTHERS - 1] = {0.01f, 0.1f, 0.4f};
  const float others = (all - most) / (most + 1 / (float)(n - 1));
  int c = class_of(odds, ODDS, RECALL_ODDS - 1);
  c = c * RECALL_POINTERS + class_of((float)pointers, POINTERS, RECALL_POINTERS - 1);
  c = c * RECALL_OTHERS + class_of(others, OTHERS, RECALL_OTHERS - 1);
  return 1 + c;
}

float recall_evidence(float S, int n) { return logf(1 + (float)(n - 1) * S); }

/* The fraction of right guesses in a state before any are counted. */
static float prior(int u) {
  const int length_errors = u / (RECALL_OLDER * RECALL_PHASES);
  const int length = length_errors / RECALL_ERRORS, errors = length_errors % RECALL_ERRORS;
  const float long_run = length > 8 ? 1 : (float)length / 8;
  return 0.3f + 0.65f * long_run * (1 - (float)errors / RECALL_ERRORS);
}

void recall_set_odds(Recall *recall, const RecallCounts *counts) {
  for (int u = 0; u < RECALL_STATES; u++) {
    const float right = (float)counts->right[u] + PRIOR_GUESSES * prior(u);
    const float all = (float)(counts->right[u] + counts->wrong[u]) + PRIOR_GUESSES;
    const float share = fminf(right / all, MOST);
    recall->odds[u] = share / (1 - share);
  }
}

void recall_init(Recall *recall, RecallSquares *squares) {
  recall_set_odds(recall, &(RecallCounts){{0}, {0}});
  for (int c = 0; c < RECALL_CLASSES; c++) {
    recall->a[c] = 1;
    recall->w[c] = c == 0 ? 0 : 1;
    squares->a[c] = squares->w[c] = 1e-2f;
  }
}

void recall_learn(Recall *recall, RecallSquares *squares, int c, float da, float dw) {
  assert(c > 0);
  squares->a[c] += da * da;
  squares->w[c] += dw * dw;
  recall->a[c] -= RATE * da / sqrtf(squares->a[c]);
  recall->w[c] -= RATE * dw / sqrtf(squares->w[c]);
}
