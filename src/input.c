#include "input.h"

#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER = 1 << 17, MAGIC_MAX = 4, BLOCKS = 8, AHEAD_FROM = BUFFER };

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
  bool gzip, in_member; /* in_member: the gzip member's trailer is still to come */
  z_stream z;
  const char *damage; /* of the gzip data, after the text before it; NULL: none was met */
  Why cause;          /* of the end of its reading, where that is an error */

  /* between the two, under the lock; a block is filled, or taken, outside it */
  bool ahead; /* there is such a thread */
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
  ssize_t got;
  do {
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL); /* a pipe may keep us waiting for ever */
    got = read(f->fd, to, n);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return fail(why, "cannot be read: %s", strerror(errno));
  f->crc = libdeflate_crc32(f->crc, to, (size_t)got);
  f->bytes += (uint64_t)got;
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

/* Between two members, or after the last: 1 a member follows, 0 the file ends here. */
static int next_member(Input *f, Why *why) {
  int rest = more(f, why);
  if (rest <= 0) return rest;
  if (f->raw[f->at] == 0x1f) {
    f->in_member = true;
    return inflateReset(&f->z) == Z_OK ? 1 : fail(why, "zlib cannot start again");
  }
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

/* Whether from now on a thread reads. Where none can be had, the caller goes on reading itself. */
static bool start(Input *f) {
  f->block = alloc_resize(f->block, BLOCKS, sizeof *f->block);
  pthread_mutex_init(&f->lock, NULL);
  pthread_cond_init(&f->filling, NULL), pthread_cond_init(&f->taking, NULL);
  return pthread_create(&f->thread, NULL, read_ahead, f) == 0;
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
  Block *block = f->block;
  if (!f->ahead && f->bytes >= AHEAD_FROM) f->ahead = start(f);
  if (f->ahead)
    block = take(f);
  else
    block->n = fetch(f, block->text, BUFFER, &f->cause);
  *text = block->text;
  if (block->n < 0) *why = f->cause;
  return block->n;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* What the first bytes say about a file that is neither text nor gzip. */
static const char *foreign(const unsigned char *b, size_t n) {
  static const unsigned char xz[] = {0xfd, '7', 'z', 'X'}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
  if (n >= 3 && !memcmp(b, "BZh", 3)) return "is compressed with bzip2; pipe it through bzcat";
  if (n >= 4 && !memcmp(b, xz, 4)) return "is compressed with xz; pipe it through xzcat";
  if (n >= 4 && !memcmp(b, zstd, 4)) return "is compressed with zstd; pipe it through zstdcat";
  if (n >= 2 && !memcmp(b, "\x1f\x9d", 2))
    return "is compressed with compress; pipe it through zcat";
  if (n >= 4 && !memcmp(b, "PK\3\4", 4)) return "is a zip archive; unpack it first";
  if (n >= 4 && !memcmp(b, "CRAM", 4)) return "is CRAM; samtools fastq makes FASTQ of it";
  if (n >= 2 && (!memcmp(b, "\xff\xfe", 2) || !memcmp(b, "\xfe\xff", 2)))
    return "is UTF-16 text; convert it to ASCII first";
  if (n >= 3 && !memcmp(b, "\xef\xbb\xbf", 3))
    return "begins with a byte order mark; save it as plain ASCII";
  return NULL;
}

static int look(Input *f, Why *why) {
  struct stat about;
  Why cause;
  ptrdiff_t n = 1;
  if (f->fd < 0) return fail(why, "%s: cannot be opened: %s", f->name, strerror(errno));
  if (fstat(f->fd, &about) == 0 && S_ISDIR(about.st_mode))
    return fail(why, "%s: is a directory; give the sequence files in it", f->name);
  for (; n > 0 && f->end<MAGIC_MAX; f->end += n> 0 ? (size_t)n : 0) /* a pipe may give bytes */
    n = read_some(f, f->raw + f->end, BUFFER - f->end, &cause);
  if (n < 0) return fail(why, "%s: %s", f->name, cause.text);
  if (f->end == 0) return fail(why, "%s: is empty; there is no sequence to read", f->name);
  if (f->end >= 2 && f->raw[0] == 0x1f && f->raw[1] == 0x8b) {
    if (inflateInit2(&f->z, 15 + 16) != Z_OK) return fail(why, "%s: zlib cannot start", f->name);
    f->gzip = f->in_member = true;
    return 0;
  }
  const char *problem = foreign(f->raw, f->end);
  return problem ? fail(why, "%s: %s", f->name, problem) : 0;
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
