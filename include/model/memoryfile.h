/* memoryfile: a memory in a model file.
 *
 *   memory.odds, memory.a, memory.w   the constants of its recall
 *   memory.segments (segments,2)      the position of each in its record, and its bases
 *   memory.records (records,3)        the segments of each, its letters, and 1 for a circle
 *   memory.names                      of the records, each ended by a 0
 *   memory.sequence                   base i of the segments, end to end, in bits 2(i%32) of i/32
 *
 * All but the constants are numbers of 64 bits, in which the bytes of names stand in order: other
 * types would stop older programs before they find that the file is too new for them. The sizes and
 * the settings of the index are metadata. */
#ifndef MEMORYFILE_H
#define MEMORYFILE_H

#include "memory/memory.h"
#include "memory/recall.h"
#include "model/safetensors.h"

enum { MEMORYFILE_TENSORS = 7 };

/* The numbers of the metadata. */
typedef struct {
  uint64_t bases, segments, records;
  uint64_t names; /* bytes */
  uint64_t m, every;
  bool both_strands;
} MemorySizes;

void memoryfile_describe(Metadata *metadata, const Memory *memory);

/* The tensors of a memory that is written. Some have data of their own, which memoryfile_free
 * frees. */
void memoryfile_tensors(Tensor tensors[MEMORYFILE_TENSORS], const Memory *memory,
                        const Recall *recall);
void memoryfile_free(Tensor tensors[MEMORYFILE_TENSORS]);

/* The sizes of a memory that is read, and its tensors without data, to be checked. */
int memoryfile_sizes(MemorySizes *sizes, Tensor tensors[MEMORYFILE_TENSORS], const char *path,
                     const Metadata *metadata, Why *why);

/* Reads a memory, without an index and with records that are not sorted, once all its tensors are
 * known to be there; NULL is an error. */
Memory *memoryfile_read(SafeTensors *file, const char *path, const MemorySizes *sizes,
                        Recall *recall, Why *why);

#endif
