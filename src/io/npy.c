#include "io/npy.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { HEADER = 128, PREAMBLE = 10 /* bytes, of the header */ };

/* ---- numbers -------------------------------------------------------------------------------- */

size_t npy_row(int columns, bool half) {
  return (size_t)columns * (half ? sizeof(uint16_t) : sizeof(float));
}

/* Converts float32 to float16 (IEEE 754), by the bits of the number. */
static uint16_t half_of(float number) {
  enum { INFINITE = 0x47800000 /* 2^16 */, NORMAL = 0x38800000 /* 2^-14 */, HALF = 0x3f000000 };
  uint32_t x, half;
  memcpy(&x, &number, sizeof x);
  const uint32_t sign = x >> 31;
  x &= 0x7fffffff;
  if (x > 0x7f800000) {
    half = 0x7e00; /* NaN */
  } else if (x >= INFINITE) {
    half = 0x7c00;
  } else if (x >= NORMAL) { /* subtract 112 from the exponent; round by the dropped bits */
    half = (x - (112u << 23) + 0xfff + (x >> 13 & 1)) >> 13;
  } else { /* adding 0.5 moves the unit 2^-24 to the last bit */
    float shifted = fabsf(number) + 0.5f;
    memcpy(&half, &shifted, sizeof half);
    half -= HALF;
  }
  return (uint16_t)(sign << 15 | half);
}

void npy_convert(void *row, const float *numbers, int n, bool half) {
  uint16_t *halves = row;
  if (!half) memcpy(row, numbers, (size_t)n * sizeof *numbers);
  for (int i = 0; half && i < n; i++) halves[i] = half_of(numbers[i]);
}

bool npy_finite(const void *numbers, size_t n, bool half) {
  const float *floats = numbers;
  const uint16_t *halves = numbers;
  bool finite = true;
  for (size_t i = 0; i < n; i++)
    finite &= half ? (halves[i] & 0x7c00) != 0x7c00 : isfinite(floats[i]) != 0;
  return finite;
}

/* ---- files ---------------------------------------------------------------------------------- */

static void put_header(const Npy *npy, uint64_t rows) {
  char header[HEADER + 1];
  memcpy(header, "\x93NUMPY\1\0", 8);
  header[8] = HEADER - PREAMBLE;
  header[9] = 0; /* high byte of the length of the rest */
  const int n = snprintf(header + PREAMBLE, sizeof header - PREAMBLE,
                         "{'descr': '<f%d', 'fortran_order': False, 'shape': (%" PRIu64 ", %d), }",
                         npy->half ? 2 : 4, rows, npy->columns);
  memset(header + PREAMBLE + n, ' ', (size_t)(HEADER - PREAMBLE - n));
  header[HEADER - 1] = '\n';
  fwrite(header, 1, HEADER, output_stream(npy->output));
}

int npy_begin(Npy *npy, Output *output, int columns, bool half, Why *why) {
  static const char zeros[HEADER];
  if (!output_can_return(output))
    return fail(why, "--format npy: the header has the number of rows, which is known only at the "
                     "end; name a file with -o that does not end in .gz");
  *npy = (Npy){.output = output, .columns = columns, .half = half};
  npy->begin = ftello(output_stream(output));
  fwrite(zeros, 1, HEADER, output_stream(output));
  return 0;
}

void npy_begin_known(Npy *npy, Output *output, uint64_t rows, int columns, bool half) {
  *npy = (Npy){.output = output, .columns = columns, .half = half, .known = true};
  put_header(npy, rows);
}

void npy_write(Npy *npy, const void *numbers, size_t bytes) {
  fwrite(numbers, 1, bytes, output_stream(npy->output));
  npy->bytes += bytes;
}

int npy_end(Npy *npy, Why *why) {
  FILE *out = output_stream(npy->output);
  const off_t end = ftello(out);
  if (!npy->known && fseeko(out, npy->begin, SEEK_SET) == 0) {
    put_header(npy, npy->bytes / npy_row(npy->columns, npy->half));
    fseeko(out, end, SEEK_SET);
  }
  return output_check(npy->output, why);
}
