/* steps: the records of a file, or the bases of a span, as steps of the network. A step is a k-mer
 * x and the k-mer y that follows; steps come in stretches.
 *
 * A record of at least STEPS_STRETCH steps, or of the length in StepsWish, is cut into stretches,
 * at places that depend only on the record. Each stretch but the first begins with a warm-up: a
 * copy of the last STEPS_WARMUP steps of the previous stretch, without labels. From any state, the
 * warm-up leads to nearly the state of the record at the stretch's own first step. */
#ifndef STEPS_H
#define STEPS_H

#include "sequence/seqfile.h"
#include "sequence/span.h"

enum { STEPS_STRETCH = 1 << 14, STEPS_WARMUP = 1 << 10, STEPS_MAX = STEPS_WARMUP + STEPS_STRETCH };
enum { STEPS_LEAST = STEPS_WARMUP + 1 }; /* shortest stretch: a warm-up and a step */

/* A record's name, shared by its stretches: a name may have a megabyte, and a record hundreds of
 * stretches. */
typedef struct SharedName SharedName;

typedef struct {
  const char *name; /* of the record */
  SharedName *shared;
  bool first, ended;  /* whether it is the first, or last, of its record */
  bool circular;      /* the record is a circle, read past its end */
  bool reversed;      /* it belongs to the record's reverse complement */
  int warmup;         /* steps of the warm-up */
  int n;              /* steps, including the warm-up */
  int *x, *y;         /* (n) y is -1: no label */
  bool *restart;      /* (n) whether the step is the first of its segment */
  uint64_t *position; /* (n) the position, from 1, in the record as it is read, of the first of the
                         s bases that y adds */
  uint64_t tokens;    /* labels among the steps */
  uint64_t length;    /* letters of the record read so far, each counted once */
  uint64_t bases;     /* A, C, G and T among these letters; not counted for a span */
  uint64_t letters; /* of the record: all if reversed, otherwise those read from the file so far */
  int last;         /* in the last stretch of a record: the k-mer that ends the record; -1: none */
} Stretch;

void stretch_init(Stretch *stretch); /* makes room for STEPS_MAX steps */
void stretch_clear(Stretch *stretch);
void stretch_drop_name(Stretch *stretch); /* called when the stretch is no longer needed */

/* Converts a position as read by the stretch to the position in the record. */
static inline uint64_t stretch_turned(const Stretch *stretch, uint64_t position) {
  return stretch->reversed ? stretch->letters + 1 - position : position;
}

typedef struct Steps Steps;

/* The placement of the k-mers of the reverse complement, with both strands and a stride above 1. If
 * necessary, the first bases of its runs are skipped. */
typedef enum {
  STEPS_UNALIGNED,     /* the first k-mer begins with its run */
  STEPS_ALIGNED_ADDED, /* k-mers add the same s bases as the k-mers of the record */
  STEPS_ALIGNED_ENDS,  /* k-mers end at the same bases */
  STEPS_ALIGNED_NEXT   /* the same bases follow the k-mers */
} StepsAlignment;

typedef struct {
  Lowercase lowercase; /* see seqfile_mark_lowercase */
  bool over_ends;      /* read records that are circular by their header past their end, once */
  bool all_circles;    /* treat all other records as circles too */
  bool both_strands; /* read the reverse complement after each record, as a record of the same name;
                        the letters of the record are kept in memory for that */
  StepsAlignment alignment;
  bool to_end; /* the last k-mer ends at the end of the record: with a stride above 1, only the
                  steps of the record's last run of bases are read, after as many skipped bases as
                  necessary, and the letters of that run are kept in memory */
  int stretch; /* steps, STEPS_LEAST..STEPS_STRETCH; 0: STEPS_STRETCH */
} StepsWish;

/* For k-mers of k bases with stride s. */
Steps *steps_new(int k, int s, StepsWish wish);
void steps_free(Steps *steps);

/* Open a file ("-": standard input), or a span, after the previous one was closed. A span, which is
 * borrowed, is one record without a name, with an ambiguous letter between its segments. */
int steps_open(Steps *steps, const char *path, Why *why);
void steps_open_span(Steps *steps, const Span *span);
void steps_close(Steps *steps);
const SeqFile *steps_file(const Steps *steps); /* NULL: a span is open */

/* Opens two files, with the first and the second reads of pairs, whose records are read by turns.
 * At the end of both, steps_file is the first and steps_mate the second. Paths are borrowed. */
int steps_open_pairs(Steps *steps, const char *first, const char *second, Why *why);
const SeqFile *steps_mate(const Steps *steps);

/* Reads the next stretch, of the unfinished record or of the next one. The previous stretch must
 * still exist; it may be the same object. Returns 1, 0 or -1 as seqfile_next does. */
int steps_read(Steps *steps, Stretch *stretch, Why *why);

/* Whether steps_read may take long, because the text has not arrived yet (seqfile_waits). */
bool steps_wait(const Steps *steps);

#endif
