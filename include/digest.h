/* digest: whether two long inputs are the same, from 64 bits of each. It finds mistakes, not
 * malice. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* The digest of what gave `digest` (0: of nothing) and of these bytes, or of this number, after it.
 */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t n);
uint64_t digest_number(uint64_t digest, uint64_t number);

#endif
