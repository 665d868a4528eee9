#include "nodes.h"

#include "escape.h"
#include "kmer.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum { ENDS = 3 /* rows or columns that text shows at each end, where not all */ };

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_string(FILE *out, const char *text) {
  char escaped[ESCAPE_ROOM];
  fputc('"', out);
  while (*text) {
    text += escape_json(escaped, text);
    fputs(escaped, out);
  }
  fputc('"', out);
}

/* What precedes a value. */
static void begin(Nodes *nodes, const char *name) {
  if (nodes->depth > 0) {
    fprintf(nodes->out, "%s\n%*s", nodes->begun[nodes->depth] ? "," : "", 2 * nodes->depth, "");
    nodes->begun[nodes->depth] = true;
  }
  if (!name) return;
  put_string(nodes->out, name);
  fputs(": ", nodes->out);
}

void nodes_open(Nodes *nodes, const char *name, char bracket) {
  if (nodes->text) return;
  begin(nodes, name);
  fputc(bracket, nodes->out);
  nodes->begun[++nodes->depth] = false;
}

void nodes_close(Nodes *nodes, char bracket) {
  if (nodes->text) return;
  const bool empty = !nodes->begun[nodes->depth--];
  if (!empty) fprintf(nodes->out, "\n%*s", 2 * nodes->depth, "");
  fputc(bracket, nodes->out);
  if (nodes->depth == 0) fputc('\n', nodes->out);
}

void nodes_word(Nodes *nodes, const char *name, const char *word) {
  if (nodes->text) return;
  begin(nodes, name);
  put_string(nodes->out, word);
}

void nodes_whole(Nodes *nodes, const char *name, int value) {
  if (nodes->text) return;
  begin(nodes, name);
  fprintf(nodes->out, "%d", value);
}

void nodes_none(Nodes *nodes, const char *name) {
  if (nodes->text) return;
  begin(nodes, name);
  fputs("null", nodes->out);
}

static void put_number(FILE *out, double value) {
  char digits[32];
  if (!isfinite(value)) {
    fputs("null", out);
    return;
  }
  snprintf(digits, sizeof digits, "%.15g", value);
  if (strtod(digits, NULL) != value) snprintf(digits, sizeof digits, "%.17g", value);
  fputs(digits, out);
}

static void put_row(FILE *out, const double *row, int n) {
  for (int i = 0; i < n; i++) {
    fputs(i == 0 ? "[" : ", ", out);
    put_number(out, row[i]);
  }
  fputc(']', out);
}

/* ---- text ----------------------------------------------------------------------------------- */

void nodes_heading(Nodes *nodes, const char *format, ...) {
  va_list arguments;
  if (!nodes->text) return;
  va_start(arguments, format);
  fputc('\n', nodes->out);
  vfprintf(nodes->out, format, arguments);
  fputc('\n', nodes->out);
  va_end(arguments);
}

static void show_equation(const Nodes *nodes, const char *equation, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void show_equation(const Nodes *nodes, const char *equation, va_list arguments) {
  fputs("  ", nodes->out);
  vfprintf(nodes->out, equation, arguments);
  fputc('\n', nodes->out);
}

/* Whether entry i of n is shown; at the first that is not, *dots is set. */
static bool is_shown(int i, int n, bool *dots) {
  const bool shown = n <= 2 * ENDS || i < ENDS || i >= n - ENDS;
  *dots = !shown && i == ENDS;
  return shown;
}

static void show_number(FILE *out, double value) {
  const double size = fabs(value);
  if (value == 0)
    fprintf(out, "%12d", 0);
  else
    fprintf(out, size >= 1e-3 && size < 1e4 ? " %11.6f" : " %11.3e", value);
}

static void show_row(FILE *out, const double *row, int n) {
  bool dots;
  for (int i = 0; i < n; i++) {
    if (is_shown(i, n, &dots)) show_number(out, row[i]);
    if (dots) fputs("  ...", out);
  }
  fputc('\n', out);
}

static void show_matrix(FILE *out, const double *matrix, int rows, int columns) {
  bool dots;
  for (int i = 0; i < rows; i++, matrix += columns) {
    if (is_shown(i, rows, &dots)) show_row(out, matrix, columns);
    if (dots) fputs("        ...\n", out);
  }
}

/* ---- both ----------------------------------------------------------------------------------- */

void nodes_kmers(Nodes *nodes, const char *name, int first, int n, int k) {
  char kmer[KMER_MAX + 1];
  bool dots = false;
  if (!nodes->text) begin(nodes, name);
  for (int i = 0; i < n; i++) {
    kmer_text(kmer, first + i, k);
    if (!nodes->text)
      fprintf(nodes->out, "%s\"%s\"", i == 0 ? "[" : ", ", kmer);
    else if (is_shown(i, n, &dots))
      fprintf(nodes->out, " %11s", kmer);
    if (dots) fputs("  ...", nodes->out);
  }
  fputc(nodes->text ? '\n' : ']', nodes->out);
}

void nodes_number(Nodes *nodes, const char *name, double value, const char *equation, ...) {
  va_list arguments;
  va_start(arguments, equation);
  if (nodes->text) {
    show_equation(nodes, equation, arguments);
    show_row(nodes->out, &value, 1);
  } else {
    begin(nodes, name);
    put_number(nodes->out, value);
  }
  va_end(arguments);
}

void nodes_row(Nodes *nodes, const char *name, const double *row, int n, const char *equation,
               ...) {
  va_list arguments;
  va_start(arguments, equation);
  if (nodes->text) {
    show_equation(nodes, equation, arguments);
    show_row(nodes->out, row, n);
  } else {
    begin(nodes, name);
    put_row(nodes->out, row, n);
  }
  va_end(arguments);
}

void nodes_matrix(Nodes *nodes, const char *name, const double *matrix, int rows, int columns,
                  const char *equation, ...) {
  va_list arguments;
  va_start(arguments, equation);
  if (nodes->text) {
    show_equation(nodes, equation, arguments);
    show_matrix(nodes->out, matrix, rows, columns);
  } else {
    nodes_open(nodes, name, '[');
    for (int i = 0; i < rows; i++) {
      begin(nodes, NULL);
      put_row(nodes->out, matrix + (size_t)i * (size_t)columns, columns);
    }
    nodes_close(nodes, ']');
  }
  va_end(arguments);
}
