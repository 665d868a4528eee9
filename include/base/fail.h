/* fail: error messages, one sentence each, for the user. */
#ifndef FAIL_H
#define FAIL_H

typedef struct {
  char text[1024]; /* names the file or option, the place in it, and the remedy */
} Why;

/* Fills why from a printf format and returns -1, so that a caller can write
 *     return fail(why, "%s: line %zu: ...", path, line);
 * If the message is too long, "..." replaces its middle; the file at its beginning and the cause
 * and remedy at its end stay. */
int fail(Why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for an error of the operating system: "FORMAT: CAUSE; REMEDY", with a remedy for this
 * errno. fail_writing is also for making and removing files. */
int fail_reading(Why *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int fail_writing(Why *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
