#include "report/page.h"

#include "base/clock.h"
#include "base/escape.h"

#include <math.h>

void page_text(const Page *page, const char *text) {
  if (!*text) fputs("-", page->out);
  escape_put(page->out, text, escape_html);
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

void page_real(const Page *page, double value, int decimals, const char *unit) {
  if (isfinite(value))
    fprintf(page->out, "%.*f%s", decimals, value, unit);
  else
    fputs("-", page->out);
}

void page_time(const Page *page, double seconds) {
  char text[32] = "-";
  if (fabs(seconds) < 1e9) clock_text(seconds, text);
  fputs(text, page->out);
}
