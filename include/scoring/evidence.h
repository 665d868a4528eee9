/* evidence: of a model's memory, for the steps of records.
 *
 * A reader reads one record from its first step to its last: so the evidence depends on nothing but
 * the record and the model, and not on the stretches that the record is cut into. */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "memory/memory.h"
#include "memory/recall.h"
#include "net/softmax.h"
#include "sequence/steps.h"

typedef enum {
  EVIDENCE_OFF,
  EVIDENCE_MODEL,  /* of the memory as it is */
  EVIDENCE_OTHERS, /* where the record is itself in the memory, not of that copy */
  EVIDENCE_RECORD  /* also of the bases of the record that have been read */
} EvidenceUse;

/* The evidence for the steps of a stretch; zero at first. */
typedef struct {
  struct EvidenceStep *step;
  size_t step_room;
  Vote *votes; /* of one step after the other, weighted */
  size_t votes_room;
} EvidenceSteps;

void evidence_clear(EvidenceSteps *steps);

/* The evidence for step i of the stretch that was read last; its votes are borrowed. */
Evidence evidence_of(const EvidenceSteps *steps, int i);

typedef struct EvidenceReader EvidenceReader;

/* At the beginning of a record of this name. The memory, which has an index and sorted records, and
 * the recall are borrowed. */
EvidenceReader *evidence_new(const Memory *memory, const Recall *recall, const Shape *shape,
                             EvidenceUse use, const char *name);
void evidence_free(EvidenceReader *reader); /* NULL is allowed */

/* Reads the record's next stretch. */
void evidence_read(EvidenceReader *reader, const Stretch *stretch, EvidenceSteps *steps);

/* Whether the record is itself in the memory, at least in part: under the same name, and with the
 * same bases at the same places. */
bool evidence_found(const EvidenceReader *reader);

#endif
