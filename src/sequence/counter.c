#include "sequence/counter.h"

#include "base/alloc.h"

#include <stdlib.h>

Counter counter_new(size_t n) {
  return (Counter){.n = n, .low = alloc_numbers(n, sizeof(uint32_t))};
}

void counter_free(Counter *counter) {
  free(counter->low);
  free(counter->high);
  *counter = (Counter){.n = 0};
}

void counter_widen(Counter *counter) {
  if (!counter->high) counter->high = alloc_numbers(counter->n, sizeof *counter->high);
}

void counter_set(Counter *counter, size_t i, uint64_t count) {
  if (count > COUNTER_MAX) count = COUNTER_MAX;
  counter->low[i] = (uint32_t)count;
  if (count <= UINT32_MAX && !counter->high) return;
  counter_widen(counter);
  counter->high[i] = (uint16_t)(count >> 32);
}
