/* Positions map to the bases of a file, on both strands. */
#include "scratch.h"
#include "sequence/genome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h requires these first */
#include <cmocka.h>

static void add(Genome *genome, const char *text) {
  char *path = scratch_path("genome.fa");
  FILE *out = fopen(path, "w");
  fputs(text, out);
  fclose(out);
  SeqNotes notes;
  Why why;
  assert_int_equal(genome_read(genome, path, &notes, &why), 0);
  free(path);
}

static void a_position_leads_to_its_letter(void **state) {
  (void)state;
  static const char *const names[] = {"one", "none", "two", "empty"};
  static const char *const letters[] = {"ACGTTGCA", "NNN", "NNACCNRGTAn", ""};
  Genome genome = genome_new();
  add(&genome, ">one\nACGTTGCA\n>none\nNNN\n>two circular=true\nNNACCN\nRGTAn\n>empty\n");
  genome_end(&genome);
  for (int i = 0; i < 4; i++) {
    const Record *record;
    assert_int_equal(genome_find(&genome, names[i], &record), 1);
    assert_string_equal(genome_name(&genome, record), names[i]);
    assert_int_equal(record->letters, strlen(letters[i]));
    for (uint64_t at = 0; at < record->letters + 2; at++) {
      const char *base = at < record->letters ? strchr("ACGT", letters[i][at]) : NULL;
      assert_int_equal(genome_base(&genome, record, at), base ? base - "ACGT" : KMER_BREAK);
    }
  }
  genome_free(&genome);
}

static void strands_are_reverse_complements(void **state) {
  (void)state;
  Genome genome = genome_new();
  const Record *record;
  add(&genome, ">x\nGGN\n>y\nNACCTG\n");
  genome_end(&genome);
  assert_int_equal(genome_find(&genome, "y", &record), 1);
  const RecordSegment *segment = genome_segment(&genome, record, 3);
  assert_int_equal(segment->position, 1);
  for (int reversed = 0; reversed < 2; reversed++) {
    const GenomeStrand strand = {genome.corpus, segment->start, segment->length, reversed == 1};
    for (uint64_t i = 0; i < 5; i++)
      assert_int_equal("ACGT"[genome_strand_base(&strand, i)], (reversed ? "CAGGT" : "ACCTG")[i]);
  }
  assert_null(genome_segment(&genome, record, 0));
  assert_null(genome_segment(&genome, record, 6));
  genome_free(&genome);
}

static void records_of_several_files_are_found_by_name(void **state) {
  (void)state;
  Genome genome = genome_new();
  const Record *record;
  add(&genome, ">b\nAC\n>same\nGT\n");
  add(&genome, ">a\nCCC\n>same\nTTT\n");
  genome_end(&genome);
  assert_int_equal(genome_find(&genome, "a", &record), 1);
  assert_int_equal(record->letters, 3);
  assert_int_equal(genome_find(&genome, "same", &record), 2);
  assert_int_equal(record->letters, 2);
  assert_int_equal(genome_find(&genome, "c", &record), 0);
  assert_int_equal(genome_find(&genome, "", &record), 0);
  genome_free(&genome);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_position_leads_to_its_letter),
      cmocka_unit_test(strands_are_reverse_complements),
      cmocka_unit_test(records_of_several_files_are_found_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
