#include "io/decoder.h"

#include "base/alloc.h"
#include "io/codec.h"

#include <stdlib.h>

enum { MAGIC_MIN = 2, MAGIC_MAX = 6 /* first bytes that identify the format */ };

struct Decoder {
  Source *source;
  const Codec *codec; /* NULL: not compressed */
  void *state;
  bool in_member;  /* inside a member */
  bool full;       /* the last text filled its buffer, so there may be more */
  bool unfinished; /* the source ended where another member must follow */
  CodecStep step;
  const char *reason; /* for an error of step, which is reported after the text before it */
};

static const Codec *const codecs[] = {
    &codec_gzip,
#ifdef HAVE_BZIP2
    &codec_bzip2,
#endif
#ifdef HAVE_XZ
    &codec_xz,
#endif
#ifdef HAVE_ZSTD
    &codec_zstd,
#endif
};
enum { CODECS = sizeof codecs / sizeof *codecs };

static const Codec *codec_of(const Source *source) {
  for (int i = 0; i < CODECS; i++)
    if (codecs[i]->begins(source->raw, source->end)) return codecs[i];
  return NULL;
}

/* ---- members -------------------------------------------------------------------------------- */

static int begin_member(Decoder *d, Why *why) {
  d->in_member = true;
  if (d->state && d->codec->begin(d->state)) return 1;
  return fail(why, "%s data cannot be unpacked: not enough memory", d->codec->name);
}

/* Skips zeros; returns whether other bytes follow. */
static int skip_zeros(Decoder *d, size_t *zeros, Why *why) {
  Source *source = d->source;
  int rest;
  *zeros = 0;
  while ((rest = source_more(source, why)) > 0 && source->raw[source->at] == 0) {
    source->at++;
    ++*zeros;
  }
  return rest;
}

/* Called after a member: 1: another member follows, 0: the file ends here. */
static int next_member(Decoder *d, Why *why) {
  const Codec *codec = d->codec;
  size_t zeros = 0;
  const int rest = codec->padding ? skip_zeros(d, &zeros, why) : source_more(d->source, why);
  if (rest < 0) return -1;
  d->unfinished = codec->awaits_more && codec->awaits_more(d->state);
  const bool padded = zeros == 0 || zeros % (size_t)codec->padding == 0;
  if (rest == 0 && zeros > 0 && d->unfinished)
    return fail(why, "BGZF's end block is missing, with zeros in its place; the file was cut "
                     "short, fetch it again");
  if (rest == 0 && padded) return 0;
  const unsigned char *next = d->source->raw + d->source->at;
  if (rest > 0 && padded && (zeros == 0 || codec->after_padding) && codec->begins(next, 1))
    return begin_member(d, why);
  return fail(why,
              "other bytes follow the end of the %s data; the file is damaged or two files "
              "were joined",
              codec->name);
}

/* ---- text ----------------------------------------------------------------------------------- */

/* Decompresses the buffered bytes of the source. */
static void run_step(Decoder *d, char *text, size_t n, size_t *got) {
  Source *source = d->source;
  CodecData data = {.in = source->raw + source->at,
                    .in_size = source->end - source->at,
                    .out = (unsigned char *)text,
                    .out_size = n};
  d->step = d->codec->step(d->state, &data);
  d->reason = data.reason;
  source->at = source->end - data.in_size;
  *got = n - data.out_size;
  d->full = data.out_size == 0;
  if (d->step == CODEC_END) d->in_member = false;
}

static ptrdiff_t decode(Decoder *d, char *text, size_t n, Why *why) {
  const char *name = d->codec->name;
  size_t got = 0;
  while (got == 0) {
    if (d->step == CODEC_REFUSED) return fail(why, "%s", d->reason);
    if (d->step == CODEC_DAMAGED)
      return fail(why, "the %s data is damaged (%s); fetch it again", name, d->reason);
    int rest = d->in_member ? 1 : next_member(d, why);
    if (rest <= 0) return rest;
    rest = source_more(d->source, why);
    if (rest < 0) return -1;
    run_step(d, text, n, &got);
    if (rest == 0 && got == 0 && d->step == CODEC_MORE)
      return fail(why, "the %s data ends early; the file was cut short, fetch it again", name);
  }
  return (ptrdiff_t)got;
}

ptrdiff_t decoder_read(Decoder *d, char *text, size_t n, Why *why) {
  return d->codec ? decode(d, text, n, why) : source_read(d->source, text, n, why);
}

const char *decoder_format(const Decoder *d) { return d->codec ? d->codec->name : NULL; }

bool decoder_unfinished(const Decoder *d) { return d->unfinished; }

bool decoder_holds(const Decoder *d) { return d->full || d->source->at < d->source->end; }

/* ---- opening -------------------------------------------------------------------------------- */

/* Reads the first bytes until the format is known; a pipe may deliver them one by one. */
static int look(Source *source, const Codec **codec, Why *why) {
  ptrdiff_t n = 1;
  *codec = NULL;
  do {
    n = source_fill(source, why);
    if (n < 0) return -1;
    *codec = source->end > 0 ? codec_of(source) : NULL;
  } while (n > 0 && *codec && source->end < MAGIC_MAX);
  if (source->end < MAGIC_MIN) *codec = NULL;
  return 0;
}

Decoder *decoder_open(Source *source, Why *why) {
  const Codec *codec;
  if (look(source, &codec, why) != 0) return NULL;
  Decoder *d = alloc_new(1, sizeof *d);
  d->source = source;
  d->codec = codec;
  d->state = codec ? codec->open() : NULL;
  if (!codec || begin_member(d, why) > 0) return d;
  decoder_close(d);
  return NULL;
}

void decoder_close(Decoder *d) {
  if (!d) return;
  if (d->state) d->codec->close(d->state);
  free(d);
}
