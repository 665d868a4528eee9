/* alloc: memory that is there, or a sentence and exit 1. */
#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>

/* Returns count*size zeroed bytes, to be freed with free(). Where the product overflows or the
 * memory cannot be had, prints how much was asked for and exits with 1. */
void *alloc_new(size_t count, size_t size);

/* The same for floats, aligned to a cache line (64 bytes), and to huge pages, which the kernel is
 * asked for, where they are many; see alloc_numbers. */
float *alloc_floats(size_t count);

/* count*size zeroed bytes for numbers that are written later, as those of alloc_floats are: while
 * memory is counted neither is there, and only free() may touch them. */
void *alloc_numbers(size_t count, size_t size);

/* In between, the functions above and alloc_resize add up the bytes that are asked for, and arrays
 * of numbers are blocks without room: so the functions that make an object count its memory, at no
 * cost, when they make one that is freed at once. One thread. */
void alloc_count_begin(void);
size_t alloc_count_end(void); /* the sum */

/* size bytes that are not zeroed, for libraries that ask. */
void *alloc_bytes(size_t size);

/* Makes block (from alloc_new, or NULL) count*size bytes long; what is new is not zeroed. */
void *alloc_resize(void *block, size_t count, size_t size);

/* A copy of text, to be freed with free(). */
char *alloc_text(const char *text);

#endif
