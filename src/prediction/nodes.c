#include "prediction/nodes.h"

#include "base/escape.h"
#include "sequence/kmer.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ENDS = 3 /* rows or columns shown at each end of a large matrix */ };
enum { NUMBER = -1, ROW = 0 /* a vector */ };

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_string(FILE *out, const char *text) {
  fputc('"', out);
  escape_put(out, text, escape_json);
  fputc('"', out);
}

/* Writes the separator, indentation and name before a value. */
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

void nodes_json(Nodes *nodes, const char *name, const char *format, ...) {
  va_list arguments;
  if (nodes->text) return;
  begin(nodes, name);
  va_start(arguments, format);
  vfprintf(nodes->out, format, arguments);
  va_end(arguments);
}

static void put_number(FILE *out, double value) {
  char digits[32] = "null";
  if (isfinite(value)) snprintf(digits, sizeof digits, "%.15g", value);
  if (isfinite(value) && strtod(digits, NULL) != value)
    snprintf(digits, sizeof digits, "%.17g", value);
  fputs(digits, out);
}

static void put_row(FILE *out, const double *row, int n) {
  for (int i = 0; i < n; i++) {
    fputs(i == 0 ? "[" : ", ", out);
    put_number(out, row[i]);
  }
  fputc(']', out);
}

static void put(Nodes *nodes, const char *name, const double *data, int rows, int columns) {
  if (rows > 0) {
    nodes_open(nodes, name, '[');
    for (int i = 0; i < rows; i++)
      put(nodes, NULL, data + (size_t)i * (size_t)columns, ROW, columns);
    nodes_close(nodes, ']');
    return;
  }
  begin(nodes, name);
  if (rows == NUMBER)
    put_number(nodes->out, *data);
  else
    put_row(nodes->out, data, columns);
}

/* ---- text ----------------------------------------------------------------------------------- */

void nodes_gap(Nodes *nodes) {
  if (nodes->text) fputc('\n', nodes->out);
}

void nodes_line(Nodes *nodes, const char *format, ...) {
  char line[1024];
  va_list arguments;
  if (!nodes->text) return;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  escape_line(line);
  fprintf(nodes->out, "%s\n", line);
}

/* Whether entry i of n is shown; sets *dots at the first hidden entry. */
static bool is_shown(int i, int n, bool *dots) {
  const bool shown = n <= 2 * ENDS || i < ENDS || i >= n - ENDS;
  *dots = !shown && i == ENDS;
  return shown;
}

/* Whether six decimals suffice for all numbers. */
static bool is_plain(const double *data, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const double size = fabs(data[i]);
    if (size > 0 && !(size >= 1e-4 && size < 1e4)) return false;
  }
  return true;
}

static void show_number(FILE *out, double value, bool plain) {
  if (value == 0 || isnan(value))
    fprintf(out, "%12s", value == 0 ? "0" : "nan");
  else
    fprintf(out, plain ? " %11.6f" : " %11.4e", value);
}

static void show(FILE *out, const double *data, int rows, int columns) {
  const bool plain = is_plain(data, (size_t)rows * (size_t)columns);
  bool row_dots, dots;
  for (int i = 0; i < rows; i++, data += columns) {
    const bool shown = is_shown(i, rows, &row_dots);
    for (int j = 0; j < columns && shown; j++) {
      if (is_shown(j, columns, &dots)) show_number(out, data[j], plain);
      if (dots) fputs("  ...", out);
    }
    if (shown) fputc('\n', out);
    if (row_dots) fputs("         ...\n", out);
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

__attribute__((format(printf, 6, 0))) static void print_node(Nodes *nodes, const char *name,
                                                             const double *data, int rows,
                                                             int columns, const char *equation,
                                                             va_list arguments) {
  if (!nodes->text) {
    put(nodes, name, data, rows, columns);
    return;
  }
  fputs("  ", nodes->out);
  vfprintf(nodes->out, equation, arguments);
  fputc('\n', nodes->out);
  show(nodes->out, data, rows > 0 ? rows : 1, columns);
}

void nodes_number(Nodes *nodes, const char *name, double value, const char *equation, ...) {
  va_list arguments;
  va_start(arguments, equation);
  print_node(nodes, name, &value, NUMBER, 1, equation, arguments);
  va_end(arguments);
}

void nodes_row(Nodes *nodes, const char *name, const double *row, int n, const char *equation,
               ...) {
  va_list arguments;
  va_start(arguments, equation);
  print_node(nodes, name, row, ROW, n, equation, arguments);
  va_end(arguments);
}

void nodes_matrix(Nodes *nodes, const char *name, const double *matrix, int rows, int columns,
                  const char *equation, ...) {
  va_list arguments;
  va_start(arguments, equation);
  print_node(nodes, name, matrix, rows, columns, equation, arguments);
  va_end(arguments);
}
