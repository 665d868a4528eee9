/* suggest: the word of a list that is nearest to a mistyped one. */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

enum { SUGGEST_ROOM = 32 };

typedef struct {
  const char *typed; /* borrowed; its first n bytes count */
  size_t n;
  size_t edits; /* between typed and word */
  /* The nearest so far, the first one in a tie; "": none is near. */
  char word[SUGGEST_ROOM];
} Suggestion;

/* One that takes no word farther away than 1 edit for 5 letters or fewer, 2 for up to 9, 3 for
 * more. The beginning of a word, of 3 letters or more, is no edit. */
Suggestion suggest_new(const char *typed, size_t n);

/* Offers a word, of SUGGEST_ROOM - 1 letters at most. */
void suggest_offer(Suggestion *suggestion, const char *word);

/* The letters to insert, delete, replace or swap with the next one to make b of a's first n; upper
 * and lower case are the same. Both are shorter than SUGGEST_ROOM. */
size_t suggest_edits(const char *a, size_t n, const char *b);

#endif
