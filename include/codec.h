/* codec: a compressed format, as the decoder sees it: members, each of which carries its own check.
 */
#ifndef CODEC_H
#define CODEC_H

#include <stdbool.h>
#include <stddef.h>

/* DAMAGED: the data contradicts itself; REFUSED: this program cannot unpack it. */
typedef enum { CODEC_MORE, CODEC_END, CODEC_DAMAGED, CODEC_REFUSED } CodecStep;

typedef struct {
  const unsigned char *in;
  unsigned char *out;
  size_t in_size, out_size; /* bytes to take, room; a step moves all four */
  const char *reason;       /* of DAMAGED: a few words; of REFUSED: a sentence with the remedy */
} CodecData;

typedef struct {
  const char *name;
  bool (*begins)(const unsigned char *bytes, size_t n); /* n >= 1 bytes may begin a member */
  int padding;         /* zeros after a member come in multiples of this; 0: there are none */
  bool after_padding;  /* another member may follow them */
  void *(*open)(void); /* its state; NULL: no memory */
  bool (*begin)(void *state); /* a member */
  CodecStep (*step)(void *state, CodecData *data);
  /* Whether the last member announced another one, at whose beginning the file was cut; NULL: the
   * format has no such thing. */
  bool (*awaits_more)(const void *state);
  void (*close)(void *state);
} Codec;

/* Those of HAVE_BZIP2, HAVE_XZ and HAVE_ZSTD are there where this is defined. */
extern const Codec codec_gzip, codec_bzip2, codec_xz, codec_zstd;

#endif
