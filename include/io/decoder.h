/* decoder: decompresses a source. The format is recognised by content; a file is a sequence of
 * members, and each must be complete, with the right checksum. */
#ifndef DECODER_H
#define DECODER_H

#include "io/source.h"

typedef struct Decoder Decoder;

/* Reads the first bytes of a source, which is borrowed; NULL on a read error or if out of
 * memory. */
Decoder *decoder_open(Source *source, Why *why);
void decoder_close(Decoder *decoder); /* NULL is allowed */

/* Reads up to n bytes of text and returns their number; 0 at the end; -1 on error, once all text
 * before the error has been returned. */
ptrdiff_t decoder_read(Decoder *decoder, char *text, size_t n, Why *why);

/* The name of the format; NULL: not compressed. */
const char *decoder_format(const Decoder *decoder);

/* At the end of the file: whether members may be missing, as in BGZF without its end block. */
bool decoder_unfinished(const Decoder *decoder);

/* Whether text is available without reading from the file. */
bool decoder_holds(const Decoder *decoder);

#endif
