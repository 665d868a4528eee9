#include "bgzf.h"

#include "alloc.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 0xff00, MEMBER = 1 << 16, HEADER = 18, TRAILER = 8, LEVEL = 6 };

typedef struct {
  FILE *out;
  const bool *whole;
  struct libdeflate_compressor *compressor;
  size_t n; /* bytes of text */
  unsigned char text[BLOCK], member[MEMBER];
} Bgzf;

/* Little-endian. */
static void put_number(unsigned char *to, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++, value >>= 8) to[i] = (unsigned char)value;
}

/* Writes the text as a member. */
static int put_member(Bgzf *b) {
  static const unsigned char header[HEADER] = {0x1f, 0x8b, 8, 4,   0,   0, 0, 0, 0,
                                               0xff, 6,    0, 'B', 'C', 2, 0, 0, 0};
  const size_t n = libdeflate_deflate_compress(b->compressor, b->text, b->n, b->member + HEADER,
                                               MEMBER - HEADER - TRAILER);
  memcpy(b->member, header, HEADER);
  put_number(b->member + 16, (uint32_t)(HEADER + n + TRAILER - 1), 2);
  put_number(b->member + HEADER + n, libdeflate_crc32(0, b->text, b->n), 4);
  put_number(b->member + HEADER + n + 4, (uint32_t)b->n, 4);
  b->n = 0;
  return fwrite(b->member, 1, HEADER + n + TRAILER, b->out) == HEADER + n + TRAILER ? 0 : -1;
}

static ssize_t write_text(void *cookie, const char *text, size_t size) {
  Bgzf *b = cookie;
  for (size_t left = size; left > 0;) {
    const size_t room = BLOCK - b->n, n = left < room ? left : room;
    memcpy(b->text + b->n, text + size - left, n);
    b->n += n, left -= n;
    if (b->n == BLOCK && put_member(b) != 0) return 0;
  }
  return (ssize_t)size;
}

/* The mark of the end is an empty member, these bytes and no others. */
static int end(void *cookie) {
  static const unsigned char mark[] = {0x1f, 0x8b, 8,    4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C',
                                       2,    0,    0x1b, 0, 3, 0, 0, 0, 0, 0,    0, 0, 0,   0};
  Bgzf *b = cookie;
  int wrong = b->n > 0 && put_member(b) != 0;
  if (*b->whole) wrong = wrong || fwrite(mark, 1, sizeof mark, b->out) != sizeof mark;
  libdeflate_free_compressor(b->compressor), free(b);
  return wrong ? -1 : 0;
}

FILE *bgzf_stream(FILE *out, const bool *whole) {
  Bgzf *b = alloc_new(1, sizeof *b);
  b->out = out, b->whole = whole, b->compressor = libdeflate_alloc_compressor(LEVEL);
  FILE *stream =
      b->compressor
          ? fopencookie(b, "w", (cookie_io_functions_t){.write = write_text, .close = end})
          : NULL;
  if (stream) return stream;
  libdeflate_free_compressor(b->compressor), free(b);
  errno = ENOMEM;
  return NULL;
}
