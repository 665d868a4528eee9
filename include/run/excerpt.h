/* excerpt: the text of a large JSON object with its long lists shortened, so that parsing it takes
 * little memory. Of a list of objects that is a member of the outermost object, the first
 * EXCERPT_KEPT stay; the others are counted, but not checked. */
#ifndef EXCERPT_H
#define EXCERPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { EXCERPT_KEPT = 1000, EXCERPT_LISTS = 8, EXCERPT_NAME = 32 };

/* Limits of an excerpt of run.json. */
enum { EXCERPT_TEXT_MAX = 1 << 25, EXCERPT_VALUES_MAX = 1 << 20 };

typedef struct {
  FILE *file; /* borrowed */
  bool too_large;
  size_t n; /* shortened lists: their names, and the number of objects left out of each */
  char name[EXCERPT_LISTS][EXCERPT_NAME];
  size_t left_out[EXCERPT_LISTS];

  /* of the text that was read: */
  int depth;            /* of open objects and lists */
  bool quoted, escaped; /* inside a string, after a backslash there */
  bool in_list;         /* at depth 2 or more: in a list that is a member of the outermost object */
  bool skipping;        /* in one of its objects that is left out */
  size_t objects;       /* of it */
  char key[EXCERPT_NAME]; /* the last string at depth 1 */
  size_t key_length;
  size_t bytes, values; /* that stay */
} Excerpt;

/* Reads up to n bytes of the excerpt and returns their number; 0 at the end of the file, after an
 * error, and if too_large is set. */
size_t excerpt_read(Excerpt *excerpt, char *text, size_t n);

/* The number of objects left out of the list of this name. */
size_t excerpt_left_out(const Excerpt *excerpt, const char *name);

#endif
