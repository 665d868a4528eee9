#include "output.h"

#include "alloc.h"
#include "atomicfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct Output {
  FILE *stream;     /* what is written to */
  AtomicFile *file; /* NULL: standard output */
  gzFile gz;        /* between the two, or NULL */
};

static ssize_t write_gz(void *cookie, const char *bytes, size_t n) {
  return n > 0 && gzwrite(cookie, bytes, (unsigned)n) > 0 ? (ssize_t)n : 0;
}

static int close_gz(void *cookie) { return gzclose(cookie) == Z_OK ? 0 : -1; }

static int ends_in(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

Output *output_open(const char *path, Why *why) {
  Output *output = alloc_new(1, sizeof *output);
  output->stream = stdout;
  if (!path) return output;
  output->file = atomicfile_open(path, why);
  if (!output->file) {
    free(output);
    return NULL;
  }
  output->stream = output->file->out;
  if (!ends_in(path, ".gz")) return output;
  output->gz = gzdopen(dup(fileno(output->file->out)), "wb");
  if (output->gz)
    output->stream =
        fopencookie(output->gz, "w", (cookie_io_functions_t){.write = write_gz, .close = close_gz});
  if (output->gz && output->stream) return output;
  fail(why, "%s: zlib cannot start", path);
  output_abandon(output);
  return NULL;
}

FILE *output_stream(Output *output) { return output->stream; }

int output_close(Output *output, Why *why) {
  int rc = 0;
  if (output->gz && fclose(output->stream) != 0) {
    fail(why, "%s: cannot be written: %s", output->file->path, strerror(errno));
    atomicfile_abandon(output->file);
    rc = -1;
  } else if (output->file) {
    rc = atomicfile_commit(output->file, why);
  } else if (ferror(stdout) || fflush(stdout) != 0 || fclose(stdout) != 0) {
    rc = fail(why, "standard output cannot be written: %s", strerror(errno));
  }
  free(output);
  return rc;
}

void output_abandon(Output *output) {
  if (output->gz && output->stream) fclose(output->stream);
  if (output->file)
    atomicfile_abandon(output->file);
  else
    fflush(stdout); /* what was found before the error stands */
  free(output);
}
