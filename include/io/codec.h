/* codec: a compressed format for the decoder. A file is a sequence of members, each with its own
 * checksum. */
#ifndef CODEC_H
#define CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* DAMAGED: the data is inconsistent; REFUSED: this program cannot unpack it. */
typedef enum { CODEC_MORE, CODEC_END, CODEC_DAMAGED, CODEC_REFUSED } CodecStep;

typedef struct {
  const unsigned char *in;
  unsigned char *out;
  size_t in_size, out_size; /* bytes available, space; a step updates all four */
  const char *reason;       /* of DAMAGED: a few words; of REFUSED: a sentence with the remedy */
} CodecData;

typedef struct {
  const char *name;
  bool (*begins)(const unsigned char *bytes,
                 size_t n);   /* whether n >= 1 bytes can begin a member */
  int padding;                /* zeros after a member come in multiples of this; 0: not allowed */
  bool after_padding;         /* another member may follow the zeros */
  void *(*open)(void);        /* makes the state; NULL: out of memory */
  bool (*begin)(void *state); /* begins a member */
  CodecStep (*step)(void *state, CodecData *data);
  /* Whether another member must follow the last one; NULL: never in this format. */
  bool (*awaits_more)(const void *state);
  void (*close)(void *state);
} Codec;

/* Except codec_gzip, only with HAVE_BZIP2, HAVE_XZ and HAVE_ZSTD. */
extern const Codec codec_gzip, codec_bzip2, codec_xz, codec_zstd;

#endif
