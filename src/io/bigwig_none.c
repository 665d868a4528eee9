/* Replaces bigwig.c in builds without libBigWig. */
#include "io/bigwig.h"

#include <stdlib.h>

BigWig *bigwig_open(Output *output, const char *path, Why *why) {
  (void)output;
  (void)path;
  fail(why, "--format bigwig: this build cannot write bigWig; install libBigWig (Debian: "
            "libbigwig-dev) and build again");
  return NULL;
}

/* Nothing is ever open. */
void bigwig_free(BigWig *bigwig) { (void)bigwig; }

void bigwig_add(BigWig *bigwig, uint64_t start, uint64_t end, float value) {
  (void)bigwig;
  (void)start;
  (void)end;
  (void)value;
}

int bigwig_end(BigWig *bigwig, const char *name, uint64_t length, Why *why) {
  (void)bigwig;
  (void)name;
  (void)length;
  (void)why;
  abort();
}

int bigwig_write(BigWig *bigwig, Why *why) {
  (void)bigwig;
  (void)why;
  abort();
}
