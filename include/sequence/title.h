/* title: a record's first line, after its mark: a name, up to a blank or tab, and a description. */
#ifndef TITLE_H
#define TITLE_H

#include <stdbool.h>
#include <stddef.h>

size_t title_name_length(const char *title);
bool title_same_name(const char *a, const char *b);
bool title_is_blank(const char *title);

/* Whether the description has the word circular=true, as assemblers write (or yes, or y; circ= as
 * well), or topology=circular, as NCBI does; in any case, bare, in quotes or in brackets. */
bool title_circular(const char *title);

#endif
