/* The header of macOS. */
#ifndef TESTS_MALLOC_H
#define TESTS_MALLOC_H

#include <stddef.h>

size_t malloc_size(const void *block);

#endif
