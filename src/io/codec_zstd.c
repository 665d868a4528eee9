#include "io/codec.h"

#include <zstd.h>
#include <zstd_errors.h>

/* A frame or a skippable frame, which pzstd writes before each frame (RFC 8878). */
static bool begins(const unsigned char *bytes, size_t n) {
  const bool skippable = (bytes[0] & 0xf0) == 0x50;
  if (!skippable && bytes[0] != 0x28) return false;
  if (n > 1 && bytes[1] != (skippable ? 0x2a : 0xb5)) return false;
  if (n > 2 && bytes[2] != (skippable ? 0x4d : 0x2f)) return false;
  return n < 4 || bytes[3] == (skippable ? 0x18 : 0xfd);
}

static void *open_zstd(void) { return ZSTD_createDCtx(); }

static void close_zstd(void *state) { ZSTD_freeDCtx(state); }

static bool begin(void *state) {
  return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

/* Allows windows of up to 128 MiB, as zstdcat does. */
static CodecStep step(void *state, CodecData *data) {
  ZSTD_inBuffer in = {data->in, data->in_size, 0};
  ZSTD_outBuffer out = {data->out, data->out_size, 0};
  const size_t rc = ZSTD_decompressStream(state, &out, &in);
  data->in += in.pos;
  data->in_size -= in.pos;
  data->out += out.pos;
  data->out_size -= out.pos;
  if (!ZSTD_isError(rc)) return rc == 0 ? CODEC_END : CODEC_MORE;
  switch (ZSTD_getErrorCode(rc)) {
  case ZSTD_error_frameParameter_windowTooLarge:
    data->reason = "it was compressed with a window of zstd --long that is larger than 128 MiB; "
                   "pipe it through zstdcat --long=31";
    return CODEC_REFUSED;
  case ZSTD_error_dictionary_wrong:
    data->reason = "it was compressed with a dictionary of zstd; pipe it through zstdcat -D";
    return CODEC_REFUSED;
  case ZSTD_error_memory_allocation:
    data->reason = "not enough memory to unpack this zstd data";
    return CODEC_REFUSED;
  default: data->reason = ZSTD_getErrorName(rc); return CODEC_DAMAGED;
  }
}

const Codec codec_zstd = {.name = "zstd",
                          .begins = begins,
                          .open = open_zstd,
                          .begin = begin,
                          .step = step,
                          .close = close_zstd};
