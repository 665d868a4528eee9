/* stream: standard output and error that wait for their readers.
 *
 * Another process that shares the pipe can make it non-blocking at any time, as node.js does; a
 * write to a full pipe then fails with EAGAIN, and stdio loses data. */
#ifndef STREAM_H
#define STREAM_H

#include <stdio.h>
#include <sys/types.h>

#if defined __APPLE__ || defined PORTABLE
#define STREAM_FUNOPEN /* in place of fopencookie */
typedef int StreamSize, StreamCount;
#else
typedef size_t StreamSize;
typedef ssize_t StreamCount;
#endif

/* Takes n bytes, and returns how many of them it could write. */
typedef StreamCount StreamWrite(void *cookie, const char *bytes, StreamSize n);

/* A stream whose bytes go to a function. NULL if there is no memory for it. */
FILE *stream_new(void *cookie, StreamWrite *write, int (*close)(void *cookie));

/* Replaces stdout and stderr by streams that wait in this case. It does not change the non-blocking
 * flag, because the other processes share it. With musl, the streams are reopened instead. Use
 * STDOUT_FILENO and STDERR_FILENO instead of fileno. */
void stream_start(void);

/* Writes n bytes to a file descriptor, in as many calls as necessary, also when signals interrupt
 * them. Returns the number of bytes written: less than n after an error, with the cause in
 * errno. */
size_t stream_write(int fd, const char *bytes, size_t n);

#endif
