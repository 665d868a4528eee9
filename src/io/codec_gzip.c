#include "base/alloc.h"
#include "io/codec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_ONLY = 15 + 16 /* of inflateInit2 */ };

typedef struct {
  z_stream z;
  gz_header header;
  unsigned char extra[64]; /* of the header: BGZF marks its members here */
} Gzip;

static bool begins(const unsigned char *bytes, size_t n) {
  return bytes[0] == 0x1f && (n < 2 || bytes[1] == 0x8b);
}

static void *open_gzip(void) {
  Gzip *gzip = alloc_new(1, sizeof *gzip);
  if (inflateInit2(&gzip->z, GZIP_ONLY) == Z_OK) return gzip;
  free(gzip);
  return NULL;
}

static void close_gzip(void *state) {
  Gzip *gzip = state;
  inflateEnd(&gzip->z);
  free(gzip);
}

static bool begin(void *state) {
  Gzip *gzip = state;
  gzip->header = (gz_header){.extra = gzip->extra, .extra_max = sizeof gzip->extra};
  return inflateReset(&gzip->z) == Z_OK && inflateGetHeader(&gzip->z, &gzip->header) == Z_OK;
}

/* Whether the member is RAZF, whose index other readers ignore. */
static bool is_razf(const Gzip *gzip) {
  return gzip->header.done == 1 && gzip->header.extra_len >= 4 &&
         memcmp(gzip->extra, "RAZF", 4) == 0;
}

static CodecStep step(void *state, CodecData *data) {
  Gzip *gzip = state;
  z_stream *z = &gzip->z;
  z->next_in = (unsigned char *)(uintptr_t)data->in;
  z->avail_in = (uInt)data->in_size;
  z->next_out = data->out;
  z->avail_out = (uInt)data->out_size;
  const int rc = inflate(z, Z_NO_FLUSH);
  data->in = z->next_in;
  data->in_size = z->avail_in;
  if (is_razf(gzip)) {
    data->reason =
        "this is RAZF, an old format of samtools; pipe it through zcat, which may say that "
        "it ignores its index";
    return CODEC_REFUSED;
  }
  data->out = z->next_out;
  data->out_size = z->avail_out;
  if (rc == Z_STREAM_END) return CODEC_END;
  if (rc == Z_OK || rc == Z_BUF_ERROR) return CODEC_MORE;
  data->reason = z->msg ? z->msg : "zlib gives no reason";
  return CODEC_DAMAGED;
}

/* Whether the member that has ended is a block of BGZF with data (SAM specification, 4.1): after
 * the last of those an empty one must come. */
static bool awaits_end_block(const void *state) {
  const Gzip *gzip = state;
  return gzip->header.done == 1 && gzip->header.extra_len >= 6 && gzip->extra[0] == 'B' &&
         gzip->extra[1] == 'C' && gzip->z.total_out > 0;
}

const Codec codec_gzip = {.name = "gzip",
                          .begins = begins,
                          .padding = 1,
                          .open = open_gzip,
                          .begin = begin,
                          .step = step,
                          .awaits_more = awaits_end_block,
                          .close = close_gzip};
