/* origin: the origin of a model, in its metadata: its input files, and a command that reproduces
 * it.
 *
 * File names are stored without directories and escaped by escape_octal. A resumed run keeps the
 * names, sizes and checksums of the files with which it began, although the same sequence may now
 * come from other files. */
#ifndef ORIGIN_H
#define ORIGIN_H

#include "run/config.h"

/* To keep the header of a model file below its limits, only the first files are listed, and a long
 * command is cut off. */
enum { ORIGIN_FILES = 4000, ORIGIN_COMMAND = 1 << 15 /* bytes */ };

/* Makes the metadata once the options are complete and the input has been read. The caller frees
 * it. */
Metadata *origin_new(const RunConfig *run);

#endif
