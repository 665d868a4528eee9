/* metadata: names and values in a model file, besides its tensors. */
#ifndef METADATA_H
#define METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names and their values, in the order in which they were set. */
typedef struct Metadata Metadata;
Metadata *metadata_new(void);
void metadata_free(Metadata *metadata);

/* Appends a key and its value, a printf format. */
void metadata_set(Metadata *metadata, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds all names and values of `more`, which may be NULL. */
void metadata_append(Metadata *metadata, const Metadata *more);
const char *metadata_get(const Metadata *metadata, const char *key); /* NULL: there is none */
/* Reads a whole number as written by metadata_set, without a sign, blank or leading zero; -1 if
 * there is no value or it is something else. */
int metadata_whole(const Metadata *metadata, const char *key, uint64_t *number);
/* Sets *key and *value to entry i, borrowed; false if there are fewer entries. */
bool metadata_entry(const Metadata *metadata, size_t i, const char **key, const char **value);

#endif
