#include "report/excerpt.h"

enum { MEMBER = 1, LIST = 2 }; /* depths: in the outermost object, in a list that is its member */

static void read_quoted(Excerpt *e, char c) {
  if (e->escaped)
    e->escaped = false;
  else if (c == '\\')
    e->escaped = true;
  else if (c == '"')
    e->quoted = false;
}

/* Handles an opening bracket; returns whether it begins an object to leave out. */
static bool open_bracket(Excerpt *e, char c) {
  if (e->depth == MEMBER) {
    e->in_list = c == '[';
    e->objects = 0;
  }
  const bool counts = e->depth == LIST && e->in_list && c == '{';
  e->depth++;
  return counts && ++e->objects > EXCERPT_KEPT;
}

/* Whether a character of the text stays; it may be replaced. */
static bool shorten(Excerpt *e, char *at) {
  const bool skipped = e->skipping;
  const char c = *at;
  if (e->quoted) {
    read_quoted(e, c);
  } else if (c == '"') {
    e->quoted = true;
  } else if (c == '{' || c == '[') {
    if (!skipped) e->values++;
    if (open_bracket(e, c)) {
      e->skipping = true;
      *at = '0';
    }
  } else if (c == '}' || c == ']') {
    e->depth--;
    if (e->depth == LIST) e->skipping = false;
  } else if (c == ',' && !skipped) {
    e->values++;
  }
  return !skipped;
}

size_t excerpt_read(Excerpt *e, char *text, size_t n) {
  size_t kept = 0, got = 1;
  while (kept == 0 && got > 0 && !e->too_large) {
    got = fread(text, 1, n, e->file);
    for (size_t i = 0; i < got; i++) {
      char c = text[i];
      if (shorten(e, &c)) text[kept++] = c;
    }
    e->bytes += kept;
    e->too_large = e->bytes > EXCERPT_TEXT_MAX || e->values > EXCERPT_VALUES_MAX;
  }
  return e->too_large ? 0 : kept;
}
