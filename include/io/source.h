/* source: reads the stored bytes of a file or of standard input through a buffer, and counts
 * them. */
#ifndef SOURCE_H
#define SOURCE_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOURCE_ROOM = 1 << 17 };

typedef struct {
  int fd;             /* -1: opening failed, and errno is set */
  unsigned char *raw; /* (SOURCE_ROOM) at..end not yet used */
  size_t at, end;
  uint64_t bytes; /* read so far */
  uint32_t crc;   /* CRC-32 of these */
  bool ended;
} Source;

Source source_open(const char *path); /* "-": standard input */
void source_close(Source *source);

/* Appends the bytes of one read() to raw and returns their number; 0 at the end, -1 on error. */
ptrdiff_t source_fill(Source *source, Why *why);

/* Whether unused bytes are left; calls read() if there are none. -1 on error. */
int source_more(Source *source, Why *why);

/* Reads up to n bytes and returns their number; 0 at the end, -1 on error. */
ptrdiff_t source_read(Source *source, void *to, size_t n, Why *why);

/* The fraction of a regular file that was read, 0..1; 0 for other files, whose size is unknown. */
double source_part(const Source *source);

/* Whether the next read() would have to wait. */
bool source_waits(const Source *source);

#endif
