/* alloc: memory that is there, or a sentence and exit 1. */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* Returns count*size zeroed bytes, to be freed with free(). Where the product overflows or the
 * memory cannot be had, prints how much was asked for and exits with 1. */
void *alloc_new(size_t count, size_t size);

/* The same for floats, aligned to a cache line (64 bytes), and to huge pages where they are many.
 */
float *alloc_floats(size_t count);

/* The same as alloc_new for an array of numbers; for a large one the kernel is asked for huge
 * pages, as for floats. Functions that make objects must not write into arrays from alloc_numbers
 * and alloc_floats, because of: */
void *alloc_numbers(size_t count, size_t size);

/* Counts the memory of objects that are made and freed in between: the sum of the bytes that the
 * functions above and alloc_resize are asked for. Meanwhile an array of numbers is a block without
 * room, so that objects of any size can be counted. No other thread may allocate meanwhile. */
void alloc_count_begin(void);
size_t alloc_count_end(void);

/* Makes block (from alloc_new, or NULL) count*size bytes long; the added part is not zeroed. */
void *alloc_resize(void *block, size_t count, size_t size);

/* Makes block, an array (*room) of elements of size bytes, hold count of them at least: it grows by
 * half, so that pushing one after the other copies little. The added part is not zeroed. */
void *alloc_grow(void *block, size_t *room, size_t count, size_t size);

/* A copy of text, to be freed with free(). */
char *alloc_text(const char *text);

/* The same for the text that vprintf would print. */
char *alloc_format(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

#endif
