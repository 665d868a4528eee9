#include "model/metadata.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Metadata {
  char **text; /* key, value, key, value, ... */
  size_t room; /* texts */
  size_t n;    /* pairs */
};

Metadata *metadata_new(void) { return alloc_new(1, sizeof(Metadata)); }

void metadata_free(Metadata *metadata) {
  if (!metadata) return;
  for (size_t i = 0; i < 2 * metadata->n; i++) free(metadata->text[i]);
  free(metadata->text);
  free(metadata);
}

void metadata_set(Metadata *metadata, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *value = alloc_format(format, arguments);
  va_end(arguments);
  metadata->text = alloc_grow(metadata->text, &metadata->room, 2 * metadata->n + 2, sizeof(char *));
  metadata->text[2 * metadata->n] = alloc_text(key);
  metadata->text[2 * metadata->n++ + 1] = value;
}

void metadata_append(Metadata *metadata, const Metadata *more) {
  for (size_t i = 0; more && i < more->n; i++)
    metadata_set(metadata, more->text[2 * i], "%s", more->text[2 * i + 1]);
}

const char *metadata_get(const Metadata *metadata, const char *key) {
  for (size_t i = 0; i < metadata->n; i++)
    if (strcmp(metadata->text[2 * i], key) == 0) return metadata->text[2 * i + 1];
  return NULL;
}

int metadata_whole(const Metadata *metadata, const char *key, uint64_t *number) {
  const char *text = metadata_get(metadata, key);
  char again[32];
  if (!text) return -1;
  *number = strtoull(text, NULL, 10);
  snprintf(again, sizeof again, "%" PRIu64, *number);
  return strcmp(text, again) == 0 ? 0 : -1;
}

bool metadata_entry(const Metadata *metadata, size_t i, const char **key, const char **value) {
  if (i >= metadata->n) return false;
  *key = metadata->text[2 * i];
  *value = metadata->text[2 * i + 1];
  return true;
}
