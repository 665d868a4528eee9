#include "scratch.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static char directory[] = "/tmp/kmer-rnn-test.XXXXXX";
static pid_t owner; /* of the directory: a forked child leaves it alone */

static void remove_directory(void) {
  if (getpid() != owner) return;
  DIR *entries = opendir(directory);
  for (struct dirent *entry; entries && (entry = readdir(entries));)
    unlinkat(dirfd(entries), entry->d_name, 0);
  if (entries) closedir(entries);
  rmdir(directory);
}

const char *scratch_directory(void) {
  if (owner != 0) return directory;
  if (!mkdtemp(directory)) abort();
  owner = getpid();
  atexit(remove_directory);
  return directory;
}

char *scratch_path(const char *name) {
  char *path;
  if (asprintf(&path, "%s/%s", scratch_directory(), name) < 0) abort();
  return path;
}

void scratch_write(const char *path, const void *bytes, size_t n) {
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  assert_int_equal(fwrite(bytes, 1, n, out), n);
  assert_int_equal(fclose(out), 0);
}

size_t scratch_read(const char *path, void *bytes, size_t room) {
  FILE *in = fopen(path, "rb");
  assert_non_null(in);
  const size_t n = fread(bytes, 1, room, in);
  fclose(in);
  return n;
}

Corpus *scratch_corpus(const char *letters) {
  char *path = scratch_path("corpus.fa");
  Corpus *corpus = corpus_new();
  SeqCounts counts;
  Why why;
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  fprintf(out, ">a\n%s\n", letters);
  assert_int_equal(fclose(out), 0);
  if (corpus_read(corpus, path, &(Reading){0}, &counts, &why) != 0) fail_msg("%s", why.text);
  free(path);
  return corpus;
}

Memory *scratch_memory(const char *text, int m, int every, bool both_strands) {
  char *path = scratch_path("memory.fa");
  scratch_write(path, text, strlen(text));
  Records *records = records_new();
  Corpus *corpus = corpus_new();
  const Reading reading = {.turn = SCRATCH_TURN, .records = records};
  SeqCounts counts;
  Why why;
  if (corpus_read(corpus, path, &reading, &counts, &why) != 0) fail_msg("%s", why.text);
  Range all = {0, corpus->bases};
  Memory *memory = memory_new(records, m, every, both_strands);
  memory_copy(memory, &(Span){corpus, &all, 1, 1});
  assert_int_equal(memory_index(memory, &(Watch){0}), 0);
  corpus_free(corpus);
  free(path);
  return memory;
}

void scratch_floats(float *a, size_t n, Rng *rng) {
  for (size_t i = 0; i < n; i++) {
    do {
      uint32_t bits = (uint32_t)rng_next(rng);
      memcpy(&a[i], &bits, sizeof bits);
    } while (!isfinite(a[i]));
  }
  a[0] = -0.0f;
  a[n - 1] = 1e-45f;
}
