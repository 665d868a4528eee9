/* title: a record's first line after its '>' or '@': a name, up to a blank or tab, and a
 * description. */
#ifndef TITLE_H
#define TITLE_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the name. */
size_t title_name_length(const char *title);

/* Whether two titles have the same name. */
bool title_same_name(const char *a, const char *b);

/* Whether the title has only blanks and tabs. */
bool title_is_blank(const char *title);

/* Whether the description contains the word circular=true, as written by assemblers (also yes or y;
 * also circ=), or topology=circular, as written by NCBI. Case is ignored; the word may be in quotes
 * or brackets. */
bool title_circular(const char *title);

#endif
