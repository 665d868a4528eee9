/* nodes: output of named numbers and matrices, as JSON or as readable text with the equation above
 * each. */
#ifndef NODES_H
#define NODES_H

#include <stdbool.h>
#include <stdio.h>

typedef struct {
  FILE *out; /* borrowed */
  bool text;
  int depth;      /* number of open objects and lists */
  bool begun[16]; /* whether each has a member yet */
} Nodes;

/* Opens an object '{' or a list '['; name is NULL at the top and inside a list. Text ignores
 * them. */
void nodes_open(Nodes *nodes, const char *name, char bracket);
void nodes_close(Nodes *nodes, char bracket);

/* Only in JSON; text has headings instead. */
void nodes_word(Nodes *nodes, const char *name, const char *word);
void nodes_json(Nodes *nodes, const char *name, const char *format, ...) /* JSON, unchanged */
    __attribute__((format(printf, 3, 4)));

/* Only in text: an empty line; or a line, with '?' for control characters. */
void nodes_gap(Nodes *nodes);
void nodes_line(Nodes *nodes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The headings of columns: k-mers first .. first+n-1. */
void nodes_kmers(Nodes *nodes, const char *name, int first, int n, int k);

/* JSON has enough digits to restore each number, and null for a number that is not finite. Text
 * shows the first and last three of more than six rows or columns. */
void nodes_number(Nodes *nodes, const char *name, double value, const char *equation, ...)
    __attribute__((format(printf, 4, 5)));
void nodes_row(Nodes *nodes, const char *name, const double *row, int n, const char *equation, ...)
    __attribute__((format(printf, 5, 6)));
void nodes_matrix(Nodes *nodes, const char *name, const double *matrix, int rows, int columns,
                  const char *equation, ...) __attribute__((format(printf, 6, 7)));

#endif
