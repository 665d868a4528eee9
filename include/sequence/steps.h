/* steps: the records of a file, or the bases of a span, as steps of the network, a k-mer x and the
 * y that follows, in stretches.
 *
 * A record of STEPS_STRETCH steps or more, or of as many as wished for, is cut into stretches, at
 * places that depend on nothing but the record. Each but the first begins with a copy of the last
 * STEPS_WARMUP steps of the one before, without labels: from any state they lead to nearly the
 * state that the record has where the stretch's own steps begin. */
#ifndef STEPS_H
#define STEPS_H

#include "sequence/seqfile.h"
#include "sequence/span.h"

enum { STEPS_STRETCH = 1 << 14, STEPS_WARMUP = 1 << 10, STEPS_MAX = STEPS_WARMUP + STEPS_STRETCH };
enum { STEPS_LEAST = STEPS_WARMUP + 1 }; /* for shorter stretches: one ends with a warm-up */

/* A record's name, which its stretches share: it may have a megabyte, and they may be hundreds. */
typedef struct SharedName SharedName;

typedef struct {
  const char *name; /* of the record */
  SharedName *shared;
  bool first, ended;  /* the record begins, ends with it */
  bool circular;      /* the record is a circle, read over its end */
  bool reversed;      /* of the record's reverse complement */
  int warmup;         /* steps that are copies */
  int n;              /* steps, the copies included */
  int *x, *y;         /* (n) y -1: no label */
  bool *restart;      /* (n) the first of its segment */
  uint64_t *position; /* (n) in the record as it is read, from 1, of the base that comes after x:
                         the first of the s that y adds */
  uint64_t tokens;    /* labels among them */
  uint64_t length;    /* letters of the record so far, each counted once */
  uint64_t bases;     /* A, C, G and T among them; of a span not counted */
  uint64_t letters;   /* of the record: reversed all of them, else those read from the file */
  int last;           /* where the record ends: the k-mer that it ends with, -1: none */
} Stretch;

void stretch_init(Stretch *stretch); /* makes room for STEPS_MAX steps */
void stretch_clear(Stretch *stretch);
void stretch_drop_name(Stretch *stretch); /* of a stretch that is no longer needed */

/* The position in the record of a base at this position of the stretch. */
static inline uint64_t stretch_turned(const Stretch *stretch, uint64_t position) {
  return stretch->reversed ? stretch->letters + 1 - position : position;
}

typedef struct Steps Steps;

/* With both strands and a stride above 1: where the k-mers of the reverse complement lie. The first
 * bases of its runs that would change that are not read. */
typedef enum {
  STEPS_UNALIGNED,     /* the first begins where its run does */
  STEPS_ALIGNED_ADDED, /* they add the same s bases as those of the record do */
  STEPS_ALIGNED_ENDS,  /* they end at the same bases */
  STEPS_ALIGNED_NEXT   /* the same bases come next */
} StepsAlignment;

typedef struct {
  Lowercase lowercase; /* as seqfile_mark_lowercase */
  bool over_ends;      /* records that are circular by their header are read over their end, once */
  bool all_circles;    /* and so are all others */
  bool both_strands;   /* each record is followed by its reverse complement, as a record of the same
                          name; its letters are kept for that */
  StepsAlignment alignment;
  bool to_end; /* the last k-mer ends where the record does: with a stride above 1 only the
                  steps of the record's last run of bases are read, from as far behind its
                  beginning as that takes, and the letters of that run are kept */
  int stretch; /* steps, STEPS_LEAST..STEPS_STRETCH; 0: STEPS_STRETCH */
} StepsWish;

/* For k-mers of k bases, each s bases after the one before. */
Steps *steps_new(int k, int s, StepsWish wish);
void steps_free(Steps *steps);

/* Opens a file ("-": standard input), or a span, after the one before was closed. A span, which is
 * borrowed, is one record without a name; an ambiguous letter separates its segments. */
int steps_open(Steps *steps, const char *path, Why *why);
void steps_open_span(Steps *steps, const Span *span);
void steps_close(Steps *steps);
const SeqFile *steps_file(const Steps *steps); /* NULL: a span is open */

/* Opens two files, of which records are read by turns: the first reads of pairs, and the second. At
 * the end of both, steps_file is the first and steps_mate the second. Paths are borrowed. */
int steps_open_pairs(Steps *steps, const char *first, const char *second, Why *why);
const SeqFile *steps_mate(const Steps *steps);

/* Reads the next stretch: of the record that the last one left unfinished, or of the next record.
 * The last one must still be there, and may be the same. As seqfile_next. */
int steps_read(Steps *steps, Stretch *stretch, Why *why);

/* Whether steps_read may take long, because the text has not arrived yet (seqfile_waits). */
bool steps_wait(const Steps *steps);

#endif
