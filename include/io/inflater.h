/* inflater: unpacks one member of gzip after another, and checks its CRC-32 and its length.
 *
 * There are two: by ISA-L (inflater_isal.c), or by zlib where the build has no ISA-L
 * (inflater_zlib.c). The functions without a comment are those of codec.h. */
#ifndef INFLATER_H
#define INFLATER_H

#include "io/codec.h"

void *inflater_open(void);
bool inflater_begin(void *state);
CodecStep inflater_step(void *state, CodecData *data);
void inflater_close(void *state);

/* Sets *extra to the extra field of the member's header and returns the number of its bytes: 0 if
 * it has none or was not read to the end. Of a long one, the first 64 bytes may be all. */
size_t inflater_extra(const void *state, const unsigned char **extra);

/* Whether the member has given text so far. */
bool inflater_has_text(const void *state);

#endif
