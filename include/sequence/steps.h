/* steps: the records of a file as steps of the network, x and the y that follows, in pieces.
 *
 * A record of STEPS_PIECE steps or more is cut into pieces, at places that depend on nothing but
 * the record. A piece that is not the first begins with a copy of the last STEPS_WARMUP steps of
 * the one before, without labels: from any state they lead to nearly the state that the record has
 * where the piece's own steps begin. */
#ifndef STEPS_H
#define STEPS_H

#include "sequence/seqfile.h"

enum { STEPS_PIECE = 1 << 14, STEPS_WARMUP = 1 << 10, STEPS_MOST = STEPS_WARMUP + STEPS_PIECE };

/* A record's name, which its pieces share: it may have a megabyte, and there may be hundreds. */
typedef struct SharedName SharedName;

typedef struct {
  const char *name; /* of the record */
  SharedName *shared;
  bool first, ended;  /* whether the record begins, ends with it */
  bool circular;      /* the record is a circle, read over its end */
  bool reversed;      /* of the record's reverse complement */
  int warmup;         /* steps that are copies */
  int n;              /* steps, the copies among them */
  int *x, *y;         /* (n) y -1: no label */
  uint8_t *restart;   /* (n) 1: the first of its segment */
  uint64_t *position; /* (n) in the record as it is read, from 1, of the base that comes after x:
                         the first of the s that y adds */
  uint64_t tokens;    /* labels among them */
  uint64_t length;    /* letters of the record so far, each counted once */
  uint64_t bases;     /* A, C, G and T among them */
  int last;           /* where the record ends: the k-mer that it ends with, -1: none */
} Piece;

void piece_init(Piece *piece); /* makes room for STEPS_MOST steps */
void piece_clear(Piece *piece);
void piece_drop_name(Piece *piece); /* of a piece that is no longer needed */

typedef struct Steps Steps;

typedef struct {
  bool over_ends;    /* records that are circular by their header are read over their end, once */
  bool all_circles;  /* and so are all others */
  bool both_strands; /* each record is followed by its reverse complement, as a record of the same
                        name; its letters are kept for that */
  bool to_end;       /* the last k-mer ends where the record does: with a stride above 1 only the
                        steps of the record's last run of bases are read, from as far behind its
                        beginning as that takes, and the letters of that run are kept */
} StepsWish;

/* For k-mers of k bases, each s bases after the one before. */
Steps *steps_new(int k, int s, StepsWish wish);
void steps_free(Steps *steps);

/* Reads the next piece: of the record that `before` left unfinished, or of the next record; before
 * is NULL at the beginning of a file, and may be the piece itself. 1: there is one, 0: the file has
 * ended, -1: it is broken. */
int steps_read(Steps *steps, Piece *piece, const Piece *before, SeqFile *file, Why *why);

/* Whether that may take long, for what it reads has not come yet (seqfile_waits). */
bool steps_wait(const Steps *steps, const Piece *before, const SeqFile *file);

#endif
