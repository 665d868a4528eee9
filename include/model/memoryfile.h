/* memoryfile: a memory in a model file.
 *
 *   memory.odds, memory.a, memory.w   the parameters of its recall (recall.h)
 *   memory.segments (segments,2)      position of each segment in its record, and its bases
 *   memory.records (records,3)        segments of each record, its letters, and 1 for a circle
 *   memory.names                      names of the records, each ended by a 0
 *   memory.sequence                   base i of the segments, end to end, in bits 2(i%32) of i/32
 *
 * All but the parameters are numbers of 64 bits, which hold the bytes of names in order. With other
 * types, older programs would fail before they find that the file is too new for them. The sizes
 * and the settings of the index are metadata. */
#ifndef MEMORYFILE_H
#define MEMORYFILE_H

#include "memory/memory.h"
#include "memory/recall.h"
#include "model/safetensors.h"

enum { MEMORYFILE_TENSORS = 7 };

/* The sizes in the metadata. */
typedef struct {
  uint64_t bases, segments, records;
  uint64_t names; /* bytes */
  uint64_t m, every;
  bool both_strands;
} MemorySizes;

/* Adds the sizes and settings of a memory to the metadata. */
void memoryfile_describe(Metadata *metadata, const Memory *memory);

/* The tensors of a memory, for writing. Some own their data, which memoryfile_free frees. */
void memoryfile_tensors(Tensor tensors[MEMORYFILE_TENSORS], const Memory *memory,
                        const Recall *recall);
void memoryfile_free(Tensor tensors[MEMORYFILE_TENSORS]);

/* For reading: the sizes of the memory, and its tensors without data, for checks. */
int memoryfile_sizes(MemorySizes *sizes, Tensor tensors[MEMORYFILE_TENSORS], const char *path,
                     const Metadata *metadata, Why *why);

/* Reads a memory once all its tensors are known to exist. The memory has no index, and its records
 * are not sorted. NULL on error. */
Memory *memoryfile_read(SafeTensors *file, const char *path, const MemorySizes *sizes,
                        Recall *recall, Why *why);

#endif
