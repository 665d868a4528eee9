#include "base/alloc.h"
#include "io/inflater.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum { RESERVED = 0xe0 /* flags of a header that must be 0 */ };

typedef struct {
  struct inflate_state isal, before; /* before: copy at the beginning of a step */
  struct isal_gzip_header header;
  unsigned char extra[UINT16_MAX];
  bool in_header;
} Inflater;

void *inflater_open(void) {
  Inflater *inflater = alloc_new(1, sizeof *inflater);
  isal_inflate_init(&inflater->isal);
  return inflater;
}

void inflater_close(void *state) { free(state); }

bool inflater_begin(void *state) {
  Inflater *inflater = state;
  isal_inflate_reset(&inflater->isal);
  isal_gzip_header_init(&inflater->header);
  inflater->header.extra = inflater->extra;
  inflater->header.extra_buf_len = sizeof inflater->extra;
  inflater->in_header = true;
  return true;
}

/* Reads the header, or the available part of it. */
static int read_header(Inflater *inflater) {
  const int rc = isal_read_gzip_header(&inflater->isal, &inflater->header);
  if (rc != ISAL_DECOMP_OK) return rc;
  inflater->in_header = false;
  inflater->isal.crc_flag = ISAL_GZIP_NO_HDR_VER; /* verify the checksum */
  return inflater->header.flags & RESERVED ? ISAL_UNSUPPORTED_METHOD : ISAL_DECOMP_OK;
}

static const char *reason(int rc) {
  switch (rc) {
  case ISAL_INVALID_BLOCK: return "an invalid block";
  case ISAL_INVALID_SYMBOL: return "an invalid code";
  case ISAL_INVALID_LOOKBACK: return "a distance too far back";
  case ISAL_INCORRECT_CHECKSUM: return "a wrong checksum or length";
  default: return "an invalid header";
  }
}

/* Inflates one byte of input at a time, which returns exactly the text before the damage. With more
 * input, ISA-L would count text that it has not written. */
static int inflate_bytes(struct inflate_state *isal) {
  uint32_t left = isal->avail_in;
  isal->avail_in = 0;
  int rc = isal_inflate(isal); /* pending text */
  while (rc >= 0 && left > 0 && isal->avail_out > 0 && isal->block_state != ISAL_BLOCK_FINISH) {
    isal->avail_in = 1;
    rc = isal_inflate(isal);
    left += isal->avail_in - 1;
  }
  isal->avail_in = left;
  return rc;
}

/* Returns the same text before the damage for any size of input and room. */
static int inflate_text(Inflater *inflater) {
  inflater->before = inflater->isal;
  const int rc = isal_inflate(&inflater->isal);
  if (rc >= 0) return rc;
  inflater->isal = inflater->before;
  return inflate_bytes(&inflater->isal);
}

CodecStep inflater_step(void *state, CodecData *data) {
  Inflater *inflater = state;
  struct inflate_state *isal = &inflater->isal;
  isal->next_in = (uint8_t *)(uintptr_t)data->in;
  isal->avail_in = (uint32_t)data->in_size;
  isal->next_out = data->out;
  isal->avail_out = (uint32_t)data->out_size;
  int rc = inflater->in_header ? read_header(inflater) : ISAL_DECOMP_OK;
  if (rc == ISAL_DECOMP_OK) rc = inflate_text(inflater);
  data->in = isal->next_in;
  data->in_size = isal->avail_in;
  data->out = isal->next_out;
  data->out_size = isal->avail_out;
  if (rc >= 0) return isal->block_state == ISAL_BLOCK_FINISH ? CODEC_END : CODEC_MORE;
  data->reason = reason(rc);
  return CODEC_DAMAGED;
}

size_t inflater_extra(const void *state, const unsigned char **extra) {
  const Inflater *inflater = state;
  *extra = inflater->extra;
  return inflater->in_header ? 0 : inflater->header.extra_len;
}

bool inflater_has_text(const void *state) { return ((const Inflater *)state)->isal.total_out > 0; }
