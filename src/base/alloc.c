#include "base/alloc.h"

#include "base/portable.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined ON_LINUX
#include <malloc.h>
#elif defined __FreeBSD__
#include <malloc_np.h>
#else
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#endif

enum { CACHE_LINE = 64, HUGE_PAGE = 1 << 21, LARGE = 1 << 22 /* bytes */ };

static bool counting;
static size_t counted; /* bytes */

static void out_of_memory(size_t count, size_t size) {
  fprintf(stderr,
          "%s: out of memory: cannot allocate %zu x %zu bytes; use a smaller model, fewer lanes or "
          "less input\n",
          PROGRAM_NAME, count, size);
  exit(1);
}

void alloc_count_begin(void) {
  counting = true;
  counted = 0;
}

size_t alloc_count_end(void) {
  counting = false;
  return counted;
}

static size_t product(size_t count, size_t size) {
  if (size > 0 && count > SIZE_MAX / size) out_of_memory(count, size);
  return count * size;
}

void *alloc_new(size_t count, size_t size) {
  if (counting) counted += product(count, size);
  void *block = calloc(count > 0 ? count : 1, size);
  if (!block) out_of_memory(count, size);
  return block;
}

/* Requests huge pages inside a large block; without them it is only slower. */
static void *with_huge_pages(void *block, size_t size) {
#ifdef MADV_HUGEPAGE
  const size_t skipped = -(uintptr_t)block % HUGE_PAGE;
  if (size >= LARGE) madvise((char *)block + skipped, size - skipped, MADV_HUGEPAGE);
#endif
  return block;
}

void *alloc_numbers(size_t count, size_t size) {
  if (!counting) return with_huge_pages(alloc_new(count, size), count * size);
  counted += product(count, size);
  return alloc_new(0, size);
}

float *alloc_floats(size_t count) {
  if (count > SIZE_MAX / sizeof(float) - CACHE_LINE) out_of_memory(count, sizeof(float));
  size_t size = (count * sizeof(float) / CACHE_LINE + 1) * CACHE_LINE;
  if (counting) {
    counted += size;
    size = CACHE_LINE;
  }
  void *block;
  if (posix_memalign(&block, size < LARGE ? CACHE_LINE : HUGE_PAGE, size) != 0)
    out_of_memory(count, sizeof(float));
  return memset(with_huge_pages(block, size), 0, size);
}

void *alloc_resize(void *block, size_t count, size_t size) {
  const size_t bytes = product(count, size);
  if (counting) counted += bytes - malloc_usable_size(block);
  void *resized = realloc(block, bytes > 0 ? bytes : 1);
  if (!resized) out_of_memory(count, size);
  return resized;
}

void *alloc_grow(void *block, size_t *room, size_t count, size_t size) {
  if (count <= *room) return block;
  *room = count + *room / 2 + 16;
  return alloc_resize(block, *room, size);
}

char *alloc_text(const char *text) {
  const size_t size = strlen(text) + 1;
  return memcpy(alloc_new(size, 1), text, size);
}

char *alloc_format(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const int length = vsnprintf(NULL, 0, format, arguments);
  if (length < 0) out_of_memory(1, strlen(format));
  char *text = alloc_new((size_t)length + 1, 1);
  vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}
