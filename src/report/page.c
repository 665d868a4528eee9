#include "report/page.h"

#include "base/escape.h"
#include "cli/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void page_text(const Page *page, const char *text) {
  char escaped[ESCAPE_ROOM];
  while (*text) {
    text += escape_html(escaped, text);
    fputs(escaped, page->out);
  }
}

void page_value(const Page *page, const char *place) {
  char *text = runjson_text(page->data->json, place);
  page_text(page, *text ? text : "-");
  free(text);
}

bool page_is(const Page *page, const char *place, const char *text) {
  char *value = runjson_text(page->data->json, place);
  const bool is = strcmp(value, text) == 0;
  free(value);
  return is;
}

double page_number(const Page *page, const char *place) {
  return runjson_number(page->data->json, place);
}

void page_whole(const Page *page, double value) {
  char digits[32];
  if (!(fabs(value) < 1e18)) {
    fputs("-", page->out);
    return;
  }
  const int n = snprintf(digits, sizeof digits, "%.0f", value);
  for (int i = 0; i < n; i++)
    fprintf(page->out, "%s%c", i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-' ? "," : "",
            digits[i]);
}

void page_time(const Page *page, double seconds) {
  char text[32] = "-";
  if (fabs(seconds) < 1e9) clock_text(seconds, text);
  fputs(text, page->out);
}
