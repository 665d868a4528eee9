#include "base/search.h"

size_t search_last(const uint64_t *member, size_t n, size_t size, uint64_t limit) {
  size_t begin = 0, end = n;
  while (end - begin > 1) {
    const size_t middle = begin + (end - begin) / 2;
    if (*(const uint64_t *)(const void *)((const char *)member + middle * size) <= limit)
      begin = middle;
    else
      end = middle;
  }
  return begin;
}
