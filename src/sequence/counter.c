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
