/* Functions of macOS, implemented with glibc, for builds with -DPORTABLE=ON. */
#include "portable.h"

#include "malloc/malloc.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

const char *getprogname(void) { return program_invocation_short_name; }

size_t malloc_size(const void *block) { return malloc_usable_size((void *)(size_t)block); }

typedef struct {
  void *cookie;
  int (*write)(void *, const char *, int);
  off_t (*seek)(void *, off_t, int);
  int (*close)(void *);
} Stream;

static ssize_t write_stream(void *cookie, const char *bytes, size_t n) {
  const Stream *stream = cookie;
  return stream->write(stream->cookie, bytes, (int)n);
}

static int seek_stream(void *cookie, off64_t *offset, int whence) {
  const Stream *stream = cookie;
  const off_t at = stream->seek ? stream->seek(stream->cookie, *offset, whence) : -1;
  if (at < 0) return -1;
  *offset = at;
  return 0;
}

static int close_stream(void *cookie) {
  const Stream *stream = cookie;
  const int rc = stream->close(stream->cookie);
  free(cookie);
  return rc;
}

FILE *funopen(const void *cookie, int (*read)(void *, char *, int),
              int (*write)(void *, const char *, int), off_t (*seek)(void *, off_t, int),
              int (*close)(void *)) {
  (void)read;
  Stream *stream = malloc(sizeof *stream);
  if (!stream) return NULL;
  *stream = (Stream){(void *)(size_t)cookie, write, seek, close};
  FILE *file = fopencookie(
      stream, "w",
      (cookie_io_functions_t){.write = write_stream, .seek = seek_stream, .close = close_stream});
  if (!file) free(stream);
  return file;
}
