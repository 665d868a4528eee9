/* page: what all parts of a report write with: text, escaped, and numbers as people read them. */
#ifndef PAGE_H
#define PAGE_H

#include "run/rundata.h"

#include <stdio.h>

enum { PLACE = 96 }; /* room for the name of a place in run.json */

/* An HTML page that is being written, and what it tells of; both borrowed. */
typedef struct {
  FILE *out;
  const RunData *data;
} Page;

void page_text(const Page *page, const char *text);
void page_value(const Page *page, const char *place);    /* of run.json, "-" where there is none */
double page_number(const Page *page, const char *place); /* of run.json, NAN where there is none */
bool page_is(const Page *page, const char *place, const char *text); /* "": nothing is there */
void page_whole(const Page *page, double value); /* 4639675 as "4,639,675", NAN as "-" */
void page_time(const Page *page, double seconds);

#endif
