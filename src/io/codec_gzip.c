#include "io/codec.h"
#include "io/inflater.h"

#include <string.h>

static bool begins(const unsigned char *bytes, size_t n) {
  return bytes[0] == 0x1f && (n < 2 || bytes[1] == 0x8b);
}

/* Whether the extra field of the member's header begins with this mark and has at least this many
 * bytes. */
static bool is_marked(const void *state, const char *mark, size_t least) {
  const unsigned char *extra;
  return inflater_extra(state, &extra) >= least && memcmp(extra, mark, strlen(mark)) == 0;
}

/* RAZF has an index, which other readers ignore. */
static CodecStep step(void *state, CodecData *data) {
  const CodecData before = *data;
  const CodecStep step = inflater_step(state, data);
  if (!is_marked(state, "RAZF", 4)) return step;
  data->out = before.out;
  data->out_size = before.out_size;
  data->reason = "this is RAZF, an old format of samtools; pipe it through zcat, which may report "
                 "that it ignores the index";
  return CODEC_REFUSED;
}

/* Whether the member that has ended is a BGZF block with data (SAM specification, 4.1). An empty
 * block must follow the last of these. */
static bool awaits_end_block(const void *state) {
  return is_marked(state, "BC", 6) && inflater_has_text(state);
}

const Codec codec_gzip = {.name = "gzip",
                          .begins = begins,
                          .padding = 1,
                          .open = inflater_open,
                          .begin = inflater_begin,
                          .step = step,
                          .awaits_more = awaits_end_block,
                          .close = inflater_close};
