/* portable: differences between Linux, on which the programs are tested, and macOS and FreeBSD.
 * Builds with -DPORTABLE=ON take the branches of macOS on Linux, without glibc's extensions;
 * tests/portable/ has the functions of macOS. */
#ifndef PORTABLE_H
#define PORTABLE_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#if defined __linux__ && !defined PORTABLE
#define ON_LINUX
#define PROGRAM_NAME    program_invocation_short_name
#define DESCRIPTOR_PATH "/proc/self/fd/%d"
#else
#define PROGRAM_NAME    getprogname()
#define DESCRIPTOR_PATH "/dev/fd/%d"
#endif

/* Where O_PATH is unknown, an open directory can be neither read with read() nor written either. */
#ifdef O_PATH
#define HOLD_ONLY O_PATH
#else
#define HOLD_ONLY O_RDONLY
#endif

#endif
