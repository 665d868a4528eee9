#include "io/bgzf.h"

#include "base/alloc.h"
#include "base/stream.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 0xff00, MEMBER = 1 << 16, HEADER = 18, TRAILER = 8, LEVEL = 6 };

static const unsigned char header[HEADER] = {0x1f, 0x8b, 8, 4,   0,   0, 0, 0, 0,
                                             0xff, 6,    0, 'B', 'C', 2, 0, 0, 0};

/* ---- writing -------------------------------------------------------------------------------- */

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
  const size_t n = libdeflate_deflate_compress(b->compressor, b->text, b->n, b->member + HEADER,
                                               MEMBER - HEADER - TRAILER);
  memcpy(b->member, header, HEADER);
  put_number(b->member + 16, (uint32_t)(HEADER + n + TRAILER - 1), 2);
  put_number(b->member + HEADER + n, libdeflate_crc32(0, b->text, b->n), 4);
  put_number(b->member + HEADER + n + 4, (uint32_t)b->n, 4);
  b->n = 0;
  return fwrite(b->member, 1, HEADER + n + TRAILER, b->out) == HEADER + n + TRAILER ? 0 : -1;
}

static StreamCount write_text(void *cookie, const char *text, StreamSize n_bytes) {
  Bgzf *b = cookie;
  const size_t size = (size_t)n_bytes;
  for (size_t left = size; left > 0;) {
    const size_t room = BLOCK - b->n, n = left < room ? left : room;
    memcpy(b->text + b->n, text + size - left, n);
    b->n += n;
    left -= n;
    if (b->n == BLOCK && put_member(b) != 0) return 0;
  }
  return (StreamCount)size;
}

/* The end block is an empty member with exactly these bytes. */
static int end(void *cookie) {
  static const unsigned char mark[] = {0x1f, 0x8b, 8,    4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C',
                                       2,    0,    0x1b, 0, 3, 0, 0, 0, 0, 0,    0, 0, 0,   0};
  Bgzf *b = cookie;
  bool wrong = b->n > 0 && put_member(b) != 0;
  if (*b->whole) wrong = wrong || fwrite(mark, 1, sizeof mark, b->out) != sizeof mark;
  libdeflate_free_compressor(b->compressor);
  free(b);
  return wrong ? -1 : 0;
}

FILE *bgzf_stream(FILE *out, const bool *whole) {
  Bgzf *b = alloc_new(1, sizeof *b);
  b->out = out;
  b->whole = whole;
  b->compressor = libdeflate_alloc_compressor(LEVEL);
  FILE *stream = b->compressor ? stream_new(b, write_text, end) : NULL;
  if (stream) return stream;
  libdeflate_free_compressor(b->compressor);
  free(b);
  errno = ENOMEM;
  return NULL;
}

/* ---- the end of a file ---------------------------------------------------------------------- */

enum { TAIL = 2 * MEMBER, FIXED = 10 /* bytes of a gzip header before the extra field */ };

static uint32_t get_number(const unsigned char *from, int bytes) {
  uint32_t value = 0;
  for (int i = bytes - 1; i >= 0; i--) value = value << 8 | from[i];
  return value;
}

/* Whether n > 0 bytes are the header of a block or its beginning, with any time, level and
 * system. */
static bool is_header(const unsigned char *at, size_t n) {
  for (size_t i = 0; i < n && i < HEADER - 2; i++)
    if ((i < 4 || i >= FIXED) && at[i] != header[i]) return false;
  return true;
}

/* The last byte of a block's text; -1: it cannot be decompressed. */
static int last_of_text(const unsigned char *block, size_t n) {
  unsigned char *text = alloc_new(MEMBER, 1);
  struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
  size_t size = 0;
  const bool right =
      d && libdeflate_gzip_decompress(d, block, n, text, MEMBER, &size) == LIBDEFLATE_SUCCESS;
  const int last = right && size > 0 ? text[size - 1] : -1;
  libdeflate_free_decompressor(d);
  free(text);
  return last;
}

/* Follows the blocks from the first one in the tail, which may begin inside a block. */
static BgzfEnd follow_blocks(const unsigned char *tail, size_t n, int *last) {
  size_t at = 0, size = 0;
  while (at + HEADER <= n && !is_header(tail + at, HEADER)) at++;
  for (; at + HEADER <= n && is_header(tail + at, HEADER); at += size) {
    size = (size_t)get_number(tail + at + HEADER - 2, 2) + 1;
    if (size < HEADER + TRAILER) return BGZF_UNKNOWN;
    if (size > n - at) return BGZF_CUT;
  }
  if (size == 0) return BGZF_UNKNOWN;
  if (at < n) return n - at < HEADER && is_header(tail + at, n - at) ? BGZF_CUT : BGZF_UNKNOWN;
  if (get_number(tail + n - 4, 4) == 0) return BGZF_WHOLE;
  *last = last_of_text(tail + n - size, size);
  return *last < 0 ? BGZF_UNKNOWN : BGZF_NO_END_BLOCK;
}

BgzfEnd bgzf_end(int fd, int *last) {
  struct stat file;
  unsigned char first[HEADER];
  BgzfEnd end = BGZF_UNKNOWN;
  if (fstat(fd, &file) != 0 || pread(fd, first, HEADER, 0) != HEADER) return end;
  if (!is_header(first, HEADER)) return end;
  const size_t n = file.st_size < TAIL ? (size_t)file.st_size : TAIL;
  unsigned char *tail = alloc_new(n, 1);
  if (pread(fd, tail, n, file.st_size - (off_t)n) == (ssize_t)n) end = follow_blocks(tail, n, last);
  free(tail);
  return end;
}
