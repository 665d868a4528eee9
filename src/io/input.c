#include "io/input.h"

#include "base/alloc.h"
#include "base/start.h"
#include "io/bgzf.h"
#include "io/decoder.h"
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = SOURCE_ROOM, BLOCKS = 8, AHEAD_FROM = BUFFER };

/* A block of text, passed from the reading thread to the parsing one. */
typedef struct {
  char text[BUFFER];
  ptrdiff_t n; /* the return value of input_next */
} Block;

struct Input {
  char *name;

  /* owned by the thread that reads ahead, until it has ended */
  Source source;
  Decoder *decoder;
  Why cause; /* the error that ended the reading, if any */

  /* shared by the threads, under the lock; blocks are filled and parsed outside the lock */
  bool tried, ahead; /* starting the thread was tried; it runs */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t filling, taking;
  Block *block; /* (1), with the thread (BLOCKS) */
  size_t filled, taken;
  bool held; /* block `taken` is in use by the caller */
  bool closed;
};

/* ---- reading ahead -------------------------------------------------------------------------- */

/* Fills blocks until the end or an error; the last block reports which. */
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
    n = block->n = decoder_read(f->decoder, block->text, BUFFER, &f->cause);
    pthread_mutex_lock(&f->lock);
    f->filled++;
    pthread_cond_signal(&f->taking);
    pthread_mutex_unlock(&f->lock);
  }
  return NULL;
}

/* Starts the thread that reads ahead; if that fails, the caller continues to read by itself. */
static void start(Input *f) {
  f->tried = true;
  f->block = alloc_resize(f->block, BLOCKS, sizeof *f->block);
  pthread_mutex_init(&f->lock, NULL);
  pthread_cond_init(&f->filling, NULL);
  pthread_cond_init(&f->taking, NULL);
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

/* Takes the next filled block; the last one can be taken repeatedly. */
static Block *take(Input *f) {
  pthread_mutex_lock(&f->lock);
  if (f->held && f->block[f->taken % BLOCKS].n > 0) f->taken++;
  if (f->filled - f->taken == BLOCKS / 2) pthread_cond_signal(&f->filling); /* costly */
  f->held = true;
  while (f->filled == f->taken) pthread_cond_wait(&f->taking, &f->lock);
  pthread_mutex_unlock(&f->lock);
  return &f->block[f->taken % BLOCKS];
}

ptrdiff_t input_next(Input *f, const char **text, Why *why) {
  if (!f->tried && f->source.bytes >= AHEAD_FROM) start(f);
  Block *block = f->ahead ? take(f) : f->block;
  if (!f->ahead) block->n = decoder_read(f->decoder, block->text, BUFFER, &f->cause);
  *text = block->text;
  if (block->n < 0) *why = f->cause;
  return block->n;
}

bool input_waits(Input *f) {
  if (f->ahead) {
    pthread_mutex_lock(&f->lock);
    const bool some = f->filled - f->taken > f->held;
    pthread_mutex_unlock(&f->lock);
    if (some) return false;
  } else if (decoder_holds(f->decoder)) {
    return false;
  }
  return source_waits(&f->source);
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Checks the last bytes of a file before it is read, because reading up to them may take hours. */
static int look_at_end(const Input *f, Why *why) {
  int last = '\n';
  const BgzfEnd end = bgzf_end(f->source.fd, &last);
  if (end == BGZF_CUT)
    return fail(why, "%s: its last block of BGZF is cut short; fetch it again", f->name);
  if (end == BGZF_NO_END_BLOCK && last != '\n')
    return fail(why,
                "%s: BGZF's end block is missing and the text ends inside a line; the file was cut "
                "short, fetch it again",
                f->name);
  return 0;
}

static int look(Input *f, Why *why) {
  struct stat about = {0};
  Why cause;
  if (f->source.fd < 0) return fail_reading(why, errno, "%s: cannot be opened", f->name);
  if (start_holds(f->source.fd))
    return fail(why, "%s: is closed; redirect a file or a pipe to it", f->name);
  if (fstat(f->source.fd, &about) == 0 && S_ISDIR(about.st_mode))
    return fail(why, "%s: is a directory; give the sequence files in it", f->name);
  f->decoder = decoder_open(&f->source, &cause);
  if (!f->decoder) return fail(why, "%s: %s", f->name, cause.text);
  if (f->source.bytes == 0) return fail(why, "%s: is empty; there is no sequence to read", f->name);
  return decoder_format(f->decoder) && S_ISREG(about.st_mode) ? look_at_end(f, why) : 0;
}

Input *input_open(const char *path, Why *why) {
  Input *f = alloc_new(1, sizeof *f);
  f->name = alloc_text(input_title(path));
  f->block = alloc_new(1, sizeof *f->block);
  f->source = source_open(path);
  if (look(f, why) == 0) return f;
  input_close(f);
  return NULL;
}

void input_close(Input *f) {
  if (!f) return;
  if (f->ahead) stop(f);
  decoder_close(f->decoder);
  source_close(&f->source);
  free(f->name);
  free(f->block);
  free(f);
}

const char *input_title(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

const char *input_format(const Input *f) { return decoder_format(f->decoder); }
bool input_unfinished(const Input *f) { return decoder_unfinished(f->decoder); }

bool input_is_typed(const char *path) { return strcmp(path, "-") == 0 && isatty(STDIN_FILENO); }

double input_part(const Input *f) { return source_part(&f->source); }
const char *input_name(const Input *f) { return f->name; }
uint64_t input_bytes(const Input *f) { return f->source.bytes; }
uint32_t input_crc32(const Input *f) { return f->source.crc; }
