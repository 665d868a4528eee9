/* fail: why something could not be done, in one sentence for the user. */
#ifndef FAIL_H
#define FAIL_H

typedef struct {
  char text[1024]; /* names the file or option, the place in it, and the remedy */
} Why;

/* Fills why from a printf format and returns -1, so that a caller can write
 *     return fail(why, "%s: line %zu: ...", path, line);          */
int fail(Why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
