#include "input.h"

#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER = 1 << 17, MAGIC = 2, BLOCKS = 8, AHEAD_FROM = BUFFER };

/* A block of text on its way from the thread that reads to the one that parses. */
typedef struct {
  char text[BUFFER];
  ptrdiff_t n; /* as input_next gives it back */
} Block;

struct Input {
  char *name;

  /* once a thread reads ahead, its own until it has ended */
  int fd;
  unsigned char *raw; /* (BUFFER) bytes as stored, at..end not yet used */
  size_t at, end;
  uint64_t bytes;
  uint32_t crc;
  bool ended;           /* of the stored bytes */
  bool gzip, in_member; /* in_member: the gzip member's trailer is still to come */
  z_stream z;
  gz_header header;
  unsigned char extra[64]; /* of the header: BGZF marks its members here */
  const char *damage;      /* of the gzip data, after the text before it; NULL: none was met */
  Why cause;               /* of the end of its reading, where that is an error */

  /* between the two, under the lock; a block is filled, or taken, outside it */
  bool tried, ahead; /* to start such a thread; there is one */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t filling, taking;
  Block *block; /* (1), with the thread (BLOCKS) */
  size_t filled, taken;
  bool held; /* block `taken` is in the caller's hands */
  bool closed;
};

/* What one read() gives: how many bytes, 0 at the end. */
static ptrdiff_t read_some(Input *f, void *to, size_t n, Why *why) {
  struct pollfd source = {f->fd, POLLIN, 0};
  ssize_t got;
  int state;
  if (f->ended) return 0;                                /* a terminal would ask again */
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state); /* a pipe may keep us waiting for ever */
  while ((got = read(f->fd, to, n)) < 0 && (errno == EINTR || errno == EAGAIN))
    if (errno == EAGAIN) poll(&source, 1, -1);
  pthread_setcancelstate(state, NULL);
  if (got < 0) return fail(why, "cannot be read: %s", strerror(errno));
  f->crc = libdeflate_crc32(f->crc, to, (size_t)got);
  f->bytes += (uint64_t)got, f->ended = got == 0;
  return got;
}

/* ---- gzip ----------------------------------------------------------------------------------- */

/* Whether raw bytes are left, after reading some where there were none. */
static int more(Input *f, Why *why) {
  if (f->at < f->end) return 1;
  ptrdiff_t n = read_some(f, f->raw, BUFFER, why);
  f->at = 0, f->end = n > 0 ? (size_t)n : 0;
  return n < 0 ? -1 : n > 0;
}

static int begin_member(Input *f) {
  f->in_member = true;
  f->header = (gz_header){.extra = f->extra, .extra_max = sizeof f->extra};
  return inflateReset(&f->z) == Z_OK && inflateGetHeader(&f->z, &f->header) == Z_OK ? 0 : -1;
}

/* Whether the member that has ended is a block of BGZF with data (SAM specification, 4.1): after
 * the last of those an empty one must come. */
static bool awaits_end_block(const Input *f) {
  return f->header.done == 1 && f->header.extra_len >= 6 && f->extra[0] == 'B' &&
         f->extra[1] == 'C' && f->z.total_out > 0;
}

/* Between two members, or after the last: 1 a member follows, 0 the file ends here. */
static int next_member(Input *f, Why *why) {
  int rest = more(f, why);
  if (rest >= 0 && (rest == 0 || f->raw[f->at] == 0) && awaits_end_block(f))
    return fail(why, "the end block of BGZF is missing; the file was cut short, fetch it again (or "
                     "pipe it through zcat if it is whole)");
  if (rest <= 0) return rest;
  if (f->raw[f->at] == 0x1f) return begin_member(f) == 0 ? 1 : fail(why, "zlib cannot start again");
  while ((rest = more(f, why)) > 0)
    if (f->raw[f->at++] != 0)
      return fail(why, "other bytes follow the end of the gzip data; the file is damaged or two "
                       "files were joined");
  return rest;
}

static ptrdiff_t inflate_some(Input *f, char *text, size_t n, Why *why) {
  f->z.next_out = (unsigned char *)text, f->z.avail_out = (uInt)n;
  while (f->z.avail_out == n) {
    if (f->damage) return fail(why, "the gzip data is damaged (%s); fetch it again", f->damage);
    int rest = f->in_member ? 1 : next_member(f, why);
    if (rest <= 0) return rest;
    if ((rest = more(f, why)) < 0) return -1;
    if (rest == 0)
      return fail(why, "the gzip data ends early; the file was cut short, fetch it again");
    f->z.next_in = f->raw + f->at, f->z.avail_in = (uInt)(f->end - f->at);
    int rc = inflate(&f->z, Z_NO_FLUSH);
    f->at = f->end - f->z.avail_in;
    if (rc == Z_STREAM_END) f->in_member = false;
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
      f->damage = f->z.msg ? f->z.msg : "zlib gives no reason";
  }
  return (ptrdiff_t)(n - f->z.avail_out);
}

static ptrdiff_t fetch(Input *f, char *text, size_t n, Why *why) {
  if (f->gzip) return inflate_some(f, text, n, why);
  if (f->at == f->end) return read_some(f, text, n, why);
  if (n > f->end - f->at) n = f->end - f->at; /* what input_open has looked at */
  memcpy(text, f->raw + f->at, n);
  f->at += n;
  return (ptrdiff_t)n;
}

/* ---- reading ahead -------------------------------------------------------------------------- */

/* Fills blocks until the end or an error, whose block is the last. */
static void *read_ahead(void *input) {
  Input *f = input;
  ptrdiff_t n = 1;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  while (n > 0) {
    pthread_mutex_lock(&f->lock);
    while (f->filled - f->taken == BLOCKS && !f->closed) pthread_cond_wait(&f->filling, &f->lock);
    bool closed = f->closed;
    pthread_mutex_unlock(&f->lock);
    if (closed) break;
    Block *block = &f->block[f->filled % BLOCKS];
    n = block->n = fetch(f, block->text, BUFFER, &f->cause);
    pthread_mutex_lock(&f->lock);
    f->filled++;
    pthread_cond_signal(&f->taking);
    pthread_mutex_unlock(&f->lock);
  }
  return NULL;
}

/* From now on a thread reads; where none can be had, the caller goes on reading itself. */
static void start(Input *f) {
  f->tried = true;
  f->block = alloc_resize(f->block, BLOCKS, sizeof *f->block);
  pthread_mutex_init(&f->lock, NULL);
  pthread_cond_init(&f->filling, NULL), pthread_cond_init(&f->taking, NULL);
  f->ahead = pthread_create(&f->thread, NULL, read_ahead, f) == 0;
}

static void stop(Input *f) {
  pthread_mutex_lock(&f->lock);
  f->closed = true;
  pthread_cond_signal(&f->filling);
  pthread_mutex_unlock(&f->lock);
  pthread_cancel(f->thread);
  pthread_join(f->thread, NULL);
}

/* The next block that the thread has filled; the last one is given again and again. */
static Block *take(Input *f) {
  pthread_mutex_lock(&f->lock);
  if (f->held && f->block[f->taken % BLOCKS].n > 0) f->taken++;
  if (f->filled - f->taken == BLOCKS / 2) pthread_cond_signal(&f->filling); /* waking is dear */
  f->held = true;
  while (f->filled == f->taken) pthread_cond_wait(&f->taking, &f->lock);
  pthread_mutex_unlock(&f->lock);
  return &f->block[f->taken % BLOCKS];
}

ptrdiff_t input_next(Input *f, const char **text, Why *why) {
  if (!f->tried && f->bytes >= AHEAD_FROM) start(f);
  Block *block = f->ahead ? take(f) : f->block;
  if (!f->ahead) block->n = fetch(f, block->text, BUFFER, &f->cause);
  *text = block->text;
  if (block->n < 0) *why = f->cause;
  return block->n;
}

bool input_waits(Input *f) {
  struct pollfd source = {f->fd, POLLIN, 0};
  if (f->ahead) {
    pthread_mutex_lock(&f->lock);
    const bool some = f->filled - f->taken > f->held;
    pthread_mutex_unlock(&f->lock);
    if (some) return false;
  } else if (f->at < f->end) {
    return false;
  }
  return poll(&source, 1, 0) == 0;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int look(Input *f, Why *why) {
  struct stat about;
  Why cause;
  ptrdiff_t n = 1;
  if (f->fd < 0) return fail(why, "%s: cannot be opened: %s", f->name, strerror(errno));
  if (fstat(f->fd, &about) == 0 && S_ISDIR(about.st_mode))
    return fail(why, "%s: is a directory; give the sequence files in it", f->name);
  while (n > 0 && f->end < MAGIC) { /* a pipe may give single bytes */
    n = read_some(f, f->raw + f->end, BUFFER - f->end, &cause);
    if (n < 0) return fail(why, "%s: %s", f->name, cause.text);
    f->end += (size_t)n;
  }
  if (f->end == 0) return fail(why, "%s: is empty; there is no sequence to read", f->name);
  if (f->end >= MAGIC && f->raw[0] == 0x1f && f->raw[1] == 0x8b) {
    if (inflateInit2(&f->z, 15 + 16) != Z_OK || begin_member(f) != 0)
      return fail(why, "%s: zlib cannot start", f->name);
    f->gzip = true;
  }
  return 0;
}

Input *input_open(const char *path, Why *why) {
  Input *f = alloc_new(1, sizeof *f);
  f->name = strcpy(alloc_new(strlen(input_title(path)) + 1, 1), input_title(path));
  f->raw = alloc_new(BUFFER, 1), f->block = alloc_new(1, sizeof *f->block);
  f->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
  if (look(f, why) == 0) return f;
  input_close(f);
  return NULL;
}

void input_close(Input *f) {
  if (!f) return;
  if (f->ahead) stop(f);
  if (f->fd >= 0) close(f->fd);
  if (f->gzip) inflateEnd(&f->z);
  free(f->name), free(f->raw), free(f->block), free(f);
}

const char *input_title(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

const char *input_name(const Input *f) { return f->name; }
uint64_t input_bytes(const Input *f) { return f->bytes; }
uint32_t input_crc32(const Input *f) { return f->crc; }
