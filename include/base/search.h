/* search: binary search in a sorted array of structs. */
#ifndef SEARCH_H
#define SEARCH_H

#include <stddef.h>
#include <stdint.h>

/* The index of the last of n structs whose member is at most `limit`; 0 if all have more. The
 * structs, of `size` bytes each, ascend in this member; `member` points to that of the first
 * struct. */
size_t search_last(const uint64_t *member, size_t n, size_t size, uint64_t limit);

#endif
