/* inflater: decompresses gzip members one by one, and checks the CRC-32 and length of each.
 *
 * There are two implementations: with ISA-L (inflater_isal.c), or with zlib if the build has no
 * ISA-L (inflater_zlib.c). The functions without a comment are those of codec.h. */
#ifndef INFLATER_H
#define INFLATER_H

#include "io/codec.h"

void *inflater_open(void);
bool inflater_begin(void *state);
CodecStep inflater_step(void *state, CodecData *data);
void inflater_close(void *state);

/* Sets *extra to the extra field of the member's header and returns the number of its bytes: 0 if
 * the member has none or it was not read to its end. A long field may be cut to its first 64
 * bytes. */
size_t inflater_extra(const void *state, const unsigned char **extra);

/* Whether the member has given text so far. */
bool inflater_has_text(const void *state);

#endif
