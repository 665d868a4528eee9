/* ISA-L's inflater against zlib's (zlib_inflater.c), on damaged members. */
#include "io/inflater.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
/* cmocka.h requires these first */
#include <cmocka.h>

void *zlib_open(void);
bool zlib_begin(void *state);
CodecStep zlib_step(void *state, CodecData *data);
void zlib_close(void *state);

enum { ROOM = 1 << 12, TEXT = 600 };

typedef struct {
  bool (*begin)(void *state);
  CodecStep (*step)(void *state, CodecData *data);
  void *state;
} Inflater;

typedef struct {
  CodecStep step; /* CODEC_MORE: truncated */
  size_t used, n; /* bytes used of the member; bytes of its text */
  char text[ROOM];
} Outcome;

static void inflate_member(Inflater *by, const unsigned char *bytes, size_t n, Outcome *outcome) {
  CodecData data = {bytes, (unsigned char *)outcome->text, n, ROOM, NULL};
  size_t before;
  assert_true(by->begin(by->state));
  do {
    before = data.in_size + data.out_size;
    outcome->step = by->step(by->state, &data);
  } while (outcome->step == CODEC_MORE && data.in_size + data.out_size < before);
  outcome->n = ROOM - data.out_size;
  outcome->used = outcome->step == CODEC_END ? n - data.in_size : 0;
  assert_true(outcome->step != CODEC_DAMAGED || data.reason);
}

/* Both inflaters return the same result. Unless the member is damaged, they use the same number of
 * bytes and return the same text. With an incomplete set of codes, zlib decodes nothing, and ISA-L
 * the codes before the gap. */
static void compare(Inflater by[2], const unsigned char *bytes, size_t n, const char *what,
                    size_t at) {
  static Outcome o[2];
  for (int i = 0; i < 2; i++) inflate_member(&by[i], bytes, n, &o[i]);
  const bool same = o[0].step == o[1].step && o[0].used == o[1].used;
  const bool same_text = o[0].n == o[1].n && memcmp(o[0].text, o[1].text, o[0].n) == 0;
  if (!same || (o[0].step != CODEC_DAMAGED && !same_text))
    fail_msg("%s %zu: verdicts %d and %d, texts of %zu and %zu bytes", what, at, (int)o[0].step,
             (int)o[1].step, o[0].n, o[1].n);
}

/* A member of random bases; the header has all optional fields of gzip, or none. */
static size_t pack(unsigned char *to, int level, int strategy, bool full_header) {
  static unsigned char extra[] = {'B', 'C', 2, 0, 27, 0}, name[] = "a.fa", comment[] = "reads";
  unsigned char text[TEXT];
  uint32_t dice = 1;
  for (int i = 0; i < TEXT; i++) {
    dice = dice * 1664525 + 1013904223;
    text[i] = (unsigned char)"ACGT\n"[(dice >> 16) % 5];
  }
  gz_header header = {.extra = extra,
                      .extra_len = sizeof extra,
                      .name = name,
                      .comment = comment,
                      .hcrc = 1,
                      .os = 3};
  z_stream z = {.next_in = text, .avail_in = TEXT, .next_out = to, .avail_out = ROOM};
  assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, strategy), Z_OK);
  if (full_header) assert_int_equal(deflateSetHeader(&z, &header), Z_OK);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  deflateEnd(&z);
  return z.total_out;
}

static void damage(Inflater by[2], unsigned char *bytes, size_t n) {
  compare(by, bytes, n, "whole", n);
  for (size_t cut = 1; cut < n; cut++) compare(by, bytes, cut, "cut after byte", cut);
  for (size_t bit = 0; bit < 8 * n; bit++) {
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    compare(by, bytes, n, "bit", bit);
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
}

static void both_find_the_same_damage(void **state) {
  (void)state;
  Inflater by[2] = {{inflater_begin, inflater_step, inflater_open()},
                    {zlib_begin, zlib_step, zlib_open()}};
  unsigned char bytes[ROOM];
  for (int full_header = 0; full_header < 2; full_header++) {
    damage(by, bytes, pack(bytes, 0, Z_DEFAULT_STRATEGY, full_header)); /* stored */
    damage(by, bytes, pack(bytes, 6, Z_FIXED, full_header));
    damage(by, bytes, pack(bytes, 6, Z_DEFAULT_STRATEGY, full_header));
  }
  inflater_close(by[0].state);
  zlib_close(by[1].state);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(both_find_the_same_damage)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
