#include "io/npy.h"

#include <inttypes.h>
#include <string.h>

enum { HEADER = 128, PREAMBLE = 10 };

void npy_place(FILE *out) {
  static const char zeros[HEADER];
  fwrite(zeros, 1, HEADER, out);
}

void npy_header(FILE *out, uint64_t rows, uint64_t columns) {
  char header[HEADER + 1];
  memcpy(header, "\x93NUMPY\1\0", 8);
  header[8] = HEADER - PREAMBLE;
  header[9] = 0; /* the length of what follows */
  const int n =
      snprintf(header + PREAMBLE, sizeof header - PREAMBLE,
               "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRIu64 ", %" PRIu64 "), }",
               rows, columns);
  memset(header + PREAMBLE + n, ' ', (size_t)(HEADER - PREAMBLE - n));
  header[HEADER - 1] = '\n';
  fwrite(header, 1, HEADER, out);
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays, as models, are written as they stand in memory, which must be little-endian"
#endif
void npy_numbers(FILE *out, const float *numbers, size_t n) {
  fwrite(numbers, sizeof *numbers, n, out);
}
