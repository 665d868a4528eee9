#include "model/memoryfile.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ODDS, A, W, SEGMENTS, RECORDS, NAMES, SEQUENCE }; /* indices of the tensors */
enum { SEGMENT_NUMBERS = 2, RECORD_NUMBERS = 3 };        /* columns */
#define LETTERS_MAX  (UINT64_C(1) << 48)                 /* letters of a record */
#define CONSTANT_MAX 1e9f

static void set_tensors(Tensor tensors[MEMORYFILE_TENSORS], const MemorySizes *sizes) {
  static const char prefix[] = "memory.";
  tensors[ODDS] = tensor_vector(prefix, "odds", DTYPE_F32, RECALL_STATES, NULL);
  tensors[A] = tensor_vector(prefix, "a", DTYPE_F32, RECALL_CLASSES, NULL);
  tensors[W] = tensor_vector(prefix, "w", DTYPE_F32, RECALL_CLASSES, NULL);
  tensors[SEGMENTS] =
      tensor_matrix(prefix, "segments", DTYPE_U64, (size_t)sizes->segments, SEGMENT_NUMBERS, NULL);
  tensors[RECORDS] =
      tensor_matrix(prefix, "records", DTYPE_U64, (size_t)sizes->records, RECORD_NUMBERS, NULL);
  tensors[NAMES] =
      tensor_vector(prefix, "names", DTYPE_U64, (size_t)((sizes->names + 7) / 8), NULL);
  tensors[SEQUENCE] =
      tensor_vector(prefix, "sequence", DTYPE_U64, (size_t)((sizes->bases + 31) / 32), NULL);
}

/* ---- writing -------------------------------------------------------------------------------- */

static MemorySizes sizes_of(const Memory *memory) {
  const Records *records = memory->records;
  return (MemorySizes){.bases = memory->bases,
                       .segments = records->n_segments,
                       .records = records->n,
                       .names = records->names_size,
                       .m = (uint64_t)memory->m,
                       .every = (uint64_t)memory->every,
                       .both_strands = memory->both_strands};
}

void memoryfile_describe(Metadata *metadata, const Memory *memory) {
  const MemorySizes sizes = sizes_of(memory);
  metadata_set(metadata, "memory_bases", "%" PRIu64, sizes.bases);
  metadata_set(metadata, "memory_segments", "%" PRIu64, sizes.segments);
  metadata_set(metadata, "memory_records", "%" PRIu64, sizes.records);
  metadata_set(metadata, "memory_names", "%" PRIu64, sizes.names);
  metadata_set(metadata, "memory_m", "%" PRIu64, sizes.m);
  metadata_set(metadata, "memory_every", "%" PRIu64, sizes.every);
  metadata_set(metadata, "memory_strands", "%s", sizes.both_strands ? "both" : "forward");
}

/* Makes the rows of memory.segments. */
static uint64_t *list_segments(const Records *records) {
  uint64_t *table = alloc_new(records->n_segments + 1, SEGMENT_NUMBERS * sizeof *table);
  for (size_t i = 0; i < records->n_segments; i++) {
    table[SEGMENT_NUMBERS * i] = records->segment[i].position;
    table[SEGMENT_NUMBERS * i + 1] = records->segment[i].length;
  }
  return table;
}

/* Makes the rows of memory.records. */
static uint64_t *list_records(const Records *records) {
  uint64_t *table = alloc_new(records->n + 1, RECORD_NUMBERS * sizeof *table);
  for (size_t i = 0; i < records->n; i++) {
    uint64_t *row = table + RECORD_NUMBERS * i;
    row[0] = records->record[i].segments;
    row[1] = records->record[i].letters;
    row[2] = records->record[i].circular;
  }
  return table;
}

/* Copies the names, padded with zeros. */
static char *list_names(const Records *records, const Tensor *tensor) {
  char *names = alloc_new(tensor_bytes(tensor), 1);
  memcpy(names, records->names, records->names_size);
  return names;
}

void memoryfile_tensors(Tensor tensors[MEMORYFILE_TENSORS], const Memory *memory,
                        const Recall *recall) {
  const MemorySizes sizes = sizes_of(memory);
  Recall *constants = (Recall *)(uintptr_t)recall; /* read-only, like all data of tensors here */
  set_tensors(tensors, &sizes);
  tensors[ODDS].data = constants->odds;
  tensors[A].data = constants->a;
  tensors[W].data = constants->w;
  tensors[SEGMENTS].data = list_segments(memory->records);
  tensors[RECORDS].data = list_records(memory->records);
  tensors[NAMES].data = list_names(memory->records, &tensors[NAMES]);
  tensors[SEQUENCE].data = memory->packed;
}

void memoryfile_free(Tensor tensors[MEMORYFILE_TENSORS]) {
  free(tensors[SEGMENTS].data);
  free(tensors[RECORDS].data);
  free(tensors[NAMES].data);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int read_number(uint64_t *number, const char *path, const Metadata *metadata,
                       const char *key, uint64_t least, uint64_t most, Why *why) {
  char detail[80];
  if (metadata_whole(metadata, key, number) == 0 && *number >= least && *number <= most) return 0;
  snprintf(detail, sizeof detail, "must be a number from %" PRIu64 " to %" PRIu64, least, most);
  return safetensors_malformed(why, path, detail, "__metadata__.%s", key);
}

int memoryfile_sizes(MemorySizes *sizes, Tensor tensors[MEMORYFILE_TENSORS], const char *path,
                     const Metadata *metadata, Why *why) {
  const uint64_t most = LETTERS_MAX;
  const char *strands = metadata_get(metadata, "memory_strands");
  if (read_number(&sizes->bases, path, metadata, "memory_bases", 1, most, why) != 0 ||
      read_number(&sizes->segments, path, metadata, "memory_segments", 1, most, why) != 0 ||
      read_number(&sizes->records, path, metadata, "memory_records", 1, most, why) != 0 ||
      read_number(&sizes->names, path, metadata, "memory_names", 1, most, why) != 0 ||
      read_number(&sizes->m, path, metadata, "memory_m", 1, MEMORY_M_MAX, why) != 0 ||
      read_number(&sizes->every, path, metadata, "memory_every", 1, INT_MAX, why) != 0)
    return -1;
  if (sizes->every < (uint64_t)memory_choose_every(sizes->bases, (int)sizes->m, UINT64_MAX))
    return safetensors_malformed(why, path, "is too small for so many bases",
                                 "__metadata__.memory_every");
  sizes->both_strands = strands && strcmp(strands, "both") == 0;
  if (!sizes->both_strands && !(strands && strcmp(strands, "forward") == 0))
    return safetensors_malformed(why, path, "must be both or forward",
                                 "__metadata__.memory_strands");
  set_tensors(tensors, sizes);
  return 0;
}

/* The tables from which records are built. */
typedef struct {
  const MemorySizes *sizes;
  uint64_t *segments, *records;
  char *names;
  uint64_t next_segment, next_name;
} Tables;

/* Appends the segments of a record; false: they are not within the record, or not in order. */
static bool add_segments(Records *records, Tables *tables, uint64_t n, uint64_t letters) {
  uint64_t end = 0;
  for (uint64_t i = 0; i < n; i++) {
    const uint64_t *row = tables->segments + SEGMENT_NUMBERS * tables->next_segment++;
    const uint64_t position = row[0], length = row[1];
    if (position < end || position >= letters || length < 1 ||
        length > letters - position + KMER_MAX || length > tables->sizes->bases - records->bases)
      return false;
    records_segment(records, position, length);
    end = position + length;
  }
  return true;
}

/* Whether the last record can be a circle: its end repeats its first bases, and both are in
 * segments. */
static bool can_be_circle(const Records *records) {
  const Record *record = &records->record[records->n - 1];
  const RecordSegment *first = &records->segment[record->first_segment];
  const uint64_t turned = record_turned(records, record);
  return first->position == 0 && turned > 0 && turned <= first->length;
}

/* Appends a record and returns NULL, or returns the name of the wrong tensor. */
static const char *add_record(Records *records, Tables *tables, uint64_t i) {
  const uint64_t *row = tables->records + RECORD_NUMBERS * i;
  const uint64_t n = row[0], letters = row[1];
  const char *name = tables->names + tables->next_name;
  const char *end = memchr(name, 0, (size_t)(tables->sizes->names - tables->next_name));
  if (n < 1 || n > tables->sizes->segments - tables->next_segment || letters > LETTERS_MAX ||
      row[2] > 1)
    return "memory.records";
  if (!end) return "memory.names";
  if (!add_segments(records, tables, n, letters)) return "memory.segments";
  records_end(records, name, (size_t)(end - name), letters, row[2] == 1);
  tables->next_name += (uint64_t)(end - name) + 1;
  return row[2] == 0 || can_be_circle(records) ? NULL : "memory.records";
}

/* Whether only zeros follow the names (n bytes) in the last number. */
static bool end_in_zeros(const char *names, uint64_t n) {
  while (n % sizeof(uint64_t) != 0 && names[n] == 0) n++;
  return n % sizeof(uint64_t) == 0;
}

static Records *make_records(Tables *tables, const char *path, Why *why) {
  const MemorySizes *sizes = tables->sizes;
  Records *records = records_new();
  const char *wrong = NULL;
  for (uint64_t i = 0; !wrong && i < sizes->records; i++) wrong = add_record(records, tables, i);
  if (!wrong && tables->next_segment < sizes->segments) wrong = "memory.segments";
  if (!wrong && tables->next_name < sizes->names) wrong = "memory.names";
  if (!wrong && !end_in_zeros(tables->names, sizes->names)) wrong = "memory.names";
  if (!wrong && records->bases < sizes->bases) wrong = "memory.sequence";
  if (!wrong) return records;
  safetensors_malformed(why, path, "does not fit the other tensors of the memory", "%s", wrong);
  records_free(records);
  return NULL;
}

static Records *read_records(SafeTensors *file, const char *path, const MemorySizes *sizes,
                             Tensor tensors[MEMORYFILE_TENSORS], Why *why) {
  Tables tables = {.sizes = sizes};
  tensors[SEGMENTS].data = tables.segments = alloc_new(tensor_bytes(&tensors[SEGMENTS]), 1);
  tensors[RECORDS].data = tables.records = alloc_new(tensor_bytes(&tensors[RECORDS]), 1);
  tensors[NAMES].data = tables.names = alloc_new(tensor_bytes(&tensors[NAMES]), 1);
  Records *records = NULL;
  if (safetensors_read(file, tensors + SEGMENTS, 3, why) == 0)
    records = make_records(&tables, path, why);
  free(tables.segments);
  free(tables.records);
  free(tables.names);
  return records;
}

/* Whether all numbers are in their range. */
static bool are_between(const float *numbers, size_t n, float least) {
  for (size_t i = 0; i < n; i++)
    if (!(numbers[i] >= least && numbers[i] <= CONSTANT_MAX)) return false;
  return true;
}

static int read_rest(SafeTensors *file, const char *path, Memory *memory, Recall *recall,
                     Tensor tensors[MEMORYFILE_TENSORS], Why *why) {
  tensors[ODDS].data = recall->odds;
  tensors[A].data = recall->a;
  tensors[W].data = recall->w;
  tensors[SEQUENCE].data = memory->packed;
  if (safetensors_read(file, tensors, 3, why) != 0 ||
      safetensors_read(file, tensors + SEQUENCE, 1, why) != 0)
    return -1;
  for (int i = ODDS; i <= W; i++)
    if (!are_between(tensors[i].data, tensors[i].columns, i == ODDS ? 0 : -CONSTANT_MAX))
      return safetensors_malformed(why, path, "has a number out of range", "%s", tensors[i].name);
  uint64_t word;
  memcpy(&word, memory->packed + memory->bases / 32 * sizeof word, sizeof word);
  if (memory->bases % 32 > 0 && word >> 2 * (memory->bases % 32) != 0)
    return safetensors_malformed(why, path, "has bits after its last base", "memory.sequence");
  return 0;
}

Memory *memoryfile_read(SafeTensors *file, const char *path, const MemorySizes *sizes,
                        Recall *recall, Why *why) {
  Tensor tensors[MEMORYFILE_TENSORS];
  set_tensors(tensors, sizes);
  Records *records = read_records(file, path, sizes, tensors, why);
  if (!records) return NULL;
  Memory *memory = memory_new(records, (int)sizes->m, (int)sizes->every, sizes->both_strands);
  if (read_rest(file, path, memory, recall, tensors, why) == 0) return memory;
  memory_free(memory);
  return NULL;
}
