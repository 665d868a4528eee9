/* suggest: the word of a list that is nearest to a mistyped one. */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

enum { SUGGEST_ROOM = 32 };

typedef struct {
  const char *typed; /* borrowed; its first n bytes count */
  size_t n;
  size_t edits; /* between typed and word */
  /* The nearest word so far, the first one in a tie; "": none is near. */
  char word[SUGGEST_ROOM];
} Suggestion;

/* A suggestion that accepts words at most 1 edit away for 5 letters or fewer, 2 edits for up to 9,
 * 3 for more. A beginning of a word, of 3 letters or more, counts as 0 edits. */
Suggestion suggest_new(const char *typed, size_t n);

/* Offers a word of at most SUGGEST_ROOM - 1 letters. */
void suggest_offer(Suggestion *suggestion, const char *word);

/* The number of letters to insert, delete, replace or swap with the next one to turn the first n
 * letters of a into b, ignoring case (F. Damerau, CACM 1964). Both are shorter than
 * SUGGEST_ROOM. */
size_t suggest_edits(const char *a, size_t n, const char *b);

#endif
