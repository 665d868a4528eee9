#include "io/decoder.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_XZ
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include <cmocka.h>

enum { ROOM = 1 << 21, LONG = 1 << 20, BOUND = SOURCE_ROOM };

/* ---- the libraries' own writers ------------------------------------------------------------- */

/* Compresses n bytes into a member; returns its size. */
typedef size_t Pack(unsigned char *to, const char *text, size_t n);

static size_t pack_gzip(unsigned char *to, const char *text, size_t n) {
  z_stream z = {.next_in = (unsigned char *)(uintptr_t)text, .avail_in = (uInt)n};
  z.next_out = to;
  z.avail_out = ROOM;
  assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  deflateEnd(&z);
  return z.total_out;
}

#ifdef HAVE_BZIP2
static size_t pack_bzip2(unsigned char *to, const char *text, size_t n) {
  unsigned size = ROOM;
  char *from = (char *)(uintptr_t)text;
  assert_int_equal(BZ2_bzBuffToBuffCompress((char *)to, &size, from, (unsigned)n, 1, 0, 0), BZ_OK);
  return size;
}
#endif

#ifdef HAVE_XZ
static size_t pack_xz(unsigned char *to, const char *text, size_t n) {
  size_t size = 0;
  assert_int_equal(
      lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)text, n, to, &size, ROOM),
      LZMA_OK);
  return size;
}
#endif

#ifdef HAVE_ZSTD
static size_t pack_zstd(unsigned char *to, const char *text, size_t n) {
  ZSTD_CCtx *zstd = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
  const size_t size = ZSTD_compress2(zstd, to, ROOM, text, n);
  assert_false(ZSTD_isError(size));
  ZSTD_freeCCtx(zstd);
  return size;
}
#endif

static const struct {
  const char *name;
  Pack *pack;
} formats[] = {
    {"gzip", pack_gzip},
#ifdef HAVE_BZIP2
    {"bzip2", pack_bzip2},
#endif
#ifdef HAVE_XZ
    {"xz", pack_xz},
#endif
#ifdef HAVE_ZSTD
    {"zstd", pack_zstd},
#endif
};
enum { FORMATS = sizeof formats / sizeof *formats };

/* ---- reading -------------------------------------------------------------------------------- */

static const char *path;

/* Reads bytes as a file, `room` bytes of text at a time; returns the size of the text, or -1. In
 * both cases text (ROOM) has the text read so far, ended by a zero. */
static ptrdiff_t unpack(const unsigned char *bytes, size_t size, size_t room, char *text,
                        Why *why) {
  size_t n = 0;
  ptrdiff_t got = -1;
  scratch_write(path, bytes, size);
  Source source = source_open(path);
  Decoder *decoder = decoder_open(&source, why);
  assert_non_null(decoder);
  do {
    got = decoder_read(decoder, text + n, room, why);
    n += got > 0 ? (size_t)got : 0;
  } while (got > 0);
  text[n] = 0;
  decoder_close(decoder);
  source_close(&source);
  return got < 0 ? -1 : (ptrdiff_t)n;
}

static void assert_text(const unsigned char *bytes, size_t size, const char *wanted) {
  static const size_t rooms[] = {1, 7, BOUND};
  static char text[ROOM];
  for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
    Why why = {""};
    if (unpack(bytes, size, rooms[i], text, &why) < 0) fail_msg("%s", why.text);
    assert_string_equal(text, wanted);
  }
}

static void assert_error(const unsigned char *bytes, size_t size, const char *part) {
  static char text[ROOM];
  Why why = {""};
  if (unpack(bytes, size, BOUND, text, &why) >= 0) fail_msg("read, without '%s'", part);
  if (!strstr(why.text, part)) fail_msg("'%s' in '%s'", part, why.text);
}

/* ---- members -------------------------------------------------------------------------------- */

static const char lines[] = ">a\nACGTTGCA\n>b\nGGATTACA\n";
enum { HALF = 12, WHOLE = sizeof lines - 1 };

static void members_follow_one_another_and_may_be_empty(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  for (int i = 0; i < FORMATS; i++)
    for (size_t cut = 0; cut <= WHOLE; cut++) {
      size_t n = formats[i].pack(bytes, lines, cut);
      n += formats[i].pack(bytes + n, "", 0);
      n += formats[i].pack(bytes + n, lines + cut, WHOLE - cut);
      assert_text(bytes, n, lines);
    }
}

static void an_empty_file_is_empty_text(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  for (int i = 0; i < FORMATS; i++) assert_text(bytes, formats[i].pack(bytes, "", 0), "");
}

/* Text that compresses badly and thus fills buffers. */
static char *long_text(void) {
  static char text[LONG + 1];
  uint32_t dice = 1;
  for (size_t i = 0; i < LONG; i++) {
    dice = dice * 1664525 + 1013904223;
    text[i] = "ACGT"[dice >> 30];
  }
  return text;
}

static void long_text_is_read_to_its_end(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  for (int i = 0; i < FORMATS; i++) {
    const size_t n = formats[i].pack(bytes, long_text(), LONG);
    assert_true(n > BOUND);
    assert_text(bytes, n, long_text());
  }
}

/* ---- damage --------------------------------------------------------------------------------- */

static void a_file_that_is_cut_after_any_byte_is_an_error(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  static char text[ROOM];
  for (int i = 0; i < FORMATS; i++) {
    const size_t first = formats[i].pack(bytes, lines, HALF);
    const size_t n = first + formats[i].pack(bytes + first, lines + HALF, WHOLE - HALF);
    for (size_t cut = 2; cut < n; cut++) {
      Why why = {""};
      const ptrdiff_t got = unpack(bytes, cut, BOUND, text, &why);
      if ((got == HALF) != (cut == first))
        fail_msg("%s, %zu of %zu bytes: '%s', %s", formats[i].name, cut, n, text, why.text);
      if (got < 0) assert_non_null(strstr(why.text, "ends early; the file was cut short"));
      assert_memory_equal(text, lines, strlen(text));
    }
  }
}

/* Bits that do not affect the text may change: the time in gzip's header, the window in zstd's. */
static void a_bit_that_changes_is_an_error_or_changes_no_letter(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  static char text[ROOM];
  for (int i = 0; i < FORMATS; i++) {
    const size_t n = formats[i].pack(bytes, lines, WHOLE);
    size_t found = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
      Why why = {""};
      bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
      const ptrdiff_t got = unpack(bytes, n, BOUND, text, &why);
      bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
      const bool plain = got == (ptrdiff_t)n; /* it no longer looks compressed */
      if (got >= 0 && !plain && strcmp(text, lines) != 0)
        fail_msg("%s, bit %zu: '%s'", formats[i].name, bit, text);
      found += got < 0 || plain;
    }
    if (found < 8 * n - 80) fail_msg("%s: %zu of %zu were found", formats[i].name, found, 8 * n);
  }
}

static void all_text_before_the_damage_is_read(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  static char text[ROOM];
  for (int i = 0; i < FORMATS; i++) {
    Why why = {""};
    const size_t first = formats[i].pack(bytes, long_text(), LONG);
    const size_t n = first + formats[i].pack(bytes + first, lines, WHOLE);
    bytes[n - 6] ^= 1; /* a checksum, or the size of the index */
    assert_int_equal(unpack(bytes, n, BOUND, text, &why), -1);
    if (!strstr(why.text, "data is damaged (")) fail_msg("%s", why.text);
    assert_true(strlen(text) >= LONG);
    assert_memory_equal(text, long_text(), LONG);
  }
}

static void other_bytes_after_the_end_are_an_error(void **state) {
  (void)state;
  static const char *const others[] = {"x", ">c\nA\n", "\x1f", "B", "\xfd", "\x28", "\x51", "\xff"};
  static unsigned char bytes[ROOM];
  static char text[ROOM];
  for (int i = 0; i < FORMATS; i++)
    for (size_t other = 0; other < sizeof others / sizeof *others; other++) {
      Why why = {""};
      const size_t n = formats[i].pack(bytes, lines, WHOLE);
      strcpy((char *)bytes + n, others[other]);
      assert_int_equal(unpack(bytes, n + strlen(others[other]), BOUND, text, &why), -1);
      assert_string_equal(text, lines);
      if (!strstr(why.text, "other bytes follow") && !strstr(why.text, "ends early"))
        fail_msg("%s", why.text);
    }
}

static void zeros_may_follow_if_the_format_allows_them(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  for (int i = 0; i < FORMATS; i++)
    for (size_t zeros = 1; zeros <= 8; zeros++) {
      const char *name = formats[i].name;
      const bool may = strcmp(name, "gzip") == 0 || (strcmp(name, "xz") == 0 && zeros % 4 == 0);
      const size_t n = formats[i].pack(bytes, lines, WHOLE);
      memset(bytes + n, 0, zeros);
      if (may)
        assert_text(bytes, n + zeros, lines);
      else
        assert_error(bytes, n + zeros, "other bytes follow");
    }
}

/* ---- properties of single formats ----------------------------------------------------------- */

static void reserved_flags_of_gzip_are_an_error(void **state) {
  (void)state; /* RFC 1952, 2.3.1.2: they may announce a field of unknown length */
  static unsigned char bytes[ROOM];
  const size_t n = pack_gzip(bytes, lines, WHOLE);
  for (int flag = 5; flag < 8; flag++) {
    bytes[3] = (unsigned char)(1 << flag);
    assert_error(bytes, n, "the gzip data is damaged (");
  }
}

static void zeros_may_separate_streams_of_xz_only(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  for (int i = 0; i < FORMATS; i++)
    for (size_t zeros = 1; zeros <= 8; zeros++) {
      size_t n = formats[i].pack(bytes, lines, HALF);
      memset(bytes + n, 0, zeros);
      n += zeros;
      n += formats[i].pack(bytes + n, lines + HALF, WHOLE - HALF);
      if (strcmp(formats[i].name, "xz") == 0 && zeros % 4 == 0)
        assert_text(bytes, n, lines);
      else
        assert_error(bytes, n, "other bytes follow");
    }
}

#ifdef HAVE_XZ
/* Sets the dictionary size in the header of a block, in the code of LZMA2, and its CRC-32. */
static void set_dictionary(unsigned char *block, unsigned char code) {
  const size_t size = 4 * ((size_t)*block + 1);
  unsigned char *filter = memmem(block, size, "\x21\x01", 2);
  assert_non_null(filter);
  filter[2] = code;
  const uint32_t crc = lzma_crc32(block, size - 4, 0);
  for (int i = 0; i < 4; i++) block[size - 4 + (size_t)i] = (unsigned char)(crc >> 8 * i);
}

static void a_dictionary_of_xz_has_a_limit(void **state) {
  (void)state;
  enum { STREAM_HEADER = 12, MIB_1 = 16, GIB_2 = 38, GIB_4 = 40 };
  static unsigned char bytes[ROOM];
  const size_t n = pack_xz(bytes, lines, WHOLE);
  set_dictionary(bytes + STREAM_HEADER, MIB_1);
  assert_text(bytes, n, lines);
  set_dictionary(bytes + STREAM_HEADER, GIB_2);
  assert_error(bytes, n, "its xz dictionary is larger than 1.5 GiB; pipe it through xzcat");
  set_dictionary(bytes + STREAM_HEADER, GIB_4);
  assert_error(bytes, n, "its xz dictionary is larger than 1.5 GiB; pipe it through xzcat");
}

static void an_unknown_check_of_xz_is_an_error(void **state) {
  (void)state;
  static unsigned char bytes[ROOM];
  const size_t n = pack_xz(bytes, lines, WHOLE);
  enum { CHECK = 7, CRC = 8, UNKNOWN = 0xe };
  bytes[CHECK] = UNKNOWN;
  const uint32_t crc = lzma_crc32(bytes + 6, 2, 0);
  for (int i = 0; i < 4; i++) bytes[CRC + i] = (unsigned char)(crc >> 8 * i);
  assert_error(bytes, n, "check are newer than this liblzma");
}
#endif

#ifdef HAVE_ZSTD
/* A frame of one raw block (RFC 8878), with a window of 2^log bytes. */
static size_t raw_frame(unsigned char *to, int log, const char *text) {
  const size_t n = strlen(text);
  const unsigned char head[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (unsigned char)((log - 10) << 3)};
  memcpy(to, head, sizeof head);
  const size_t block = n << 3 | 1;
  for (int i = 0; i < 3; i++) to[sizeof head + (size_t)i] = (unsigned char)(block >> 8 * i);
  memcpy(to + sizeof head + 3, text, n);
  return sizeof head + 3 + n;
}

static void a_window_of_zstd_has_a_limit(void **state) {
  (void)state;
  unsigned char bytes[64];
  assert_text(bytes, raw_frame(bytes, 27, lines), lines);
  assert_error(bytes, raw_frame(bytes, 28, lines), "pipe it through zstdcat --long=31");
  assert_error(bytes, raw_frame(bytes, 31, lines), "pipe it through zstdcat --long=31");
}

static void a_dictionary_of_zstd_is_named(void **state) {
  (void)state;
  static const unsigned char bytes[] = {0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 1, 0, 0};
  assert_error(bytes, sizeof bytes, "pipe it through zstdcat -D");
}

/* As pzstd writes them, also in front of the first frame. */
static void skippable_frames_of_zstd_are_skipped(void **state) {
  (void)state;
  static const unsigned char skipped[] = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
  static unsigned char bytes[ROOM];
  size_t n = 0;
  for (int part = 0; part < 2; part++) {
    memcpy(bytes + n, skipped, sizeof skipped);
    n += sizeof skipped;
    n += pack_zstd(bytes + n, part == 0 ? lines : lines + HALF, part == 0 ? HALF : WHOLE - HALF);
  }
  memcpy(bytes + n, skipped, sizeof skipped);
  assert_text(bytes, n + sizeof skipped, lines);
  for (size_t cut = 1; cut < sizeof skipped; cut++) assert_error(bytes, n + cut, "ends early");
}
#endif

int main(void) {
  path = scratch_path("stored");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_follow_one_another_and_may_be_empty),
      cmocka_unit_test(an_empty_file_is_empty_text),
      cmocka_unit_test(long_text_is_read_to_its_end),
      cmocka_unit_test(a_file_that_is_cut_after_any_byte_is_an_error),
      cmocka_unit_test(a_bit_that_changes_is_an_error_or_changes_no_letter),
      cmocka_unit_test(all_text_before_the_damage_is_read),
      cmocka_unit_test(other_bytes_after_the_end_are_an_error),
      cmocka_unit_test(zeros_may_follow_if_the_format_allows_them),
      cmocka_unit_test(reserved_flags_of_gzip_are_an_error),
      cmocka_unit_test(zeros_may_separate_streams_of_xz_only),
#ifdef HAVE_XZ
      cmocka_unit_test(a_dictionary_of_xz_has_a_limit),
      cmocka_unit_test(an_unknown_check_of_xz_is_an_error),
#endif
#ifdef HAVE_ZSTD
      cmocka_unit_test(a_window_of_zstd_has_a_limit),
      cmocka_unit_test(a_dictionary_of_zstd_is_named),
      cmocka_unit_test(skippable_frames_of_zstd_are_skipped),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
