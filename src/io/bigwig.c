#include "io/bigwig.h"

#include "base/alloc.h"
#include "base/portable.h"
#include "io/atomicfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOCURL /* types for local files only, without the headers of libcurl */
#include <bigWig.h>
#include <bwCommon.h>

enum { CHUNK = 4096 /* intervals copied at a time */, ZOOMS = 10 /* at most */ };

typedef struct {
  uint32_t start, end;
  float value;
} Interval;

typedef struct {
  char *name;
  uint32_t length;
  uint64_t first, n; /* intervals before those of the record; intervals of the record */
} Record;

struct BigWig {
  Output *output;
  const char *path;
  AtomicFile *intervals; /* of all records; never put in place */
  uint64_t n_intervals;
  Record *records;
  size_t room, n;
};

/* ---- records -------------------------------------------------------------------------------- */

BigWig *bigwig_open(Output *output, const char *path, Why *why) {
  if (!path || !output_can_return(output) || ftello(output_stream(output)) != 0) {
    fail(why,
         "--format bigwig: needs a regular file; name a file with -o that does not end in .gz");
    return NULL;
  }
  AtomicFile *intervals = atomicfile_open(path, false, why);
  if (!intervals) return NULL;
  BigWig *bigwig = alloc_new(1, sizeof *bigwig);
  bigwig->output = output;
  bigwig->path = path;
  bigwig->intervals = intervals;
  return bigwig;
}

void bigwig_free(BigWig *bigwig) {
  if (!bigwig) return;
  atomicfile_abandon(bigwig->intervals);
  for (size_t i = 0; i < bigwig->n; i++) free(bigwig->records[i].name);
  free(bigwig->records);
  free(bigwig);
}

static int cannot_write(const BigWig *bigwig, Why *why) {
  return fail_writing(why, errno ? errno : EIO, "-o %s: cannot be written", bigwig->path);
}

void bigwig_add(BigWig *bigwig, uint64_t start, uint64_t end, float value) {
  const Interval interval = {(uint32_t)start, (uint32_t)end, value};
  fwrite(&interval, sizeof interval, 1, bigwig->intervals->out);
  bigwig->n_intervals++;
}

int bigwig_end(BigWig *bigwig, const char *name, uint64_t length, Why *why) {
  if (ferror(bigwig->intervals->out)) return cannot_write(bigwig, why);
  if (length > UINT32_MAX)
    return fail(why, "record '%.100s': has more than 4294967295 bases, which bigWig cannot count",
                name);
  if (length == 0) return 0; /* no base can have a value */
  const Record *last = bigwig->n > 0 ? bigwig->records + bigwig->n - 1 : NULL;
  const uint64_t first = last ? last->first + last->n : 0;
  bigwig->records =
      alloc_grow(bigwig->records, &bigwig->room, bigwig->n + 1, sizeof *bigwig->records);
  bigwig->records[bigwig->n++] =
      (Record){alloc_text(name), (uint32_t)length, first, bigwig->n_intervals - first};
  return 0;
}

/* ---- the file ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
  return strcmp(((const Record *)a)->name, ((const Record *)b)->name);
}

static int sort_records(BigWig *bigwig, Why *why) {
  if (bigwig->n_intervals == 0)
    return fail(why, "--format bigwig: no base was predicted, and a bigWig cannot be empty; give "
                     "longer records");
  qsort(bigwig->records, bigwig->n, sizeof *bigwig->records, compare_names);
  for (size_t i = 1; i < bigwig->n; i++)
    if (compare_names(bigwig->records + i - 1, bigwig->records + i) == 0)
      return fail(why,
                  "record '%.100s': occurs twice, but names in a bigWig must differ; rename one",
                  bigwig->records[i].name);
  return 0;
}

/* A path with which one of our open files, which may have no name, can be opened again. */
static void name_file(char path[32], FILE *file) {
  snprintf(path, 32, DESCRIPTOR_PATH, fileno(file));
}

/* Writes the beginning of the file. */
static int write_header(const BigWig *bigwig, bigWigFile_t *file) {
  const char **names = alloc_new(bigwig->n, sizeof *names);
  uint32_t *lengths = alloc_new(bigwig->n, sizeof *lengths);
  for (size_t i = 0; i < bigwig->n; i++) {
    names[i] = bigwig->records[i].name;
    lengths[i] = bigwig->records[i].length;
  }
  int rc = bwCreateHdr(file, ZOOMS);
  if (rc == 0) file->cl = bwCreateChromList(names, lengths, (int64_t)bigwig->n);
  if (rc == 0) rc = file->cl ? bwWriteHdr(file) : -1;
  free(names);
  free(lengths);
  return rc;
}

/* Writes a chunk of intervals. The first interval names the record also for the following ones. */
static int write_chunk(bigWigFile_t *file, const char *name, const Interval *chunk, uint32_t n,
                       bool first) {
  uint32_t start[CHUNK], end[CHUNK];
  float value[CHUNK];
  for (uint32_t i = 0; i < n; i++) {
    start[i] = chunk[i].start;
    end[i] = chunk[i].end;
    value[i] = chunk[i].value;
  }
  if (first && bwAddIntervals(file, &name, start, end, value, 1) != 0) return -1;
  return bwAppendIntervals(file, start + first, end + first, value + first, n - first);
}

static int write_record(bigWigFile_t *file, const Record *record, FILE *intervals) {
  Interval chunk[CHUNK];
  if (fseeko(intervals, (off_t)(record->first * sizeof *chunk), SEEK_SET) != 0) return -1;
  for (uint64_t done = 0; done < record->n;) {
    const uint64_t left = record->n - done;
    const uint32_t n = left < CHUNK ? (uint32_t)left : CHUNK;
    if (fread(chunk, sizeof *chunk, n, intervals) != n) return -1;
    if (write_chunk(file, record->name, chunk, n, done == 0) != 0) return -1;
    done += n;
  }
  return 0;
}

static int write_all(const BigWig *bigwig, bigWigFile_t *file, FILE *intervals) {
  FILE *out = file->URL->x.fp;
  if (write_header(bigwig, file) != 0) return -1;
  for (size_t i = 0; i < bigwig->n; i++)
    if (write_record(file, bigwig->records + i, intervals) != 0) return -1;
  if (bwFinalize(file) != 0 || fflush(out) != 0 || ferror(out)) return -1;
  return 0;
}

int bigwig_write(BigWig *bigwig, Why *why) {
  char path[32];
  if (sort_records(bigwig, why) != 0) return -1;
  if (fflush(bigwig->intervals->out) != 0) return cannot_write(bigwig, why);
  name_file(path, bigwig->intervals->out);
  FILE *intervals = fopen(path, "rb");
  if (!intervals) return cannot_write(bigwig, why);
  name_file(path, output_stream(bigwig->output));
  errno = 0;
  bigWigFile_t *file = bwOpen(path, NULL, "w");
  int rc = file ? write_all(bigwig, file, intervals) : -1;
  if (rc == 0) rc = fseeko(output_stream(bigwig->output), 0, SEEK_END); /* if complete */
  if (rc != 0) cannot_write(bigwig, why);
  if (file) file->isWrite = 0; /* already finished; bwClose would print its own errors */
  bwClose(file);
  fclose(intervals);
  return rc;
}
