/* Replaces varfile.c in builds without HTSlib. */
#include "io/varfile.h"

#include <stdlib.h>

VarFile *varfile_open(const char *path, bool samples, Why *why) {
  (void)samples;
  fail(why, "%s: this build cannot read VCF; install HTSlib (Debian: libhts-dev) and build again",
       path);
  return NULL;
}

/* No file is ever open. */
void varfile_close(VarFile *file) { (void)file; }

int varfile_read(VarFile *file, VarRecord *record, Why *why) {
  (void)file;
  (void)record;
  (void)why;
  abort();
}

void varfile_clear(VarRecord *record) { (void)record; }

int varfile_fail(const VarFile *file, const VarRecord *record, Why *why, const char *problem, ...) {
  (void)file;
  (void)record;
  (void)why;
  (void)problem;
  abort();
}

void varfile_add_contig(VarFile *file, const char *name, uint64_t letters) {
  (void)file;
  (void)name;
  (void)letters;
}

void varfile_add_field(VarFile *file, const char *id, const char *number, const char *description) {
  (void)file;
  (void)id;
  (void)number;
  (void)description;
}

void varfile_add_line(VarFile *file, const char *key, const char *value) {
  (void)file;
  (void)key;
  (void)value;
}

int varfile_put_header(VarFile *file, FILE *out, Why *why) {
  (void)file;
  (void)out;
  (void)why;
  abort();
}

int varfile_set(VarFile *file, VarRecord *record, const char *id, const float *values, int n,
                Why *why) {
  (void)file;
  (void)record;
  (void)id;
  (void)values;
  (void)n;
  (void)why;
  abort();
}

int varfile_put(VarFile *file, const VarRecord *record, FILE *out, Why *why) {
  (void)file;
  (void)record;
  (void)out;
  (void)why;
  abort();
}
