/* excerpt: the text of a large JSON object with its long lists shortened, so that parsing it takes
 * little memory: jansson needs 330 MB for the run.json of 66,000 input files. In each list of
 * objects that is a member of the outermost object, the first EXCERPT_KEPT objects stay, and a 0
 * replaces each of the others. */
#ifndef EXCERPT_H
#define EXCERPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { EXCERPT_KEPT = 1000 };

/* Limits of an excerpt of run.json. */
enum { EXCERPT_TEXT_MAX = 1 << 25, EXCERPT_VALUES_MAX = 1 << 20 };

typedef struct {
  FILE *file; /* borrowed */
  bool too_large;
  /* State of the text that was read: */
  int depth;            /* open objects and lists */
  bool quoted, escaped; /* inside a string; after a backslash there */
  bool in_list; /* at depth 2 or more: whether in a list that is a member of the outermost object */
  size_t objects;       /* number of objects in that list */
  bool skipping;        /* inside an object that is left out */
  size_t bytes, values; /* of the excerpt so far */
} Excerpt;

/* Reads up to n bytes of the excerpt and returns their number; 0 at the end of the file, after an
 * error, and if too_large is set. */
size_t excerpt_read(Excerpt *excerpt, char *text, size_t n);

#endif
