#include "base/alloc.h"
#include "io/inflater.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_ONLY = 15 + 16 /* argument of inflateInit2 */ };

typedef struct {
  z_stream z;
  gz_header header;
  unsigned char extra[64];
} Inflater;

void *inflater_open(void) {
  Inflater *inflater = alloc_new(1, sizeof *inflater);
  if (inflateInit2(&inflater->z, GZIP_ONLY) == Z_OK) return inflater;
  free(inflater);
  return NULL;
}

void inflater_close(void *state) {
  Inflater *inflater = state;
  inflateEnd(&inflater->z);
  free(inflater);
}

bool inflater_begin(void *state) {
  Inflater *inflater = state;
  inflater->header = (gz_header){.extra = inflater->extra, .extra_max = sizeof inflater->extra};
  return inflateReset(&inflater->z) == Z_OK &&
         inflateGetHeader(&inflater->z, &inflater->header) == Z_OK;
}

CodecStep inflater_step(void *state, CodecData *data) {
  z_stream *z = &((Inflater *)state)->z;
  z->next_in = (unsigned char *)(uintptr_t)data->in;
  z->avail_in = (uInt)data->in_size;
  z->next_out = data->out;
  z->avail_out = (uInt)data->out_size;
  const int rc = inflate(z, Z_NO_FLUSH);
  data->in = z->next_in;
  data->in_size = z->avail_in;
  data->out = z->next_out;
  data->out_size = z->avail_out;
  if (rc == Z_STREAM_END) return CODEC_END;
  if (rc == Z_OK || rc == Z_BUF_ERROR) return CODEC_MORE;
  data->reason = z->msg ? z->msg : "zlib gives no reason";
  return CODEC_DAMAGED;
}

size_t inflater_extra(const void *state, const unsigned char **extra) {
  const Inflater *inflater = state;
  *extra = inflater->extra;
  if (inflater->header.done != 1) return 0;
  return inflater->header.extra_len < sizeof inflater->extra ? inflater->header.extra_len
                                                             : sizeof inflater->extra;
}

bool inflater_has_text(const void *state) { return ((const Inflater *)state)->z.total_out > 0; }
