/* evidence: the evidence of a model's memory for the steps of records.
 *
 * A reader reads one record from its first step to its last. The evidence thus depends only on the
 * record and the model, not on the stretches into which the record is cut. */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "memory/memory.h"
#include "memory/recall.h"
#include "net/softmax.h"
#include "sequence/steps.h"

typedef enum {
  EVIDENCE_OFF,
  EVIDENCE_MODEL,  /* from the memory of the model */
  EVIDENCE_OTHERS, /* the same, but without the record's own copy in the memory */
  EVIDENCE_RECORD  /* also from the bases of the record read so far */
} EvidenceUse;

/* The evidence for the steps of a stretch; zero at first. */
typedef struct {
  struct EvidenceStep *step;
  size_t step_room;
  Vote *votes; /* weighted, step by step */
  size_t votes_room;
} EvidenceSteps;

void evidence_clear(EvidenceSteps *steps);

/* The evidence for step i of the last stretch; its votes are borrowed. */
Evidence evidence_of(const EvidenceSteps *steps, int i);

typedef struct EvidenceReader EvidenceReader;

/* Makes a reader for a record with this name. The memory, which has an index and sorted records,
 * and the recall are borrowed. */
EvidenceReader *evidence_new(const Memory *memory, const Recall *recall, const Shape *shape,
                             EvidenceUse use, const char *name);
void evidence_free(EvidenceReader *reader); /* NULL is allowed */

/* Reads the record's next stretch. */
void evidence_read(EvidenceReader *reader, const Stretch *stretch, EvidenceSteps *steps);

/* Whether the memory contains the record, at least in part: the same name, with the same bases at
 * the same places. */
bool evidence_found(const EvidenceReader *reader);

#endif
