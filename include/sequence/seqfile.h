/* seqfile: FASTA and FASTQ as a stream of records, strictly: anything but a well-formed sequence
 * of nucleotides is an error that names file, line and record, and nothing is repaired.
 *
 * Recognised by content, '>' or '@'; plain or compressed, see input.h. LF or CRLF, with or without
 * a final newline, lines of any length, sequence and quality over several lines, empty lines,
 * blanks between the letters of FASTA. Memory is bounded whatever the length of a record, except
 * with seqfile_mark_low. */
#ifndef SEQFILE_H
#define SEQFILE_H

#include "base/fail.h"
#include "sequence/kmer.h"
#include "sequence/quality.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SeqFile SeqFile;

/* Properties of a file, once it has ended, and defects that do not prevent reading it. */
typedef struct {
  uint64_t bytes;         /* of the file as stored (compressed) */
  uint32_t crc32;         /* of these */
  uint64_t masked;        /* bases that seqfile_mark_lowercase has marked */
  bool has_quality;       /* it is FASTQ */
  bool end_block_missing; /* of BGZF; the text ends with a whole record */
  bool phred64;           /* its qualities, which seqfile_mark_low looks at, can only be Phred+64 */
  size_t nameless_line;   /* of the first record without a name; 0: all have one */
} SeqNotes;

/* Opens a file, or standard input for "-"; NULL where input_open cannot. The caller closes it. */
SeqFile *seqfile_open(const char *path, Why *why);
void seqfile_close(SeqFile *file); /* NULL is allowed */

/* Before the first record: sets the bit LETTER_MARK of each letter of FASTQ whose quality (Phred,
 * '!' is 0) is below this. A record is then kept in memory, as its quality comes last. */
void seqfile_mark_low(SeqFile *file, int quality);

/* Before the first record: sets the bit LETTER_MARK of each lower-case base, or not. */
void seqfile_mark_lowercase(SeqFile *file, Lowercase lowercase);

/* Before the first record: circular records, or all of them, are read over their ends: `turn` of
 * their bases, 0..KMER_MAX, again. */
void seqfile_turn_circles(SeqFile *file, int turn, bool all);

/* Moves to the next record, past the rest of this one: 1 there is one, 0 the file has ended (and
 * its gzip trailer was right), -1 an error. */
int seqfile_next(SeqFile *file, Why *why);

/* Whether the text in memory, under 64 kB, ends no record, and more may take long to arrive. */
bool seqfile_waits(const SeqFile *file);

/* The fraction of the file that was read, as input_part. */
double seqfile_part(const SeqFile *file);

/* The first word of this record's header, n >= 0 letters without a 0; valid until seqfile_next. */
const char *seqfile_name(const SeqFile *file, size_t *n);

/* Whether this record is a circle: all are, or it is FASTA and its header says so (title.h). */
bool seqfile_circular(const SeqFile *file);

/* Up to n > 0 more letters of this record, by kmer_base all bases or all breaks (marked letters are
 * breaks); 0 when it has ended (for FASTQ: its quality was read and fits), -1 an error. */
ptrdiff_t seqfile_read(SeqFile *file, char *letters, size_t n, Why *why);

/* Once seqfile_read returned 0 for a circular record: up to n more letters, with which the circle
 * continues over its end; 0: no more. Its first bases up to a break; none after a break. */
size_t seqfile_turn(SeqFile *file, char *letters, size_t n);

/* Reads the rest of the record and keeps the run of bases that it ends with in *bases (*room),
 * which is NULL (0) at first; the caller frees it. Returns the length of the run, or -1. */
ptrdiff_t seqfile_last_run(SeqFile *file, char **bases, size_t *room, Why *why);

/* The letters of this record that seqfile_read has given, and the bases among them. */
uint64_t seqfile_letters(const SeqFile *file);
uint64_t seqfile_bases(const SeqFile *file);

/* A message, after the name of the file. */
#define SEQFILE_NO_END_BLOCK                                                                       \
  "BGZF's end block is missing; the text ends with a whole record, so the file may be complete: "  \
  "compare its size or checksum with the original's"

SeqNotes seqfile_notes(const SeqFile *file); /* once the file has ended */

#endif
