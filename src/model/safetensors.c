#include "model/safetensors.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors.c writes numbers as they stand in memory: it needs a little-endian machine"
#endif

enum { BUFFER = 1 << 16 };
enum { PUT_FLOATS = 8 << 20, GET_FLOATS = 1 << 20 }; /* per panel; a reader may have less memory */
enum { ENTRY_BYTES = 300, TEXTS = 5 }; /* per entry of metadata while writing, about */
enum { TILE = 64 };                    /* columns transposed together, in the cache */

/* ---- the header's own CRC-32 ---------------------------------------------------------------- */

enum { DIGITS = 8 };

/* The digits of header_crc32 in a header; NULL: it has none. */
static char *find_digits(char *text, size_t length) {
  static const char key[] = "\"header_crc32\":\"";
  char *place = memmem(text, length, key, strlen(key));
  if (!place || place + strlen(key) + DIGITS > text + length) return NULL;
  return place + strlen(key);
}

/* Sets the digits to the CRC-32 of the header with zeros in their place. */
static void seal(char *text, size_t length, char *digits) {
  char crc[DIGITS + 1];
  memset(digits, '0', DIGITS);
  snprintf(crc, sizeof crc, "%08x", (unsigned)crc32_z(0, (const unsigned char *)text, length));
  memcpy(digits, crc, DIGITS);
}

/* Whether the header's CRC-32 is correct; true if it has none. */
static bool is_sealed(char *text, size_t length) {
  char before[DIGITS], *digits = find_digits(text, length);
  if (!digits) return true;
  memcpy(before, digits, DIGITS);
  seal(text, length, digits);
  return memcmp(before, digits, DIGITS) == 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The destination of bytes: a file, or if out is NULL only their CRC-32. */
typedef struct {
  FILE *out;
  uint32_t crc;
} Sink;

static void put(Sink *to, const void *bytes, size_t n) {
  if (n == 0) return; /* crc32_z(crc, NULL, 0) would begin again */
  if (to->out)
    fwrite(bytes, 1, n, to->out); /* errors stay in the stream until commit checks them */
  else
    to->crc = (uint32_t)crc32_z(to->crc, bytes, n);
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Part of a tensor that is (columns,rows) in memory: some rows of the file, or some columns of a
 * long row. */
typedef struct {
  size_t rows, columns;
  float *data;
} Panel;

static Panel panel_new(size_t columns, size_t floats) {
  Panel panel = {.columns = least(columns, floats)};
  panel.rows = panel.columns < columns ? 1 : least(floats / panel.columns, 16);
  panel.data = alloc_numbers(panel.rows * panel.columns, sizeof *panel.data);
  return panel;
}

/* The memory of two copies of the metadata, and of the header as JSON values and twice as text. */
static size_t header_memory(const Metadata *metadata) {
  const char *key, *value;
  size_t bytes = 0;
  for (size_t i = 0; metadata && metadata_entry(metadata, i, &key, &value); i++)
    bytes += ENTRY_BYTES + TEXTS * (strlen(key) + strlen(value));
  return bytes;
}

size_t safetensors_memory(size_t columns, const Metadata *metadata) {
  alloc_count_begin();
  free(panel_new(columns, PUT_FLOATS).data);
  return alloc_count_end() + header_memory(metadata);
}

static void put_transposed(Sink *to, const Tensor *tensor) {
  const size_t rows = tensor->rows, columns = tensor->columns;
  Panel panel = panel_new(tensor->columns, PUT_FLOATS);
  for (size_t row = 0; row < rows; row += panel.rows)
    for (size_t first = 0; first < columns; first += panel.columns) {
      const float *data = (const float *)tensor->data + first * rows + row;
      size_t n = least(rows - row, panel.rows), m = least(columns - first, panel.columns);
      for (size_t from = 0; from < m; from += TILE)
        for (size_t i = 0; i < n; i++)
          for (size_t j = from; j < least(from + TILE, m); j++)
            panel.data[i * m + j] = data[j * rows + i];
      put(to, panel.data, n * m * sizeof(float));
    }
  free(panel.data);
}

static void put_data(Sink *to, const Tensor *tensors, int n) {
  for (int i = 0; i < n; i++)
    if (tensors[i].transposed)
      put_transposed(to, &tensors[i]);
    else
      put(to, tensors[i].data, tensor_bytes(&tensors[i]));
}

/* The header of a file with this data, with both CRC-32s; NULL: the reader would reject it. */
static char *make_header(const AtomicFile *file, const Tensor *tensors, int n,
                         const Metadata *metadata, Why *why) {
  const char *fault;
  Sink to = {NULL, 0};
  put_data(&to, tensors, n);
  char *header = safetensors_header(tensors, n, metadata, to.crc, &fault);
  if (!header) {
    fail(why, "%s: cannot be written: %s", file->path, fault);
    return NULL;
  }
  const size_t length = strlen(header);
  seal(header, length, find_digits(header, length));
  return header;
}

int safetensors_write(AtomicFile *file, const Tensor *tensors, int n, const Metadata *metadata,
                      Why *why) {
  if (!file) return -1;
  char *header = make_header(file, tensors, n, metadata, why);
  if (!header) {
    atomicfile_abandon(file);
    return -1;
  }
  const uint64_t length = strlen(header);
  Sink to = {file->out, 0};
  put(&to, &length, sizeof length);
  put(&to, header, length);
  put_data(&to, tensors, n);
  free(header);
  return atomicfile_commit(file, why);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct SafeTensors {
  char *path;
  FILE *in;
  SafeTensorsHeader header;
  uint64_t data, data_size; /* offset in the file, bytes */
};

static int cut_short(const SafeTensors *file, Why *why) {
  return fail(why, "%s: ends early: it was cut short; copy or make the file again", file->path);
}

/* Reports a read error, or a file that shrinks while it is read. */
static int cannot_read(const SafeTensors *file, Why *why) {
  if (ferror(file->in)) return fail_reading(why, errno, "%s: cannot be read", file->path);
  return fail(why, "%s: has become shorter while it was read; try again", file->path);
}

/* Whether the file looks like FASTA, FASTQ or gzip, by its first bytes (read as the header's
 * length) and the lack of a '{' after them. */
static bool is_sequence(uint64_t length, FILE *in) {
  const unsigned char *c = (const unsigned char *)&length;
  return ungetc(getc(in), in) != '{' &&
         (c[0] == '>' || c[0] == '@' || (c[0] == 0x1f && c[1] == 0x8b));
}

/* Reads the header of a file of `size` bytes. */
static int read_header(SafeTensors *file, uint64_t size, Why *why) {
  uint64_t length;
  if (size < sizeof length) return cut_short(file, why);
  if (fread(&length, sizeof length, 1, file->in) != 1) return cannot_read(file, why);
  if (is_sequence(length, file->in))
    return fail(why,
                "%s: looks like sequence, not like a model; name a model there (rnnpredict takes "
                "the model first, then the sequence files)",
                file->path);
  if (length > SAFETENSORS_HEADER_MAX && *(const char *)&length == '{')
    return fail(why, "%s: is JSON, not a model file; give weights in JSON with --weights",
                file->path);
  if (length > SAFETENSORS_HEADER_MAX)
    return fail(why, "%s: is not a safetensors file; give a run directory or a .safetensors file",
                file->path);
  if (length > size - sizeof length) return cut_short(file, why);
  char *text = alloc_new(length + 1, 1);
  file->data = sizeof length + length;
  file->data_size = size - file->data;
  int rc;
  if (fread(text, 1, length, file->in) != length)
    rc = cannot_read(file, why);
  else if (!is_sealed(text, length))
    rc = fail(why, "%s: the header is damaged (CRC-32); copy or make the file again", file->path);
  else
    rc = safetensors_parse(&file->header, file->path, text, length, why);
  if (rc == 0 && metadata_get(file->header.metadata, "header_crc32") && !find_digits(text, length))
    rc = safetensors_malformed(why, file->path, "must have no blanks around its colon",
                               "__metadata__.header_crc32");
  free(text);
  return rc;
}

/* Whether the file has none of the metadata of our files, and is thus not a damaged file of
 * ours. */
static bool is_foreign(const Metadata *metadata) {
  static const char *const ours[] = {"format_version", "data_crc32", "header_crc32"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (metadata_get(metadata, ours[i])) return false;
  return true;
}

/* Checks the CRC-32. A file of another program has none, but it is computed as the identity of the
 * model. */
static int check_crc(SafeTensors *file, Why *why) {
  static const char key[] = "data_crc32";
  unsigned char buffer[BUFFER];
  uint32_t crc = 0;
  char text[16];
  for (uint64_t left = file->data_size; left > 0;) {
    size_t n = left < sizeof buffer ? (size_t)left : sizeof buffer;
    if (fread(buffer, 1, n, file->in) != n) return cannot_read(file, why);
    crc = (uint32_t)crc32_z(crc, buffer, n);
    left -= n;
  }
  snprintf(text, sizeof text, "%08x", crc);
  if (is_foreign(file->header.metadata)) metadata_set(file->header.metadata, key, "%s", text);
  const char *wanted = metadata_get(file->header.metadata, key);
  if (!wanted)
    return safetensors_malformed(why, file->path, "is missing", "__metadata__.data_crc32");
  if (strcmp(text, wanted) != 0)
    return fail(why, "%s: the data is damaged (CRC-32); copy or make the file again", file->path);
  return 0;
}

/* Checks that the tensors account for all data. */
static int check_size(const SafeTensors *file, Why *why) {
  const SafeTensorsHeader *header = &file->header;
  const uint64_t end = header->n > 0 ? header->entries[header->n - 1].end : 0;
  if (end > file->data_size) return cut_short(file, why);
  if (end == file->data_size) return 0;
  return safetensors_malformed(why, file->path, "no tensor has this byte", "byte %" PRIu64,
                               file->data + end);
}

SafeTensors *safetensors_open(const char *path, Why *why) {
  /* O_NONBLOCK: a FIFO is an error, and must not block. */
  return safetensors_from(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), path, why);
}

SafeTensors *safetensors_from(int fd, const char *path, Why *why) {
  const int error = errno;
  SafeTensors *file = alloc_new(1, sizeof *file);
  struct stat about;
  file->path = alloc_text(path);
  errno = error;
  int wrong;
  if (fd < 0 || !(file->in = fdopen(fd, "rb")) || fstat(fd, &about) != 0)
    wrong = fail_reading(why, errno, "%s: cannot be opened", path);
  else if (!S_ISREG(about.st_mode))
    wrong =
        fail(why, "%s: is not a regular file; give a run directory or a .safetensors file", path);
  else
    wrong = read_header(file, (uint64_t)about.st_size, why) || check_size(file, why) ||
            check_crc(file, why);
  if (!wrong) return file;
  if (fd >= 0 && !file->in) close(fd);
  safetensors_close(file);
  return NULL;
}

void safetensors_close(SafeTensors *file) {
  if (!file) return;
  if (file->in) fclose(file->in);
  safetensors_header_free(&file->header);
  free(file->path);
  free(file);
}

const Metadata *safetensors_metadata(const SafeTensors *file) { return file->header.metadata; }

Metadata *safetensors_take_metadata(SafeTensors *file) {
  Metadata *metadata = file->header.metadata;
  file->header.metadata = NULL;
  return metadata;
}

int safetensors_only(const SafeTensors *file, const Tensor *tensors, int n,
                     bool (*is_allowed)(const char *name), Why *why) {
  for (size_t i = 0; i < file->header.n; i++) {
    const char *name = file->header.entries[i].name;
    int at = 0;
    while (at < n && strcmp(tensors[at].name, name) != 0) at++;
    if (at == n && !(is_allowed && is_allowed(name)))
      return safetensors_malformed(why, file->path, "does not belong there", "%s", name);
  }
  return 0;
}

/* Finds a tensor of this name, type and shape; NULL is an error. */
static const TensorEntry *find(const SafeTensors *file, const Tensor *tensor, Why *why) {
  const size_t rows = tensor->rank == 1 ? tensor->columns : tensor->rows;
  const size_t columns = tensor->rank == 1 ? 1 : tensor->columns;
  for (size_t i = 0; i < file->header.n; i++) {
    const TensorEntry *entry = &file->header.entries[i];
    if (strcmp(entry->name, tensor->name) == 0 && entry->dtype == tensor->dtype &&
        entry->rank == tensor->rank && entry->shape[0] == rows && entry->shape[1] == columns)
      return entry;
  }
  char wanted[80], detail[120];
  tensor_describe(wanted, sizeof wanted, tensor);
  snprintf(detail, sizeof detail, "is missing, or is not %s", wanted);
  safetensors_malformed(why, file->path, detail, "%s", tensor->name);
  return NULL;
}

static int get_transposed(FILE *in, const Tensor *tensor) {
  const size_t rows = tensor->rows, columns = tensor->columns;
  Panel panel = panel_new(tensor->columns, GET_FLOATS);
  int rc = 0;
  for (size_t row = 0; rc == 0 && row < rows; row += panel.rows)
    for (size_t first = 0; rc == 0 && first < columns; first += panel.columns) {
      float *data = (float *)tensor->data + first * rows + row;
      size_t n = least(rows - row, panel.rows), m = least(columns - first, panel.columns);
      if (fread(panel.data, sizeof(float), n * m, in) != n * m) rc = -1;
      for (size_t j = 0; rc == 0 && j < m; j++)
        for (size_t i = 0; i < n; i++) data[j * rows + i] = panel.data[i * m + j];
    }
  free(panel.data);
  return rc;
}

static int get(FILE *in, const Tensor *tensor) {
  size_t bytes = tensor_bytes(tensor);
  if (tensor->transposed) return get_transposed(in, tensor);
  return fread(tensor->data, 1, bytes, in) == bytes ? 0 : -1;
}

static bool is_finite(const Tensor *tensor) {
  const float *singles = tensor->data;
  const double *doubles = tensor->data;
  const size_t n = tensor->rows * tensor->columns;
  for (size_t i = 0; tensor->dtype == DTYPE_F32 && i < n; i++)
    if (!isfinite(singles[i])) return false;
  for (size_t i = 0; tensor->dtype == DTYPE_F64 && i < n; i++)
    if (!isfinite(doubles[i])) return false;
  return true;
}

static int read_tensor(SafeTensors *file, const Tensor *tensor, Why *why) {
  const TensorEntry *entry = find(file, tensor, why);
  if (!entry) return -1;
  if (fseeko(file->in, (off_t)(file->data + entry->begin), SEEK_SET) != 0 ||
      get(file->in, tensor) != 0)
    return cannot_read(file, why);
  if (!is_finite(tensor))
    return safetensors_malformed(why, file->path, "has a number that is not finite", "%s",
                                 tensor->name);
  return 0;
}

int safetensors_read(SafeTensors *file, const Tensor *tensors, int n, Why *why) {
  for (int i = 0; i < n; i++)
    if (!find(file, &tensors[i], why)) return -1;
  for (int i = 0; i < n; i++)
    if (tensors[i].data && read_tensor(file, &tensors[i], why) != 0) return -1;
  return 0;
}
