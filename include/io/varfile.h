/* varfile: reads the records of a VCF or BCF file, plain or compressed with bgzip or gzip, and
 * writes them as VCF with more numbers in INFO.
 *
 * Only this module calls HTSlib. In a build without HTSlib, varfile_none.c takes its place, and
 * varfile_open fails with a message. */
#ifndef VARFILE_H
#define VARFILE_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct VarFile VarFile;

/* A record. Its texts are valid until it is read again. */
typedef struct {
  struct bcf1_t *raw;  /* of HTSlib; NULL before the first record */
  const char *name;    /* CHROM */
  int64_t position;    /* from 1; 0: before the first base */
  const char *id;      /* ".": none */
  char *const *allele; /* (alleles) REF, then the alleles of ALT */
  int alleles;
  uint64_t number; /* line number; in BCF, record number */
  size_t bytes;    /* of memory that the record takes */
} VarRecord;

/* Opens a file ("-": standard input); without samples, the columns of samples are skipped. NULL on
 * error. */
VarFile *varfile_open(const char *path, bool samples, Why *why);
void varfile_close(VarFile *file); /* NULL is allowed */

/* Reads the next record: 1: there is one, 0: the file has ended, -1: an error. */
int varfile_read(VarFile *file, VarRecord *record, Why *why);
void varfile_clear(VarRecord *record);

/* Fills why with the file, the line of the record and the problem; returns -1. */
int varfile_fail(const VarFile *file, const VarRecord *record, Why *why, const char *problem, ...)
    __attribute__((format(printf, 4, 5)));

/* Before varfile_put_header: adds a sequence, unless the header has it or VCF does not allow its
 * name; a field of INFO, whose number is "1" or "A"; and a line ##key=value, with '?' for control
 * characters. */
void varfile_add_contig(VarFile *file, const char *name, uint64_t letters);
void varfile_add_field(VarFile *file, const char *id, const char *number, const char *description);
void varfile_add_line(VarFile *file, const char *key, const char *value);

/* Writes the header to out; -1 if a line could not be added to it. */
int varfile_put_header(VarFile *file, FILE *out, Why *why);

/* Sets a field of INFO to n values; NaN is written as missing; n = 0 removes the field. */
int varfile_set(VarFile *file, VarRecord *record, const char *id, const float *values, int n,
                Why *why);

/* Writes the record to out as a line of VCF. */
int varfile_put(VarFile *file, const VarRecord *record, FILE *out, Why *why);

#endif
