#include "sequence/title.h"

#include <string.h>
#include <strings.h>

size_t title_name_length(const char *title) { return strcspn(title, " \t"); }

bool title_is_blank(const char *title) { return title[strspn(title, " \t")] == 0; }

bool title_same_name(const char *a, const char *b) {
  const size_t n = title_name_length(a);
  return n == title_name_length(b) && memcmp(a, b, n) == 0;
}

/* Whether one of the keys, of n bytes, ends as a word at a place in a description. */
static bool ends_key(const char *from, const char *at, const char *key, const char *around) {
  const size_t n = strlen(key);
  if (at - from < (ptrdiff_t)n || strncasecmp(at - n, key, n) != 0) return false;
  return at - from == (ptrdiff_t)n || strchr(around, at[-(ptrdiff_t)n - 1]);
}

bool title_circular(const char *title) {
  static const char around[] = " \t[](){};,|\"'";
  static const char *const pairs[][2] = {
      {"circular", "true"}, {"circular", "yes"}, {"circular", "y"},       {"circ", "true"},
      {"circ", "yes"},      {"circ", "y"},       {"topology", "circular"}};
  const char *from = title + title_name_length(title);
  for (const char *at = strchr(from, '='); at; at = strchr(at + 1, '=')) {
    if (!strchr("RrCcYy", at[-1])) continue; /* no key ends with another letter */
    const char *value = at + 1;
    if (*value == '"' || *value == '\'') value++;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
      const size_t n = strlen(pairs[i][1]);
      if (ends_key(from, at, pairs[i][0], around) && strncasecmp(value, pairs[i][1], n) == 0 &&
          strchr(around, value[n])) /* or the end of the text */
        return true;
    }
  }
  return false;
}
