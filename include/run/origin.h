/* origin: the origin of a model, in its metadata: its input files, and a command that trains it
 * again.
 *
 * A name is that of a file without its directories, with the escapes of escape_octal. A run that
 * resumes has the names, sizes and checksums of the files with which it began, because the same
 * sequence may come from other files. */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "run/config.h"

/* Only the first files are listed, so that the header of a model file stays below its limits; and
 * of a longer command, the beginning. */
enum { ORIGIN_FILES = 4000, ORIGIN_COMMAND = 1 << 15 /* bytes */ };

/* To be freed, once the options are complete and the input has been read. */
Metadata *origin_new(const RunConfig *run);

#endif
