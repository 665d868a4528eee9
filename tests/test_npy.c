/* float16 against its definition; the bytes of an array. */
#include "io/npy.h"

#include "scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

enum { LARGEST = 0x7bff, INFINITE = 0x7c00 }; /* of float16, without a sign */

/* The value of float16 bits: a sign, five bits of exponent, ten of fraction. */
static double number_of(int bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -size : size;
}

static int half_of(double number) {
  const float single = (float)number;
  uint16_t half;
  assert_true((double)single == number || isnan(number));
  npy_convert(&half, &single, 1, true);
  return half;
}

static void a_float16_is_exact_and_other_numbers_are_rounded(void **state) {
  (void)state;
  for (int bits = 0; bits <= LARGEST; bits++) {
    const double one = number_of(bits), gap = ldexp(1, bits >> 10 ? (bits >> 10) - 25 : -24);
    const double tie = one + gap / 2, little = gap / 1024;
    assert_int_equal(half_of(one), bits);
    assert_int_equal(half_of(one + little), bits);
    assert_int_equal(half_of(tie - little), bits);
    assert_int_equal(half_of(tie), bits + bits % 2); /* the even one */
    assert_int_equal(half_of(tie + little), bits + 1);
    assert_int_equal(half_of(-tie), 0x8000 + bits + bits % 2);
    assert_int_equal(half_of(-tie - little), 0x8000 + bits + 1);
  }
}

static void large_numbers_become_infinite_and_nan_stays_nan(void **state) {
  (void)state;
  assert_int_equal(half_of(65519), LARGEST);
  assert_int_equal(half_of(65520), INFINITE);
  assert_int_equal(half_of(1 << 20), INFINITE);
  assert_int_equal(half_of(-ldexp(1, 127)), 0x8000 + INFINITE);
  assert_int_equal(half_of(INFINITY), INFINITE);
  assert_int_equal(half_of((double)1e-40f), 0);
  const int nan = half_of((double)NAN);
  assert_true((nan & INFINITE) == INFINITE && (nan & 1023) != 0);
}

static void finite_numbers_are_recognised(void **state) {
  (void)state;
  const float wrong[] = {INFINITY, -INFINITY, NAN, 65520}, right[] = {65504, -1, 0, 1e-9f};
  uint16_t halves[4];
  for (int i = 0; i < 4; i++) {
    float numbers[4];
    memcpy(numbers, right, sizeof numbers);
    npy_convert(halves, numbers, 4, true);
    assert_true(npy_finite(numbers, 4, false) && npy_finite(halves, 4, true));
    numbers[i] = wrong[i];
    npy_convert(halves, numbers, 4, true);
    assert_int_equal(npy_finite(numbers, 4, false), i == 3);
    assert_false(npy_finite(halves, 4, true));
  }
}

/* Writes an array of two rows, 1 2 and 3 4. */
static size_t write_array(bool known, bool half, char *text, size_t size) {
  char *path = scratch_path("a.npy"), converted[4 * sizeof(float)];
  Why why;
  Npy npy;
  Output *output = output_open(path, &why);
  if (known)
    npy_begin_known(&npy, output, 2, 2, half);
  else
    assert_int_equal(npy_begin(&npy, output, 2, half, &why), 0);
  npy_convert(converted, (const float[]){1, 2, 3, 4}, 4, half);
  npy_write(&npy, converted, npy_row(1, half));
  npy_write(&npy, converted + npy_row(1, half), npy_row(3, half));
  assert_int_equal(npy_end(&npy, &why), 0);
  assert_int_equal(output_close(output, &why), 0);
  const size_t n = scratch_read(path, text, size);
  free(path);
  return n;
}

static void an_array_has_its_header_and_its_rows(void **state) {
  (void)state;
  char text[256], other[256];
  assert_int_equal(write_array(false, false, text, sizeof text), 128 + 16);
  assert_memory_equal(text, "\x93NUMPY\1\0\x76\0{'descr': '<f4', ", 27);
  assert_non_null(strstr(text + 10, "'fortran_order': False, 'shape': (2, 2), }  "));
  assert_true(text[127] == '\n');
  assert_memory_equal(text + 128, "\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40", 16);
  assert_int_equal(write_array(true, false, other, sizeof other), 128 + 16);
  assert_memory_equal(other, text, 128 + 16);
  assert_int_equal(write_array(false, true, text, sizeof text), 128 + 8);
  assert_non_null(strstr(text + 10, "'<f2'"));
  assert_memory_equal(text + 128, "\0\x3c\0\x40\0\x42\0\x44", 8);
}

static void an_array_needs_a_seekable_file(void **state) {
  (void)state;
  Why why;
  Npy npy;
  Output *output = output_open("/dev/null", &why);
  assert_int_equal(npy_begin(&npy, output, 2, false, &why), -1);
  assert_non_null(strstr(why.text, "name a file with -o"));
  output_abandon(output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_float16_is_exact_and_other_numbers_are_rounded),
      cmocka_unit_test(large_numbers_become_infinite_and_nan_stays_nan),
      cmocka_unit_test(finite_numbers_are_recognised),
      cmocka_unit_test(an_array_has_its_header_and_its_rows),
      cmocka_unit_test(an_array_needs_a_seekable_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
