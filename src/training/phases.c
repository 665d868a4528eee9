#include "training/phases.h"

#include "base/clock.h"
#include "base/ranks.h"
#include "base/signals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Phases phases_new(const RunConfig *run) {
  const char *step = run->past ? metadata_get(run->past, "state.step") : NULL;
  const char *seconds = run->past ? metadata_get(run->past, "state.seconds") : NULL;
  const double limit = run->options->max_time, earlier = seconds ? strtod(seconds, NULL) : 0;
  const bool ends =
      ranks_first() && limit > 0 && !run->options->dry_run && (!step || strcmp(step, "0") == 0);
  return (Phases){.progress = run->progress,
                  .limit = limit,
                  .deadline = ends ? run->began + limit - earlier : INFINITY};
}

void phases_note(Phases *phases, const char *name, double seconds) {
  if (phases->longest && seconds <= phases->longest_time) return;
  phases->longest = name;
  phases->longest_time = seconds;
}

int phases_fail(const Phases *phases, const char *remedy, Why *why) {
  return fail(why,
              "--max-time %g s ended before the first training step; %s took %.1f s; %s a longer "
              "--max-time",
              phases->limit, phases->longest ? phases->longest : "the start", phases->longest_time,
              remedy);
}

/* Sets an alarm with a message in case this phase takes all the remaining time. */
static void set_alarm(const Phases *phases) {
  char line[sizeof(Why) + 32];
  Why why;
  Phases then = *phases;
  const double left = phases->deadline - phases->began;
  phases_note(&then, phases->name, fmax(left, 0));
  phases_fail(&then, "give", &why);
  snprintf(line, sizeof line, "%srnntrain: %s", progress_clear(phases->progress), why.text);
  signals_alarm(left, line);
}

void phases_begin(Phases *phases, const char *name, bool is_long) {
  phases_end(phases);
  phases->name = name;
  phases->began = clock_now();
  if (isfinite(phases->deadline) && ranks_first()) set_alarm(phases);
  if (is_long) progress_say(phases->progress, "%s", name);
}

Watch phases_watch(Phases *phases) {
  phases->watched = (ProgressWatched){phases->progress, phases->began};
  return progress_watch(&phases->watched);
}

void phases_end(Phases *phases) {
  signals_no_alarm();
  progress_end(phases->progress);
  if (phases->name) phases_note(phases, phases->name, clock_now() - phases->began);
  phases->name = NULL;
}
