/* fail: why something could not be done, in one sentence for the user. */
#ifndef FAIL_H
#define FAIL_H

typedef struct {
  char text[1024]; /* names the file or option, the place in it, and the remedy */
} Why;

/* Fills why from a printf format and returns -1, so that a caller can write
 *     return fail(why, "%s: line %zu: ...", path, line);
 * Of a sentence that is too long, the middle gives way to "...", so that the file that it begins
 * with and the cause and remedy at its end stay. */
int fail(Why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same where the operating system gave the cause: "FORMAT: CAUSE; REMEDY", with the remedy that
 * fits this errno for something that is read, or that is made, written or removed. */
int fail_reading(Why *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int fail_writing(Why *why, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
