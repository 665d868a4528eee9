/* alloc: memory allocation. Without memory, the program prints the size asked for and exits with
 * 1. */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* Returns count*size zeroed bytes, to be freed with free(). If the product overflows or there is
 * not enough memory, prints the size asked for and exits with 1. */
void *alloc_new(size_t count, size_t size);

/* The same for floats, aligned to a cache line (64 bytes); a large block is on huge pages. */
float *alloc_floats(size_t count);

/* The same as alloc_new for an array of numbers; a large one is on huge pages, as floats are.
 * Functions that make objects must not write into arrays from alloc_numbers and alloc_floats,
 * because these arrays are empty while alloc_count_begin counts. */
void *alloc_numbers(size_t count, size_t size);

/* Count the memory of objects that are made and freed between the two calls: alloc_count_end
 * returns the sum of the bytes requested from the functions above and from alloc_resize. Between
 * the calls, arrays of numbers are empty blocks, which must not be written to; objects of any size
 * can therefore be counted. No other thread may allocate between the calls. */
void alloc_count_begin(void);
size_t alloc_count_end(void);

/* Resizes block (from alloc_new, or NULL) to count*size bytes; the added part is not zeroed. */
void *alloc_resize(void *block, size_t count, size_t size);

/* Grows block, an array of *room elements of size bytes, to hold at least count elements. It grows
 * by half, so pushing elements one by one copies little. The added part is not zeroed. */
void *alloc_grow(void *block, size_t *room, size_t count, size_t size);

/* A copy of text, to be freed with free(). */
char *alloc_text(const char *text);

/* The same for the text that vprintf would print. */
char *alloc_format(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#endif
