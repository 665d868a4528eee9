/* stream: standard output and error that wait for their reader.
 *
 * Whoever shares a pipe with this program may make it non-blocking at any time, as node.js does; a
 * write then fails with EAGAIN where the pipe is full, and stdio loses what it was given. */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>

/* Makes stdout and stderr streams that wait then. The flag is left as it is, for it is the others'
 * too. fileno does not know their numbers: use STDOUT_FILENO and STDERR_FILENO. */
void stream_start(void);

/* Writes n bytes to a file descriptor, however many calls and signals that takes. Gives back how
 * many were written: fewer after an error, of which errno says why. */
size_t stream_write(int fd, const char *bytes, size_t n);

#endif
