#include "prediction/advance.h"

#include "base/clock.h"
#include "io/input.h"

#include <inttypes.h>

void advance_begin(Advance *a, char *const *files, int n) {
  a->began = clock_now();
  a->parts = parts_new((const char *const *)files, n);
}

static void say_typed(const Advance *a, const char *path) {
  if (input_is_typed(path)) progress_say(a->progress, "rnnpredict: " INPUT_TYPED);
}

void advance_open(Advance *a, const char *path) {
  say_typed(a, path);
  parts_open(&a->parts, path);
}

void advance_open_mate(Advance *a, const char *path) {
  say_typed(a, path);
  parts_open_mate(&a->parts, path);
}

void advance_show(Advance *a, uint64_t bases, double part) {
  const double seconds = clock_now() - a->began, all = (double)(a->bases + bases);
  const double rate = seconds > 0 ? all / seconds : 0;
  progress_step(a->progress, parts_done(&a->parts, part), seconds,
                "  %" PRIu64 " records\t  %.0f bases\t  %.0fk bases/s", a->records, all,
                rate / 1000);
}
