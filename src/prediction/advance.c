#include "prediction/advance.h"

#include "base/clock.h"
#include "io/input.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes; 0 if it does not exist or is not a regular file. */
static double size_of(const char *path) {
  struct stat about;
  const int rc = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &about) : stat(path, &about);
  return rc == 0 && S_ISREG(about.st_mode) ? (double)about.st_size : 0;
}

void advance_begin(Advance *a, char *const *files, int n) {
  a->began = clock_now();
  a->total = 0;
  for (int i = 0; i < n; i++) {
    const double size = size_of(files[i]);
    if (size == 0) {
      a->total = 0;
      return;
    }
    a->total += size;
  }
}

void advance_open_mate(Advance *a, const char *path) {
  if (input_is_typed(path)) progress_say(a->progress, "rnnpredict: " INPUT_TYPED);
  a->now += size_of(path);
}

void advance_open(Advance *a, const char *path) {
  a->done += a->now;
  a->now = 0;
  advance_open_mate(a, path);
}

void advance_show(Advance *a, uint64_t bases, double part) {
  const double seconds = clock_now() - a->began, all = (double)(a->bases + bases);
  const double rate = seconds > 0 ? all / seconds : 0;
  progress_step(a->progress, a->total > 0 ? (a->done + part * a->now) / a->total : 0, seconds,
                "  %" PRIu64 " records\t  %.0f bases\t  %.0fk bases/s", a->records, all,
                rate / 1000);
}
