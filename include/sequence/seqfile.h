/* seqfile: FASTA and FASTQ as a stream of records. Parsing is strict: anything but a well-formed
 * sequence of nucleotides is an error that names the file, line and record; nothing is repaired.
 *
 * The format is recognised by its first character, '>' or '@'; files may be compressed (input.h).
 * Accepted are LF or CRLF, a missing final newline, lines of any length, sequence and quality over
 * several lines, empty lines, and blanks between the letters of FASTA. Memory is bounded for
 * records of any length, except with seqfile_mark_low. */
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
  uint64_t masked;        /* bases marked by seqfile_mark_lowercase */
  bool has_quality;       /* the file is FASTQ */
  bool end_block_missing; /* BGZF without its end block; the text ends with a whole record */
  bool phred64;           /* the qualities checked for seqfile_mark_low can only be Phred+64 */
  size_t nameless_line;   /* line of the first record without a name; 0: all have one */
} SeqNotes;

/* Opens a file, or standard input for "-"; NULL if input_open fails. The caller closes it. */
SeqFile *seqfile_open(const char *path, Why *why);
void seqfile_close(SeqFile *file); /* NULL is allowed */

/* Called before the first record: sets the bit LETTER_MARK of each letter of FASTQ whose quality
 * (Phred, '!' is 0) is below `quality`. Each record is then kept in memory, because its qualities
 * follow its letters. */
void seqfile_mark_low(SeqFile *file, int quality);

/* Called before the first record: whether to set the bit LETTER_MARK of each lower-case base. */
void seqfile_mark_lowercase(SeqFile *file, Lowercase lowercase);

/* Called before the first record: circular records, or all records, are read past their ends: their
 * first `turn` bases, 0..KMER_MAX, are read again. */
void seqfile_turn_circles(SeqFile *file, int turn, bool all);

/* Moves to the next record, past the rest of this one. Returns 1: there is one; 0: the file has
 * ended (and its gzip trailer was right); -1: an error. */
int seqfile_next(SeqFile *file, Why *why);

/* Whether the next record may take long to arrive: the text in memory, less than 64 kB, contains no
 * end of a record. */
bool seqfile_waits(const SeqFile *file);

/* The fraction of the file that was read (input_part). */
double seqfile_part(const SeqFile *file);

/* The first word of this record's header, *n >= 0 letters without a 0 at the end; valid until
 * seqfile_next. */
const char *seqfile_name(const SeqFile *file, size_t *n);

/* Whether this record is a circle: because all are, or because its FASTA header marks it
 * (title.h). */
bool seqfile_circular(const SeqFile *file);

/* Reads up to n > 0 more letters of this record, which are all bases or all breaks by kmer_base
 * (marked letters are breaks), and returns their number; 0 when the record has ended (for FASTQ,
 * its qualities were read and fit); -1 on error. */
ptrdiff_t seqfile_read(SeqFile *file, char *letters, size_t n, Why *why);

/* Called once seqfile_read has returned 0 for a circular record: copies up to n letters with which
 * the circle continues past its end, and returns their number; 0: no more. These are its first
 * bases up to a break, or none if the record ends with a break. */
size_t seqfile_turn(SeqFile *file, char *letters, size_t n);

/* Reads the rest of the record and copies the run of bases at its end to *bases (*room), which is
 * NULL (0) at first; the caller frees it. Returns the length of the run, or -1 on error. */
ptrdiff_t seqfile_last_run(SeqFile *file, char **bases, size_t *room, Why *why);

/* The number of letters of this record returned by seqfile_read, and of bases among them. */
uint64_t seqfile_letters(const SeqFile *file);
uint64_t seqfile_bases(const SeqFile *file);

/* A message, after the name of the file. */
#define SEQFILE_NO_END_BLOCK                                                                       \
  "BGZF's end block is missing; the text ends with a whole record, so the file may be complete: "  \
  "compare its size or checksum with the original's"

SeqNotes seqfile_notes(const SeqFile *file); /* once the file has ended */

#endif
