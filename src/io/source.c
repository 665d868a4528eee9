#include "io/source.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Source source_open(const char *path) {
  const bool standard_input = strcmp(path, "-") == 0;
  const int fd = standard_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
  return (Source){.fd = fd, .raw = fd < 0 ? NULL : alloc_new(SOURCE_ROOM, 1)};
}

void source_close(Source *source) {
  if (source->fd >= 0) close(source->fd);
  free(source->raw);
}

/* Calls read() once. The thread may be cancelled there, because a pipe can make it wait forever. */
static ptrdiff_t read_some(Source *source, void *to, size_t n, Why *why) {
  struct pollfd file = {source->fd, POLLIN, 0};
  ssize_t got;
  int state;
  if (source->ended) return 0; /* a terminal would wait for more input */
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
  while ((got = read(source->fd, to, n)) < 0 && (errno == EINTR || errno == EAGAIN))
    if (errno == EAGAIN) poll(&file, 1, -1);
  pthread_setcancelstate(state, NULL);
  if (got < 0) return fail_reading(why, errno, "cannot be read");
  source->crc = libdeflate_crc32(source->crc, to, (size_t)got);
  source->bytes += (uint64_t)got;
  source->ended = got == 0;
  return got;
}

ptrdiff_t source_fill(Source *source, Why *why) {
  const ptrdiff_t n = read_some(source, source->raw + source->end, SOURCE_ROOM - source->end, why);
  if (n > 0) source->end += (size_t)n;
  return n;
}

int source_more(Source *source, Why *why) {
  if (source->at < source->end) return 1;
  source->at = source->end = 0;
  const ptrdiff_t n = source_fill(source, why);
  return n < 0 ? -1 : n > 0;
}

ptrdiff_t source_read(Source *source, void *to, size_t n, Why *why) {
  const size_t left = source->end - source->at;
  if (left == 0) return read_some(source, to, n, why);
  if (n > left) n = left;
  memcpy(to, source->raw + source->at, n);
  source->at += n;
  return (ptrdiff_t)n;
}

bool source_waits(const Source *source) {
  struct pollfd file = {source->fd, POLLIN, 0};
  return poll(&file, 1, 0) == 0;
}

double source_part(const Source *source) {
  struct stat about;
  const off_t at = lseek(source->fd, 0, SEEK_CUR);
  if (at < 0 || fstat(source->fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0)
    return 0;
  return at < about.st_size ? (double)at / (double)about.st_size : 1;
}
