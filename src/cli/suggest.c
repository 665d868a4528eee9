#include "cli/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

size_t suggest_edits(const char *a, size_t n, const char *b) {
  size_t edits[SUGGEST_ROOM][SUGGEST_ROOM]; /* [i][j]: from the first i letters of a to j of b */
  const size_t m = strlen(b);
  for (size_t i = 0; i <= n; i++) edits[i][0] = i;
  for (size_t j = 0; j <= m; j++) edits[0][j] = j;
  for (size_t i = 1; i <= n; i++)
    for (size_t j = 1; j <= m; j++) {
      edits[i][j] = edits[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
      edits[i][j] = least(edits[i][j], 1 + least(edits[i - 1][j], edits[i][j - 1]));
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
        edits[i][j] = least(edits[i][j], 1 + edits[i - 2][j - 2]);
    }
  return edits[n][m];
}

/* Whether b begins with the first n letters of a, enough for a suggestion. */
static bool is_beginning(const char *a, size_t n, const char *b) {
  enum { ENOUGH = 3 };
  size_t i = 0;
  while (i < n && b[i] != 0 && same(a[i], b[i])) i++;
  return n >= ENOUGH && i == n;
}

Suggestion suggest_new(const char *typed, size_t n) {
  Suggestion suggestion = {.typed = typed, .n = n, .edits = 4};
  if (n < 10) suggestion.edits = 3;
  if (n < 6) suggestion.edits = 2;
  return suggestion;
}

void suggest_offer(Suggestion *suggestion, const char *word) {
  if (suggestion->n >= SUGGEST_ROOM || strlen(word) >= SUGGEST_ROOM) return;
  size_t edits = suggest_edits(suggestion->typed, suggestion->n, word);
  if (is_beginning(suggestion->typed, suggestion->n, word)) edits = 0;
  if (edits >= suggestion->edits || edits >= suggestion->n) return;
  suggestion->edits = edits;
  snprintf(suggestion->word, SUGGEST_ROOM, "%s", word);
}
