#include "base/alloc.h"
#include "io/codec.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

/* Bytes: the largest dictionary of xz has 1.5 GiB, and the rest of the decoder takes less than 64
 * MiB. */
static const uint64_t memory_max = 1600ULL << 20;

static bool begins(const unsigned char *bytes, size_t n) {
  static const unsigned char magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
  return memcmp(bytes, magic, n < sizeof magic ? n : sizeof magic) == 0;
}

static void *open_xz(void) {
  lzma_stream *xz = alloc_new(1, sizeof *xz);
  *xz = (lzma_stream)LZMA_STREAM_INIT;
  return xz;
}

static void close_xz(void *state) {
  lzma_end(state);
  free(state);
}

static bool begin(void *state) {
  return lzma_stream_decoder(state, memory_max, LZMA_TELL_UNSUPPORTED_CHECK) == LZMA_OK;
}

static CodecStep refuse(CodecData *data, const char *reason) {
  data->reason = reason;
  return CODEC_REFUSED;
}

static CodecStep step(void *state, CodecData *data) {
  lzma_stream *xz = state;
  xz->next_in = data->in;
  xz->avail_in = data->in_size;
  xz->next_out = data->out;
  xz->avail_out = data->out_size;
  const lzma_ret rc = lzma_code(xz, LZMA_RUN);
  data->in = xz->next_in;
  data->in_size = xz->avail_in;
  data->out = xz->next_out;
  data->out_size = xz->avail_out;
  switch (rc) {
  case LZMA_OK:
  case LZMA_BUF_ERROR: return CODEC_MORE;
  case LZMA_STREAM_END: return CODEC_END;
  case LZMA_MEMLIMIT_ERROR:
    return refuse(data, "its xz dictionary is larger than 1.5 GiB; pipe it through xzcat");
  case LZMA_MEM_ERROR: return refuse(data, "not enough memory to unpack this xz data");
  case LZMA_OPTIONS_ERROR:
  case LZMA_UNSUPPORTED_CHECK:
    return refuse(data, "its xz filters or check are newer than this liblzma; pipe it through the "
                        "xzcat of the xz that made it");
  default: data->reason = "its blocks, index or checksums are wrong"; return CODEC_DAMAGED;
  }
}

const Codec codec_xz = {.name = "xz",
                        .begins = begins,
                        .padding = 4,
                        .after_padding = true,
                        .open = open_xz,
                        .begin = begin,
                        .step = step,
                        .close = close_xz};
