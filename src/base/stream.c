#include "base/stream.h"

#include "base/portable.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

size_t stream_write(int fd, const char *bytes, size_t n) {
  struct pollfd sink = {fd, POLLOUT, 0};
  size_t done = 0;
  while (done < n) {
    const ssize_t some = write(fd, bytes + done, n - done);
    if (some >= 0)
      done += (size_t)some;
    else if (errno == EAGAIN)
      poll(&sink, 1, -1); /* for room, or for a signal or error, which the next write reports */
    else if (errno != EINTR)
      break;
  }
  return done;
}

/* ---- streams of functions -------------------------------------------------------------------- */

#ifdef STREAM_FUNOPEN
typedef off_t Seek(void *cookie, off_t offset, int whence);

static FILE *with_seek(void *cookie, StreamWrite *write, Seek *seek, int (*close)(void *)) {
  return funopen(cookie, NULL, write, seek, close);
}
#else
typedef int Seek(void *cookie, off64_t *offset, int whence);

static FILE *with_seek(void *cookie, StreamWrite *write, Seek *seek, int (*close)(void *)) {
  const cookie_io_functions_t functions = {.write = write, .seek = seek, .close = close};
  return fopencookie(cookie, "w", functions);
}
#endif

FILE *stream_new(void *cookie, StreamWrite *write, int (*close)(void *cookie)) {
  return with_seek(cookie, write, NULL, close);
}

/* ---- standard output and error -------------------------------------------------------------- */

#if defined __GLIBC__ || defined __APPLE__ || defined __FreeBSD__
/* The cookie is a file descriptor. */
static int number_of(void *cookie) { return (int)(intptr_t)cookie; }

static StreamCount write_number(void *cookie, const char *bytes, StreamSize n) {
  return (StreamCount)stream_write(number_of(cookie), bytes, (size_t)n);
}

#ifdef STREAM_FUNOPEN
static off_t seek(void *cookie, off_t offset, int whence) {
  return lseek(number_of(cookie), offset, whence);
}
#else
static int seek(void *cookie, off64_t *offset, int whence) {
  const off64_t at = lseek(number_of(cookie), *offset, whence);
  if (at < 0) return -1;
  *offset = at;
  return 0;
}
#endif

static int close_number(void *cookie) { return close(number_of(cookie)); }

/* NULL if memory is missing. */
static FILE *new_stream(int fd, int buffering) {
  FILE *stream = with_seek((void *)(intptr_t)fd, write_number, seek, close_number);
  if (stream) setvbuf(stream, NULL, buffering, BUFSIZ);
  return stream;
}

void stream_start(void) {
  FILE *out = new_stream(STDOUT_FILENO, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
  FILE *err = new_stream(STDERR_FILENO, _IONBF);
  if (out) stdout = out;
  if (err) stderr = err;
}
#else
/* A reopened pipe or terminal has a separate flag. If it cannot be opened, a write to a full
 * non-blocking pipe is an error. */
static void reopen(int fd) {
  char path[32];
  struct stat about;
  if (fstat(fd, &about) != 0 || !(S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode))) return;
  snprintf(path, sizeof path, DESCRIPTOR_PATH, fd);
  /* Without O_NONBLOCK, open would wait for a reader of a pipe that has lost its last one. */
  const int new = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (new < 0) return;
  if (fcntl(new, F_SETFL, 0) == 0) dup2(new, fd);
  close(new);
}

/* In other C libraries, such as musl, stdout and stderr are constants. */
void stream_start(void) {
  reopen(STDOUT_FILENO);
  reopen(STDERR_FILENO);
}
#endif
