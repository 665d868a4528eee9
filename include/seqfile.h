/* seqfile: FASTA and FASTQ as a stream of records, strict: what is no well-formed sequence of
 * nucleotides is an error that names file, line and record, never a repair.
 *
 * Told apart by content: plain or gzip (multi-member, BGZF, zero padding after the last member),
 * '>' or '@'. LF or CRLF, with or without a final newline, lines of any length, sequence and
 * quality over several lines, blanks between the letters of FASTA. Memory is bounded whatever the
 * length of a record. */
#ifndef SEQFILE_H
#define SEQFILE_H

#include "fail.h"

#include <stddef.h>
#include <stdint.h>

typedef struct SeqFile SeqFile;

/* Opens a file, or standard input for "-"; NULL where it cannot be read, is a directory, is empty
 * or is of a known kind that is no sequence file. The caller closes it. */
SeqFile *seqfile_open(const char *path, Why *why);
void seqfile_close(SeqFile *file); /* NULL is allowed */

/* Goes to the next record, over what is left of this one: 1 there is one, 0 the file has ended
 * (and its gzip trailer was right), -1 an error. */
int seqfile_next(SeqFile *file, Why *why);

/* First word of this record's header, "" where it has none; valid until seqfile_next. */
const char *seqfile_name(const SeqFile *file);

/* Up to n more letters of this record, each a base or a break by kmer_base; 0 when it has ended
 * (for FASTQ: its quality was read and fits), -1 an error. */
ptrdiff_t seqfile_read(SeqFile *file, char *letters, size_t n, Why *why);

/* Bytes of the file as stored (compressed) that were read so far, and their CRC-32. */
uint64_t seqfile_bytes(const SeqFile *file);
uint32_t seqfile_crc32(const SeqFile *file);

#endif
