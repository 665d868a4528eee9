#include "io/output.h"

#include "base/alloc.h"
#include "io/atomicfile.h"
#include "io/bgzf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct Output {
  char *path;       /* NULL: standard output */
  FILE *stream;     /* receives the output */
  AtomicFile *file; /* a regular file; NULL: written directly */
  FILE *direct;     /* a pipe or device */
  FILE *gz;         /* the stream if it compresses, or NULL */
  bool whole;       /* all output has been written */
};

/* Opens the file, or the pipe or device of this name, and sets stream to it. */
static int open_path(Output *output, Why *why) {
  struct stat about;
  const bool there = stat(output->path, &about) == 0;
  if (!there && lstat(output->path, &about) == 0 && S_ISLNK(about.st_mode))
    return fail(why, "-o %s: is a link to a missing file; remove it or name a file", output->path);
  if (there && S_ISDIR(about.st_mode))
    return fail(why, "-o %s: is a directory; name a file", output->path);
  if (there && !S_ISREG(about.st_mode)) {
    output->stream = output->direct = fopen(output->path, "wb");
    return output->direct ? 0 : fail_writing(why, errno, "-o %s: cannot be written", output->path);
  }
  char *target = there ? realpath(output->path, NULL) : NULL;
  output->file = atomicfile_open(target ? target : output->path, false, why);
  free(target);
  if (output->file) output->stream = output->file->out;
  return output->file ? 0 : -1;
}

/* Puts a compressor in front of the stream. */
static int start_gzip(Output *output, Why *why) {
  output->gz = bgzf_stream(output->stream, &output->whole);
  if (!output->gz) return fail_writing(why, errno, "-o %s: cannot be written", output->path);
  output->stream = output->gz;
  return 0;
}

/* By this or another name, such as /dev/stdout. */
static bool is_stdout(const char *path) {
  struct stat file, out;
  if (strcmp(path, "-") == 0) return true;
  return stat(path, &file) == 0 && fstat(STDOUT_FILENO, &out) == 0 && file.st_dev == out.st_dev &&
         file.st_ino == out.st_ino;
}

Output *output_open(const char *path, Why *why) {
  Output *output = alloc_new(1, sizeof *output);
  output->stream = stdout;
  if (!path || is_stdout(path)) return output;
  output->path = alloc_text(path);
  const size_t n = strlen(path);
  const bool gz = n >= 3 && strcmp(path + n - 3, ".gz") == 0;
  if (open_path(output, why) == 0 && (!gz || start_gzip(output, why) == 0)) return output;
  output_abandon(output);
  return NULL;
}

FILE *output_stream(Output *output) { return output->stream; }

bool output_is_terminal(const Output *output) {
  if (output->gz || output->file) return false;
  return isatty(output->direct ? fileno(output->direct) : STDOUT_FILENO);
}

bool output_can_return(Output *output) {
  struct stat about;
  const int fd = output->file ? fileno(output->stream) : STDOUT_FILENO;
  return !output->gz && !output->direct && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
         !(fcntl(fd, F_GETFL) & O_APPEND);
}

static int cannot_write(const Output *output, Why *why) {
  return fail_writing(why, errno, "%s: cannot be written",
                      output->path ? output->path : "standard output");
}

int output_check(Output *output, Why *why) {
  return ferror(output->stream) ? cannot_write(output, why) : 0;
}

/* Closes a stream that was opened here; its error, if any, is in errno. */
static bool close_stream(FILE *stream) {
  const bool wrong = ferror(stream);
  return fclose(stream) != 0 || wrong;
}

/* Flushes and closes the descriptor of standard output, because some errors occur only then;
 * whether there was one. The stream stays: sanitizers flush it at the end of the program. */
static bool close_stdout(void) {
  const bool wrong = ferror(stdout) || fflush(stdout) != 0;
  return close(STDOUT_FILENO) != 0 || wrong;
}

int output_close(Output *output, Why *why) {
  output->whole = true;
  bool wrong = output->gz && close_stream(output->gz);
  if (output->direct) wrong |= close_stream(output->direct);
  if (!output->path) wrong |= close_stdout();
  if (wrong) cannot_write(output, why);
  if (output->file && wrong)
    atomicfile_abandon(output->file);
  else if (output->file)
    wrong = atomicfile_commit(output->file, why) != 0;
  free(output->path);
  free(output);
  return wrong ? -1 : 0;
}

void output_abandon(Output *output) {
  if (output->gz) fclose(output->gz);
  if (output->direct) fclose(output->direct);
  if (output->file) atomicfile_abandon(output->file);
  if (!output->path) fflush(stdout); /* results before the error stay */
  free(output->path);
  free(output);
}
