/* decoder: the text that a source's bytes stand for. The format is recognised by content; a member
 * follows another until the source ends, and each must be whole, with the right checksum. */
#ifndef DECODER_H
#define DECODER_H

#include "source.h"

typedef struct Decoder Decoder;

/* Looks at the first bytes of a source, which is borrowed; NULL: they cannot be read, or there is
 * no memory. */
Decoder *decoder_open(Source *source, Why *why);
void decoder_close(Decoder *decoder); /* NULL is allowed */

/* Up to n bytes of text: how many, 0 at the end, -1 an error, which comes after all text before
 * it. */
ptrdiff_t decoder_read(Decoder *decoder, char *text, size_t n, Why *why);

/* The name of the format; NULL: the text is stored as it is. */
const char *decoder_format(const Decoder *decoder);

/* At the end: whether the format announces more, so that members may be missing: BGZF without its
 * end block. */
bool decoder_unfinished(const Decoder *decoder);

/* Whether there is something to read without asking the file for more. */
bool decoder_holds(const Decoder *decoder);

#endif
