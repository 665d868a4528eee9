/* counter: a table of counts of 4 bytes each, and of 6 once one of them needs more: 48 bits are
 * enough for more bases than any memory holds. */
#ifndef COUNTER_H
#define COUNTER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  size_t n;
  uint32_t *low;  /* (n) */
  uint16_t *high; /* (n) above those 32 bits; NULL: all are 0 */
} Counter;

Counter counter_new(size_t n); /* counts of 0 */
void counter_free(Counter *counter);
void counter_widen(Counter *counter); /* makes `high`, if it is not there */

static inline uint64_t counter_get(const Counter *counter, size_t i) {
  return counter->low[i] | (counter->high ? (uint64_t)counter->high[i] << 32 : 0);
}

static inline void counter_add(Counter *counter, size_t i, uint64_t n) {
  const uint64_t sum = counter->low[i] + n;
  counter->low[i] = (uint32_t)sum;
  if (sum <= UINT32_MAX) return;
  counter_widen(counter);
  counter->high[i] = (uint16_t)(counter->high[i] + (sum >> 32));
}

#endif
