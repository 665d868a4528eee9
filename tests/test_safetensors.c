#include "model/safetensors.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { ROOM = 4096 };

static const char *path;

/* Checks that the file cannot be opened, and that the reason contains its name and these words. */
static void assert_refused(const char *words) {
  Why why = {""};
  SafeTensors *file = safetensors_open(path, &why);
  safetensors_close(file);
  if (file) fail_msg("opened where '%s' was awaited", words);
  if (!strstr(why.text, words) || !strstr(why.text, path)) fail_msg("%s: %s", words, why.text);
}

/* ---- round trip ----------------------------------------------------------------------------- */

/* 37 and 5 are not multiples of the panel of the transposition. */
static float matrix[37 * 5], turned[37 * 5], vector[3] = {-0.0f, 1e-45f, 3e38f};
static double reals[2] = {0.1, -0x1p-1074};
static uint64_t wholes[2] = {UINT64_MAX, 0x0102030405060708};

static const Tensor tensors[] = {
    {.name = "m", .dtype = DTYPE_F32, .rank = 2, .rows = 37, .columns = 5, .data = matrix},
    {.name = "t",
     .dtype = DTYPE_F32,
     .rank = 2,
     .rows = 5,
     .columns = 37,
     .transposed = 1,
     .data = turned},
    {.name = "v", .dtype = DTYPE_F32, .rank = 1, .rows = 1, .columns = 3, .data = vector},
    {.name = "r", .dtype = DTYPE_F64, .rank = 1, .rows = 1, .columns = 2, .data = reals},
    {.name = "w", .dtype = DTYPE_U64, .rank = 2, .rows = 2, .columns = 1, .data = wholes},
};
enum { TENSORS = sizeof tensors / sizeof *tensors };

static void write_tensors(void) {
  Why why;
  Metadata *metadata = metadata_new();
  for (int i = 0; i < 37 * 5; i++) matrix[i] = turned[i] = (float)(i + 1);
  metadata_set(metadata, "number", "%d", 42);
  metadata_set(metadata, "\"quoted\"", "%s", "/, \\ and \xc3\xa4");
  assert_int_equal(
      safetensors_write(atomicfile_open(path, true, &why), tensors, TENSORS, metadata, &why), 0);
  metadata_free(metadata);
}

static void tensors_are_read_back_unchanged(void **state) {
  (void)state;
  Why why;
  write_tensors();
  SafeTensors *file = safetensors_open(path, &why);
  assert_non_null(file);
  assert_string_equal(metadata_get(safetensors_metadata(file), "number"), "42");
  assert_string_equal(metadata_get(safetensors_metadata(file), "\"quoted\""), "/, \\ and \xc3\xa4");
  assert_null(metadata_get(safetensors_metadata(file), "none"));
  for (int i = TENSORS - 1; i >= 0; i--) { /* in any order */
    unsigned char read[ROOM] = {0};
    Tensor tensor = tensors[i];
    size_t bytes = tensor.rows * tensor.columns * (tensor.dtype == DTYPE_F32 ? 4 : 8);
    tensor.data = read;
    assert_int_equal(safetensors_read(file, &tensor, 1, &why), 0);
    assert_memory_equal(read, tensors[i].data, bytes);
  }
  safetensors_close(file);
}

static void the_bytes_are_those_of_the_format(void **state) {
  (void)state;
  unsigned char bytes[ROOM + 1];
  uint64_t length;
  char crc[32];
  write_tensors();
  size_t n = scratch_read(path, bytes, ROOM);
  memcpy(&length, bytes, 8);
  assert_int_equal(length % 8, 0);
  assert_int_equal(bytes[8], '{');
  const unsigned char *data = bytes + 8 + length;
  size_t size = 740 + 740 + 12 + 16 + 16;
  assert_int_equal(n, 8 + length + size);
  snprintf(crc, sizeof crc, "\"data_crc32\":\"%08lx\"", crc32(0, data, (uInt)size));
  float first[5], second[37];
  memcpy(first, data, sizeof first);
  memcpy(second, data + 740, sizeof second);
  for (int i = 0; i < 5; i++) assert_true(first[i] == (float)(i + 1));
  for (int i = 0; i < 37; i++) assert_true(second[i] == (float)(5 * i + 1)); /* its first row */
  assert_memory_equal(data + n - 16 - length, "\10\7\6\5\4\3\2\1", 8);
  bytes[8 + length] = 0;
  const char *header = (const char *)bytes + 8;
  assert_non_null(
      strstr(header, "\"m\":{\"dtype\":\"F32\",\"shape\":[37,5],\"data_offsets\":[0,740]}"));
  assert_non_null(
      strstr(header, "\"v\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[1480,1492]}"));
  assert_non_null(
      strstr(header, "\"w\":{\"dtype\":\"U64\",\"shape\":[2,1],\"data_offsets\":[1508,1524]}"));
  assert_non_null(strstr(header, crc));
}

static void a_tensor_without_data_changes_no_checksum(void **state) {
  (void)state;
  Why why = {""};
  float values[3] = {1, 2, 3};
  const Tensor some[] = {
      {.name = "a", .dtype = DTYPE_F32, .rank = 1, .rows = 1, .columns = 3, .data = values},
      {.name = "none", .dtype = DTYPE_F32, .rank = 2, .rows = 0, .columns = 4, .data = NULL},
  };
  Metadata *metadata = metadata_new();
  assert_int_equal(safetensors_write(atomicfile_open(path, true, &why), some, 2, metadata, &why),
                   0);
  metadata_free(metadata);
  SafeTensors *file = safetensors_open(path, &why);
  if (!file) fail_msg("%s", why.text);
  safetensors_close(file);
}

static void a_file_cut_anywhere_or_with_a_flipped_bit_is_refused(void **state) {
  (void)state;
  unsigned char bytes[ROOM];
  uint64_t length;
  write_tensors();
  size_t n = scratch_read(path, bytes, ROOM);
  memcpy(&length, bytes, 8);
  size_t key = (size_t)((unsigned char *)memmem(bytes, n, "\"header_crc32\"", 14) - bytes);
  for (size_t i = 0; i < n; i += i < 8 + length ? 1 : 11) {
    if (i >= key && i < key + 16) continue; /* without it, the rest is still read */
    bytes[i] ^= 4;
    scratch_write(path, bytes, n);
    const char *part = i < 8 + length ? "the header is damaged" : "the data is damaged";
    assert_refused(i < 8 ? "" : part);
    bytes[i] ^= 4;
  }
  scratch_write(path, bytes, n);
  for (size_t cut = n; cut-- > 0;) {
    assert_int_equal(truncate(path, (off_t)cut), 0);
    assert_refused("");
  }
}

/* ---- files by hand -------------------------------------------------------------------------- */

/* Writes a file with this header and `size` zero bytes; CRC_HERE in the header becomes their
 * CRC-32. */
static void write_by_hand(const char *header, size_t size) {
  unsigned char bytes[ROOM] = {0};
  char crc[16];
  uint64_t length = strlen(header);
  memcpy(bytes, &length, 8);
  memcpy(bytes + 8, header, length);
  snprintf(crc, sizeof crc, "%08lx", crc32(0, bytes + 8 + length, (uInt)size));
  char *place = strstr((char *)bytes + 8, "CRC_HERE");
  if (place) memcpy(place, crc, 8);
  scratch_write(path, bytes, 8 + length + size);
}

#define META              "{\"__metadata__\":{\"data_crc32\":\"CRC_HERE\"},"
#define F(shape, offsets) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define B(shape, offsets) META "\"b\":" F(shape, offsets) "}"

static void other_writers_headers_are_read(void **state) {
  (void)state;
  static const char *const headers[] = {
      META "\"a\":" F("[1]", "[0,4]") ",\"b\":" F("[1,1]", "[4,8]") "}",
      META "\"a\":" F("[2]", "[0,8]") ",\"empty\":" F("[0]", "[0,0]") "}",
      META "\"b\":" F("[1]", "[4,8]") ",\"a\":" F("[1]", "[0,4]") "}    ",
      "{ \"b\" : {\"data_offsets\" :[0, 4], \"shape\": [ 1], \"dtype\":\"F32\"},\n\"a\":" F(
          "[1]", "[4,8]") ",\"__metadata__\":{\"data_crc32\":\"CRC_HERE\"}}",
      "{\"b\":" F("[2]", "[0,8]") "}",
      "{\"__metadata__\":{},\"b\":" F("[2]", "[0,8]") "}",
      "{\"__metadata__\":{\"format\":\"pt\"},\"b\":" F("[2]", "[0,8]") "}"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    Why why;
    write_by_hand(headers[i], 8);
    SafeTensors *file = safetensors_open(path, &why);
    if (!file) fail_msg("%s", why.text);
    safetensors_close(file);
  }
}

/* Headers that break the format, the bytes of data after them, and a part of the message. */
static const struct {
  const char *header;
  size_t size;
  const char *words;
} violations[] = {
    {"", 0, "at byte 8:"},
    {"[]", 0, "at byte 8:"},
    {" " B("[1]", "[0,4]"), 4, "at byte 8:"},
    {B("[1]", "[0,4]") "\n", 4, "at byte 8:"},
    {META "\"b\":" F("[1]", "[0,4]") ",", 4, "at byte 8:"},
    {B("[1]", "[0,4]") "}", 4, "at byte "},
    {META "\"b\":" F("[1]", "[0,4]"), 4, "at byte "},
    {META "'b':" F("[1]", "[0,4]") "}", 4, "at byte "},
    {B("[01]", "[0,4]"), 4, "at byte "},
    {META "\"\x1b\":" F("[1]", "[0,4]") "}", 4, "control character 0x1b"},
    {META "\"\xe4\":" F("[1]", "[0,4]") "}", 4, "at byte "},
    {META "\"b\\u0000\":" F("[1]", "[0,4]") "}", 4, "at byte "},
    {"{\"__metadata__\":{\"k\":\"\\u0000\"}}", 0, "at byte "},
    {META "\"b\":" F("[1]", "[0,4]") ",\"b\":" F("[1]", "[4,8]") "}", 8, "duplicate object key"},
    {META "\"b\":" F("[1]", "[0,4]") ",\"\\u0062\":" F("[1]", "[4,8]") "}", 8,
     "duplicate object key"},
    {B("[1]", "[0,4],\"shape\":[1]"), 4, "duplicate object key"},
    {B("[99999999999999999999]", "[0,4]"), 4, "at byte "},
    {B("[-99999999999999999999]", "[0,4]"), 4, "at byte "},
    {B("[1e999]", "[0,4]"), 4, "at byte "},
    {"{\"__metadata__\":[],\"b\":" F("[1]", "[0,4]") "}", 4, "at __metadata__:"},
    {"{\"__metadata__\":{\"k\":4},\"b\":" F("[1]", "[0,4]") "}", 4, "at __metadata__.k:"},
    {"{\"__metadata__\":{\"k\":\"\\u001b[2J\"},\"b\":" F("[1]", "[0,4]") "}", 4,
     "at __metadata__.k:"},
    {"{\"__metadata__\":{\"k\":\"\\u009b2J\"},\"b\":" F("[1]", "[0,4]") "}", 4,
     "at __metadata__.k:"},
    {"{\"__metadata__\":{\"\\u007f\":\"4\"},\"b\":" F("[1]", "[0,4]") "}", 4, "at __metadata__.?:"},
    {"{\"__metadata__\":{\"format_version\":\"1\"},\"b\":" F("[1]", "[0,4]") "}", 4,
     "at __metadata__.data_crc32:"},
    {"{\"__metadata__\":{\"header_crc32\": \"00000000\"},\"b\":" F("[1]", "[0,4]") "}", 4,
     "at __metadata__.header_crc32: must have no blanks"},
    {"{\"__metadata__\":{\"data_crc32\":\"00000000\"},\"b\":" F("[1]", "[0,4]") "}", 4, "damaged"},
    {META "\"b\":7}", 0, "at b:"},
    {META "\"\\u009b2J\":7}", 0, "at ??2J:"},
    {META "\"b\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "at b:"},
    {B("[1]", "[0,4],\"more\":1"), 4, "at b:"},
    {B("1", "[0,4]"), 4, "at b.shape:"},
    {B("[1]", "4"), 4, "at b:"},
    {META "\"b\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "at b:"},
    {META "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "at b.dtype:"},
    {B("[]", "[0,4]"), 4, "at b.shape:"},
    {B("[1,1,1]", "[0,4]"), 4, "at b.shape:"},
    {B("[1.0]", "[0,4]"), 4, "at b.shape:"},
    {B("[\"1\"]", "[0,4]"), 4, "at b.shape:"},
    {B("[1,null]", "[0,4]"), 4, "at b.shape:"},
    {B("[-1]", "[0,4]"), 4, "at b.shape:"},
    {B("[1]", "[0,4.0]"), 4, "at b:"},
    {B("[1]", "[true,4]"), 4, "at b:"},
    {B("[1]", "[-4,0]"), 4, "at b.data_offsets:"},
    {B("[1]", "[4]"), 4, "at b:"},
    {B("[1]", "[0,4,8]"), 4, "at b:"},
    {B("[4294967296,4294967296]", "[0,0]"), 0, "at b.shape:"},
    {B("[4611686018427387904]", "[0,0]"), 0, "at b.shape:"},
    {B("[2]", "[0,4]"), 4, "at b.data_offsets:"},
    {B("[1]", "[4,0]"), 4, "at b.data_offsets:"},
    {B("[1]", "[4,8]"), 8, "at b.data_offsets:"},
    {META "\"a\":" F("[1]", "[0,4]") ",\"b\":" F("[1]", "[8,12]") "}", 12, "at b.data_offsets:"},
    {META "\"a\":" F("[2]", "[0,8]") ",\"b\":" F("[1]", "[4,8]") "}", 8, "at b.data_offsets:"},
    {META "\"a\":" F("[1]", "[0,4]") ",\"b\":" F("[1]", "[0,4]") "}", 4, "at b.data_offsets:"},
    {B("[1]", "[0,4]"), 3, "cut short"},
    {B("[1]", "[0,4]"), 5, "no tensor has this byte"},
};

static void every_violation_is_refused_with_its_position(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof violations / sizeof *violations; i++) {
    write_by_hand(violations[i].header, violations[i].size);
    assert_refused(violations[i].words);
  }
}

/* Writes a file without data, whose header is `head`, n times `piece`, and `tail`. */
static void write_repeated(const char *head, const char *piece, size_t n, const char *tail) {
  FILE *out = fopen(path, "wb");
  assert_non_null(out);
  uint64_t length = strlen(head) + n * strlen(piece) + strlen(tail);
  fwrite(&length, sizeof length, 1, out);
  fputs(head, out);
  for (size_t i = 0; i < n; i++) fputs(piece, out);
  fputs(tail, out);
  assert_int_equal(fclose(out), 0);
}

static void a_header_that_would_expand_is_not_parsed(void **state) {
  (void)state;
  enum { MEGABYTE = 1 << 20 };
  write_repeated("{\"a\":[0", ",0", 8 * MEGABYTE - 8, "}");
  assert_refused("more than 16 MiB, 65536 values");
  write_repeated("{\"a\":[[]", ",[[[]]]", 2 * MEGABYTE, "}");
  assert_refused("more than 16 MiB, 65536 values");
  write_repeated("{\"a\":[", "[", 70000, "}");
  assert_refused("more than 16 MiB, 65536 values");
  write_repeated("{\"a\":[", "[", 3000, "}");
  assert_refused("maximum parsing depth");
  write_repeated("{\"a\":\"", "\\\"", 40000, "}");
  assert_refused("65536 bytes in a name or value");
  write_repeated("{\"a\":", "1", 16 * MEGABYTE - 8, "}");
  assert_refused("65536 bytes in a name or value");
}

static void a_long_name_leaves_the_sentence_whole(void **state) {
  (void)state;
  write_repeated(META "\"", "b", 2000, "\":7}");
  assert_refused("malformed at bbb");
  assert_refused("; copy or make the file again");
}

static void opening_a_fifo_does_not_block(void **state) {
  (void)state;
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_refused("is not a regular file");
  unlink(path);
}

static void a_header_too_long_is_not_read(void **state) {
  (void)state;
  static const uint64_t lengths[] = {1, 0x7d, 16 << 20, (16 << 20) + 1, 1u << 31, UINT64_MAX};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    const int too_long = lengths[i] > 16 << 20;
    scratch_write(path, &lengths[i], 8);
    assert_refused(too_long ? "is not a safetensors file" : "cut short");
    if (too_long) assert_int_equal(truncate(path, 20 << 20), 0);
    if (too_long) assert_refused("is not a safetensors file");
  }
  scratch_write(path, "1234567", 7);
  assert_refused("cut short");
}

static void a_tensor_must_exist_with_its_shape(void **state) {
  (void)state;
  static const struct {
    const char *name;
    Dtype dtype;
    int rank;
    size_t rows, columns;
    const char *words;
  } wrong[] = {
      {"none", DTYPE_F32, 1, 1, 3, "at none: is missing, or is not F32 of shape [3]"},
      {"v", DTYPE_F64, 1, 1, 3, "is not F64 of shape [3]"},
      {"r", DTYPE_U64, 1, 1, 2, "is not U64 of shape [2]"},
      {"v", DTYPE_F32, 1, 1, 4, "is not F32 of shape [4]"},
      {"v", DTYPE_F32, 2, 3, 1, "is not F32 of shape [3,1]"},
      {"m", DTYPE_F32, 2, 5, 37, "is not F32 of shape [5,37]"},
      {"m", DTYPE_F32, 1, 1, 185, "is not F32 of shape [185]"},
  };
  Why why;
  write_tensors();
  SafeTensors *file = safetensors_open(path, &why);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    float untouched[ROOM] = {0};
    Tensor tensor = {.dtype = wrong[i].dtype,
                     .rank = wrong[i].rank,
                     .rows = wrong[i].rows,
                     .columns = wrong[i].columns,
                     .data = untouched};
    strcpy(tensor.name, wrong[i].name);
    assert_int_equal(safetensors_read(file, &tensor, 1, &why), -1);
    if (!strstr(why.text, wrong[i].words)) fail_msg("%s: %s", wrong[i].words, why.text);
    assert_true(untouched[0] == 0);
  }
  safetensors_close(file);
}

static void a_number_that_is_not_finite_is_refused(void **state) {
  (void)state;
  static const float bad[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    Why why = {""};
    write_tensors(); /* sets matrix */
    matrix[184] = bad[i];
    reals[1] = (double)bad[i];
    Metadata *metadata = metadata_new();
    assert_int_equal(
        safetensors_write(atomicfile_open(path, true, &why), tensors, TENSORS, metadata, &why), 0);
    metadata_free(metadata);
    SafeTensors *file = safetensors_open(path, &why);
    assert_int_equal(safetensors_read(file, &tensors[0], 1, &why), -1);
    assert_non_null(strstr(why.text, "at m: has a number that is not finite"));
    assert_int_equal(safetensors_read(file, &tensors[1], 1, &why), 0);
    assert_int_equal(safetensors_read(file, &tensors[3], 1, &why), -1);
    assert_non_null(strstr(why.text, "at r: has a number that is not finite"));
    safetensors_close(file);
  }
  reals[1] = 1;
}

/* A row with more columns than are transposed at a time, and one column more. */
static void a_long_row_is_transposed_in_pieces(void **state) {
  (void)state;
  enum { ROWS = 2, COLUMNS = (1 << 20) + 3 };
  Why why;
  float *data = malloc(sizeof *data * ROWS * COLUMNS), *back = calloc(ROWS * COLUMNS, sizeof *back);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) data[i] = (float)i;
  Tensor tensor = {"U", DTYPE_F32, 2, ROWS, COLUMNS, 1, data};
  Metadata *metadata = metadata_new();
  assert_int_equal(safetensors_write(atomicfile_open(path, true, &why), &tensor, 1, metadata, &why),
                   0);
  SafeTensors *file = safetensors_open(path, &why);
  tensor.data = back;
  assert_int_equal(safetensors_read(file, &tensor, 1, &why), 0);
  assert_memory_equal(back, data, sizeof *data * ROWS * COLUMNS);
  tensor.transposed = 0; /* as it stands in the file */
  assert_int_equal(safetensors_read(file, &tensor, 1, &why), 0);
  assert_true(back[COLUMNS - 1] == (float)(ROWS * (COLUMNS - 1)) && back[COLUMNS] == 1);
  safetensors_close(file);
  metadata_free(metadata);
  free(data);
  free(back);
}

static void only_the_requested_tensors_are_allowed(void **state) {
  (void)state;
  Why why;
  write_tensors();
  SafeTensors *file = safetensors_open(path, &why);
  assert_int_equal(safetensors_only(file, tensors, TENSORS, NULL, &why), 0);
  assert_int_equal(safetensors_only(file, tensors, TENSORS - 1, NULL, &why), -1);
  assert_non_null(strstr(why.text, "at w: does not belong there"));
  safetensors_close(file);
}

static void a_failed_write_keeps_the_old_file(void **state) {
  (void)state;
  unsigned char before[ROOM], after[ROOM];
  char nowhere[64];
  Why why = {""};
  write_tensors();
  size_t n = scratch_read(path, before, ROOM);
  Metadata *metadata = metadata_new();
  snprintf(nowhere, sizeof nowhere, "%s/none/a", scratch_directory());
  assert_int_equal(
      safetensors_write(atomicfile_open(nowhere, true, &why), tensors, TENSORS, metadata, &why),
      -1);
  assert_non_null(strstr(why.text, nowhere));
  metadata_set(metadata, "place", "%s", "M\xfcnchen"); /* Latin-1 */
  assert_int_equal(safetensors_write(atomicfile_open(path, true, &why), tensors, 1, metadata, &why),
                   -1);
  assert_non_null(strstr(why.text, "UTF-8"));
  metadata_free(metadata);
  assert_int_equal(scratch_read(path, after, ROOM), n);
  assert_memory_equal(before, after, n);
}

/* Checks that metadata that the reader would reject is not written; the reason contains the
 * words. */
static void assert_unwritten(Metadata *metadata, const char *words) {
  unsigned char before[ROOM], after[ROOM];
  Why why = {""};
  write_tensors();
  const size_t n = scratch_read(path, before, ROOM);
  assert_int_equal(safetensors_write(atomicfile_open(path, true, &why), tensors, 1, metadata, &why),
                   -1);
  if (!strstr(why.text, words) || !strstr(why.text, path)) fail_msg("%s: %s", words, why.text);
  metadata_free(metadata);
  assert_int_equal(scratch_read(path, after, ROOM), n);
  assert_memory_equal(before, after, n);
}

static void an_unreadable_value_is_not_written(void **state) {
  (void)state;
  static char text[(1 << 16) + 2];
  Metadata *metadata = metadata_new();
  metadata_set(metadata, "place", "a\tb");
  assert_unwritten(metadata, "control character");
  metadata = metadata_new();
  memset(text, 'a', sizeof text - 1);
  metadata_set(metadata, "place", "%s", text);
  assert_unwritten(metadata, "65536 bytes in a name or value");
  metadata = metadata_new();
  for (int i = 0; i < 1 << 16; i++) {
    snprintf(text, 16, "%d", i);
    metadata_set(metadata, text, "x");
  }
  assert_unwritten(metadata, "more than 16 MiB, 65536 values");
}

int main(void) {
  path = scratch_path("a.safetensors");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors_are_read_back_unchanged),
      cmocka_unit_test(the_bytes_are_those_of_the_format),
      cmocka_unit_test(a_tensor_without_data_changes_no_checksum),
      cmocka_unit_test(a_file_cut_anywhere_or_with_a_flipped_bit_is_refused),
      cmocka_unit_test(other_writers_headers_are_read),
      cmocka_unit_test(every_violation_is_refused_with_its_position),
      cmocka_unit_test(a_header_that_would_expand_is_not_parsed),
      cmocka_unit_test(a_long_name_leaves_the_sentence_whole),
      cmocka_unit_test(opening_a_fifo_does_not_block),
      cmocka_unit_test(a_header_too_long_is_not_read),
      cmocka_unit_test(a_tensor_must_exist_with_its_shape),
      cmocka_unit_test(only_the_requested_tensors_are_allowed),
      cmocka_unit_test(a_number_that_is_not_finite_is_refused),
      cmocka_unit_test(a_long_row_is_transposed_in_pieces),
      cmocka_unit_test(a_failed_write_keeps_the_old_file),
      cmocka_unit_test(an_unreadable_value_is_not_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
