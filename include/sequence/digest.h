/* digest: 64-bit digests, to compare two long inputs. Not cryptographic. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* Extends a digest (0: the empty one) by bytes, or by a number. */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t n);
uint64_t digest_number(uint64_t digest, uint64_t number);

#endif
