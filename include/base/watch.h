/* watch: a callback for the progress of a long computation. */
#ifndef WATCH_H
#define WATCH_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  /* part: fraction done, 0..1; 0: unknown. bases: read so far. see may be NULL. */
  void (*see)(void *context, double part, uint64_t bases);
  void *context;
} Watch;

static inline void watch_see(const Watch *watch, double part, uint64_t bases) {
  if (watch->see) watch->see(watch->context, part, bases);
}

#endif
