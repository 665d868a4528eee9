#include "base/alloc.h"
#include "io/codec.h"

#include <bzlib.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct {
  bz_stream bz;
  bool begun;
} Bzip2;

static bool begins(const unsigned char *bytes, size_t n) {
  return bytes[0] == 'B' && (n < 2 || bytes[1] == 'Z') && (n < 3 || bytes[2] == 'h') &&
         (n < 4 || (bytes[3] >= '1' && bytes[3] <= '9'));
}

static void *open_bzip2(void) { return alloc_new(1, sizeof(Bzip2)); }

static void end(Bzip2 *bzip2) {
  if (bzip2->begun) BZ2_bzDecompressEnd(&bzip2->bz);
  bzip2->begun = false;
}

static void close_bzip2(void *state) {
  end(state);
  free(state);
}

static bool begin(void *state) {
  Bzip2 *bzip2 = state;
  end(bzip2);
  bzip2->bz = (bz_stream){.opaque = NULL};
  bzip2->begun = BZ2_bzDecompressInit(&bzip2->bz, 0, 0) == BZ_OK;
  return bzip2->begun;
}

static CodecStep step(void *state, CodecData *data) {
  bz_stream *bz = &((Bzip2 *)state)->bz;
  bz->next_in = (char *)(uintptr_t)data->in;
  bz->avail_in = (unsigned)data->in_size;
  bz->next_out = (char *)data->out;
  bz->avail_out = (unsigned)data->out_size;
  const int rc = BZ2_bzDecompress(bz);
  data->in = (const unsigned char *)bz->next_in;
  data->in_size = bz->avail_in;
  data->out = (unsigned char *)bz->next_out;
  data->out_size = bz->avail_out;
  if (rc == BZ_STREAM_END) return CODEC_END;
  if (rc == BZ_OK) return CODEC_MORE;
  if (rc == BZ_MEM_ERROR) {
    data->reason = "not enough memory to unpack this bzip2 data";
    return CODEC_REFUSED;
  }
  data->reason = "a block or its checksum is wrong";
  return CODEC_DAMAGED;
}

const Codec codec_bzip2 = {.name = "bzip2",
                           .begins = begins,
                           .open = open_bzip2,
                           .begin = begin,
                           .step = step,
                           .close = close_bzip2};
