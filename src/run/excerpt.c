#include "run/excerpt.h"

#include <string.h>

enum {
  MEMBER = 1,
  LIST = 2,
  OBJECT = 3 /* depths: in the outermost object, in a list, in its objects */
};

static void read_quoted(Excerpt *e, char c) {
  if (e->escaped)
    e->escaped = false;
  else if (c == '\\')
    e->escaped = true;
  else if (c == '"')
    e->quoted = false;
  if (e->quoted && e->depth == MEMBER && e->key_length < EXCERPT_NAME - 1)
    e->key[e->key_length++] = c;
}

static void begin_string(Excerpt *e) {
  e->quoted = true;
  if (e->depth == MEMBER) e->key_length = 0;
}

static void open_bracket(Excerpt *e, char c) {
  if (e->depth == LIST && e->in_list && c == '{') e->skipping = ++e->objects > EXCERPT_KEPT;
  e->depth++;
  if (e->depth == LIST && c == '[') {
    e->in_list = true;
    e->objects = 0;
  }
}

static void end_list(Excerpt *e) {
  e->in_list = false;
  if (e->objects <= EXCERPT_KEPT || e->n == EXCERPT_LISTS) return;
  memcpy(e->name[e->n], e->key, e->key_length);
  e->left_out[e->n++] = e->objects - EXCERPT_KEPT;
}

static void close_bracket(Excerpt *e) {
  e->depth--;
  if (e->depth == LIST) e->skipping = false;
  if (e->depth == MEMBER && e->in_list) end_list(e);
}

/* Whether the character stays. */
static bool keep(Excerpt *e, char c) {
  const bool skipped = e->skipping;
  if (e->quoted) {
    read_quoted(e, c);
    return !skipped;
  }
  switch (c) {
  case '"': begin_string(e); break;
  case '{':
  case '[': open_bracket(e, c); break;
  case '}':
  case ']': close_bracket(e); break;
  case ',':
    if (e->depth == LIST && e->in_list && e->objects >= EXCERPT_KEPT) return false;
    break;
  default: break;
  }
  const bool stays = !skipped && !e->skipping;
  e->values += stays && (c == ',' || c == '{' || c == '[');
  return stays;
}

size_t excerpt_read(Excerpt *e, char *text, size_t n) {
  size_t kept = 0, got = 1;
  while (kept == 0 && got > 0 && !e->too_large) {
    got = fread(text, 1, n, e->file);
    for (size_t i = 0; i < got; i++)
      if (keep(e, text[i])) text[kept++] = text[i];
    e->bytes += kept;
    e->too_large = e->bytes > EXCERPT_TEXT_MAX || e->values > EXCERPT_VALUES_MAX;
  }
  return e->too_large ? 0 : kept;
}

size_t excerpt_left_out(const Excerpt *e, const char *name) {
  for (size_t i = 0; i < e->n; i++)
    if (strcmp(e->name[i], name) == 0) return e->left_out[i];
  return 0;
}
