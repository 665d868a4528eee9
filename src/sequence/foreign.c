#include "sequence/foreign.h"

#include <ctype.h>
#include <string.h>

typedef struct {
  const char *begins;
  size_t n;
  const char *sentence;
} Kind;
#define BEGINS(literal) literal, sizeof literal - 1

/* Compressed formats, found inside another one or not supported by this build. */
static const struct {
  Kind kind;
  const char *name;
} packed[] = {
    {{BEGINS("\x1f\x8b"), "is compressed with gzip; pipe it through zcat"}, "gzip"},
    {{BEGINS("BZh"), "is compressed with bzip2; pipe it through bzcat"}, "bzip2"},
    {{BEGINS("\xfd\x37zXZ"), "is compressed with xz; pipe it through xzcat"}, "xz"},
    {{BEGINS("\x28\xb5\x2f\xfd"), "is compressed with zstd; pipe it through zstdcat"}, "zstd"},
    {{BEGINS("\x1f\x9d"), "is compressed with compress; pipe it through zcat"}, "compress"},
    {{BEGINS("LZIP"), "is compressed with lzip; pipe it through lzip -dc"}, "lzip"},
    {{BEGINS("\x5d\0\0"), "is compressed with lzma; pipe it through xzcat"}, "lzma"},
    {{BEGINS("\x04\x22\x4d\x18"), "is compressed with lz4; pipe it through lz4cat"}, "lz4"},
    {{BEGINS("\x89LZO"), "is compressed with lzop; pipe it through lzop -dc"}, "lzop"},
};

static const Kind kinds[] = {
    {BEGINS("PK\3\4"), "is a zip archive; unpack it first"},
    {BEGINS("7z\xbc\xaf"), "is a 7z archive; unpack it first"},
    {BEGINS("Rar!"), "is a RAR archive; unpack it first"},
    {BEGINS("\xff\xfe"), "is UTF-16 text; convert it to ASCII first"},
    {BEGINS("\xfe\xff"), "is UTF-16 text; convert it to ASCII first"},
    {BEGINS("\xef\xbb\xbf"), "begins with a byte order mark; save it as plain ASCII"},
    {BEGINS("{\\rtf"), "is a word processor document; save it as plain text"},
    {BEGINS("\xd0\xcf\x11\xe0"), "is an office document; save it as plain text"},
    {BEGINS("%PDF"), "is PDF; get the sequence itself as FASTA"},
    {BEGINS("BAM\1"), "is BAM; convert it with samtools fastq"},
    {BEGINS("CRAM"), "is CRAM; convert it with samtools fastq"},
    {BEGINS("\x89HDF"), "is HDF5; if it is fast5, convert it with dorado basecaller"},
    {BEGINS("\x8bPOD"), "is POD5; convert it with dorado basecaller"},
    {BEGINS("ARROW1"), "is Arrow; if it is old POD5, convert it with pod5 and dorado"},
    {BEGINS("BLOW5"), "is BLOW5; convert it with a basecaller"},
    {BEGINS("NCBI.sra"), "is an SRA archive; convert it with fasterq-dump"},
    {BEGINS("ABIF"), "is an ABI trace; convert it with Biopython (format abi) or seqret"},
    {BEGINS("C'A\x1a"), "is 2bit; convert it with twoBitToFa"},
    {BEGINS("\x1a\x41\x27\x43"), "is 2bit; convert it with twoBitToFa"},
    {BEGINS("LOCUS "), "looks like GenBank; convert it to FASTA with seqret"},
    {BEGINS("ID   "), "looks like EMBL; convert it to FASTA with seqret"},
    {BEGINS("CLUSTAL"), "is a Clustal alignment; convert it with seqret"},
    {BEGINS("# STOCKHOLM"), "is a Stockholm alignment; convert it with esl-reformat fasta"},
    {BEGINS("#NEXUS"), "is NEXUS; convert its matrix to FASTA"},
    {BEGINS("##fileformat=VCF"), "is VCF; apply it to a FASTA file with bcftools consensus"},
    {BEGINS("##gff"), "is GFF, which has positions; give the FASTA file that they refer to"},
    {BEGINS("track "), "is a genome browser track; extract its sequences with bedtools getfasta"},
    {BEGINS("browser "), "is a genome browser track; extract its sequences with bedtools getfasta"},
    {BEGINS("version https://git-lfs"), "is a Git LFS pointer; fetch the file with git lfs pull"},
    {BEGINS("404: Not Found"), "is a server's error message; fetch the file again"},
    {BEGINS("HTTP/"), "is a server's error message; fetch the file again"},
    {BEGINS("Error"), "is a server's error message; fetch the file again"},
    {BEGINS("[{"), "is JSON, perhaps a server's error message; fetch the file again"},
    {BEGINS("{"), "is JSON, perhaps a server's error message; fetch the file again"},
};

/* A PHYLIP alignment begins with two numbers: of sequences and of columns. */
static bool is_phylip(const char *text, size_t n) {
  int numbers = 0;
  for (size_t i = 0; i < n && text[i] != '\n' && text[i] != '\r'; i++) {
    if (isblank((unsigned char)text[i])) continue;
    if (!isdigit((unsigned char)text[i])) return false;
    numbers += i == 0 || isblank((unsigned char)text[i - 1]);
  }
  return numbers == 2;
}

static bool is_tar(const char *first, size_t n) {
  enum { MARK = 257 };
  return n >= MARK + 5 && memcmp(first + MARK, "ustar", 5) == 0;
}

/* HTML and XML, which may begin with a byte order mark. */
static bool is_markup(const char *text, size_t n) {
  if (n > 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) return is_markup(text + 3, n - 3);
  return n > 1 && text[0] == '<' &&
         (isalpha((unsigned char)text[1]) || text[1] == '!' || text[1] == '?');
}

static bool matches(const Kind *kind, const char *text, size_t n) {
  return n >= kind->n && memcmp(text, kind->begins, kind->n) == 0;
}

static const char *sentence_of(const char *first, size_t n) {
  size_t blanks = 0;
  while (blanks < n && isspace((unsigned char)first[blanks])) blanks++;
  if (blanks == n) return "has only blanks and empty lines; there is no sequence to read";
  if (is_markup(first + blanks, n - blanks))
    return "is HTML or XML, perhaps a server's error page; fetch the file again";
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (matches(&kinds[i], first + blanks, n - blanks)) return kinds[i].sentence;
  if (is_tar(first, n)) return "is a tar archive; unpack it first";
  if (is_phylip(first, n)) return "is a PHYLIP alignment; convert it with seqret";
  return NULL;
}

int foreign_fail(const char *file, const char *first, size_t n, const char *format, Why *why) {
  for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
    if (!matches(&packed[i].kind, first, n)) continue;
    if (!format) return fail(why, "%s: %s", file, packed[i].kind.sentence);
    return fail(why, "%s: was compressed twice: %s inside %s; unpack it once", file, packed[i].name,
                format);
  }
  const char *sentence = sentence_of(first, n);
  return sentence ? fail(why, "%s: %s", file, sentence) : 0;
}

const char *foreign_letter(char c, bool line_start) {
  static const char joined[] = "; a line end is missing before it, if files were joined: awk 1 "
                               "FILE... joins them with it";
  if ((c == '>' || c == '@') && !line_start) return joined;
  if (c == '@' && line_start)
    return ": FASTA and FASTQ in one file; give the two as separate files";
  if (c == ';' && line_start) return "; remove comments with grep -v '^;'";
  if (c == '#' && line_start) return "; remove comments with grep -v '^#'";
  if (c == 'I' || c == 'i')
    return "; write N if it is inosine, and if this is protein, only DNA or RNA can be read";
  if (c != 0 && strchr("EFLPQJOZXeflpqjozx*", c))
    return "; this looks like protein, and only DNA or RNA can be read";
  if (isdigit((unsigned char)c)) return "; remove line numbers with sed '/^>/!s/[0-9]//g'";
  return "";
}

bool foreign_is_sam(const char *header) {
  static const char *const tags[] = {"HD\t", "SQ\t", "RG\t", "PG\t", "CO\t"};
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
    if (strncmp(header, tags[i], 3) == 0) return true;
  return false;
}
