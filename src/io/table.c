#include "io/table.h"

#include "base/alloc.h"
#include "base/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 16, CELL = 512 /* the most bytes of a cell other than text */ };

struct Table {
  Output *output;
  FILE *out;
  TableForm form;
  Escape *escape; /* for TSV */
  int n, column;  /* column: the next one */
  char **before;  /* (n) the text before the cell of each column */
  size_t *length; /* (n) the length of before */
  size_t used;
  char text[ROOM]; /* a buffer, because stdio is slow with a row per base */
};

/* ---- bytes ---------------------------------------------------------------------------------- */

static void write_out(Table *t) {
  fwrite(t->text, 1, t->used, t->out);
  t->used = 0;
}

static void put(Table *t, const char *bytes, size_t n) {
  if (t->used + n > ROOM) write_out(t);
  if (n > ROOM) {
    fwrite(bytes, 1, n, t->out);
    return;
  }
  memcpy(t->text + t->used, bytes, n);
  t->used += n;
}

static void put_string(Table *t, const char *text) { put(t, text, strlen(text)); }

/* Writes the separator before the next cell and makes room for the cell. */
static void begin_cell(Table *t) {
  put(t, t->before[t->column], t->length[t->column]);
  t->column++;
  if (t->used + CELL > ROOM) write_out(t);
}

/* ---- the table ------------------------------------------------------------------------------ */

Table *table_new(Output *output, TableForm form, const char *const *columns, int n) {
  Table *t = alloc_new(1, sizeof *t);
  t->output = output;
  t->out = output_stream(output);
  t->form = form;
  t->n = n;
  t->escape = output_is_terminal(output) ? escape_screen : escape_row;
  t->before = alloc_new((size_t)n, sizeof *t->before);
  t->length = alloc_new((size_t)n, sizeof *t->length);
  for (int i = 0; i < n; i++) {
    const bool json = form == TABLE_JSONL;
    t->before[i] = alloc_new(strlen(columns[i]) + 8, 1);
    if (json)
      sprintf(t->before[i], "%s\"%s\":", i == 0 ? "{" : ",", columns[i]);
    else if (i > 0)
      strcpy(t->before[i], "\t");
    t->length[i] = strlen(t->before[i]);
    if (form == TABLE_TSV) {
      put(t, t->before[i], t->length[i]);
      put_string(t, columns[i]);
    }
  }
  if (form == TABLE_TSV) put(t, "\n", 1);
  return t;
}

void table_free(Table *t) {
  if (!t) return;
  for (int i = 0; i < t->n; i++) free(t->before[i]);
  free(t->before);
  free(t->length);
  free(t);
}

void table_end(Table *t) {
  put_string(t, t->form == TABLE_JSONL ? "}\n" : "\n");
  t->column = 0;
}

int table_flush(Table *t, Why *why) {
  write_out(t);
  return output_check(t->output, why);
}

/* ---- cells ---------------------------------------------------------------------------------- */

static void put_escaped(Table *t, const char *text, Escape *escape) {
  char escaped[ESCAPE_ROOM];
  while (*text) {
    text += escape(escaped, text);
    put_string(t, escaped);
  }
}

void table_text(Table *t, const char *text) {
  begin_cell(t);
  if (t->form == TABLE_JSONL) {
    put(t, "\"", 1);
    put_escaped(t, text, escape_json);
    put(t, "\"", 1);
  } else if (t->escape == escape_row && !strpbrk(text, "\t\n\r")) {
    put_string(t, text);
  } else {
    put_escaped(t, text, t->escape);
  }
}

static void put_whole(Table *t, uint64_t value) {
  char digits[20];
  size_t n = 0;
  do digits[sizeof digits - ++n] = (char)('0' + value % 10);
  while (value /= 10);
  put(t, digits + sizeof digits - n, n);
}

void table_whole(Table *t, uint64_t value) {
  begin_cell(t);
  put_whole(t, value);
}

static void put_none(Table *t) { put_string(t, t->form == TABLE_JSONL ? "null" : "NA"); }

static void put_digits(Table *t, double value, int digits) {
  if (isfinite(value))
    t->used += (size_t)snprintf(t->text + t->used, CELL, "%.*g", digits, value);
  else if (t->form == TABLE_JSONL) /* JSON has no infinity */
    put_none(t);
  else if (isnan(value))
    put_string(t, "NaN");
  else
    put_string(t, value > 0 ? "Inf" : "-Inf");
}

/* Large values have no decimals. */
static void put_fixed(Table *t, double value, int decimals) {
  static const double units[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
  if (!(fabs(value) < 1e12)) {
    put_digits(t, value, 13);
    return;
  }
  const uint64_t unit = (uint64_t)units[decimals];
  const uint64_t all = (uint64_t)(fabs(value) * units[decimals] + 0.5);
  if (value < 0 && all > 0) put(t, "-", 1);
  put_whole(t, all / unit);
  if (decimals == 0) return;
  t->text[t->used] = '.';
  uint64_t fraction = all % unit;
  for (int i = decimals; i > 0; i--, fraction /= 10)
    t->text[t->used + (size_t)i] = (char)('0' + fraction % 10);
  t->used += (size_t)decimals + 1;
}

void table_fixed(Table *t, double value, int decimals) {
  begin_cell(t);
  put_fixed(t, value, decimals);
}

void table_probability(Table *t, double p) {
  const double LEAST = 0.001; /* below, six decimals have too few digits */
  begin_cell(t);
  if (p >= LEAST || p == 0)
    put_fixed(t, p, 6);
  else
    put_digits(t, p, 4);
}

void table_digits(Table *t, double value, int digits) {
  begin_cell(t);
  put_digits(t, value, digits);
}

void table_none(Table *t, int cells) {
  for (; cells > 0; cells--) {
    begin_cell(t);
    put_none(t);
  }
}

void table_fixed_or_none(Table *t, double value, int decimals) {
  if (isnan(value))
    table_none(t, 1);
  else
    table_fixed(t, value, decimals);
}
