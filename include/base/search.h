/* search: a binary search in structs that ascend. */
#ifndef SEARCH_H
#define SEARCH_H

#include <stddef.h>
#include <stdint.h>

/* Of n structs of this size, which ascend in a member, the last one whose member is `limit` at
 * most; the first struct if all have more. member points to that of the first struct. */
size_t search_last(const uint64_t *member, size_t n, size_t size, uint64_t limit);

#endif
