/* page: the text and the numbers in a report: escaped, and as people read them. */
#ifndef PAGE_H
#define PAGE_H

#include "report/rundata.h"

#include <stdio.h>

/* An HTML page and the data that it shows; both borrowed. */
typedef struct {
  FILE *out;
  const RunData *data;
} Page;

/* All write "-" for "" or a number that is not finite or too large. */
void page_text(const Page *page, const char *text);
void page_whole(const Page *page, double value); /* 4639675 as "4,639,675" */
void page_real(const Page *page, double value, int decimals, const char *unit);
void page_time(const Page *page, double seconds);

#endif
