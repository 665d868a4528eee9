/* table: rows with the same columns, tab-separated under a header line, or one JSON object per
 * line.
 *
 * The cells of a row are written from left to right, one for each column. */
#ifndef TABLE_H
#define TABLE_H

#include "io/output.h"

#include <stdint.h>

typedef enum { TABLE_TSV, TABLE_BARE /* TSV without a header line */, TABLE_JSONL } TableForm;

typedef struct Table Table;

/* TSV cells are written unchanged, except for characters that would break a row (escape.h) and, on
 * a terminal, control characters. columns (n) are words of letters, digits, '_', '.' and '-'; they
 * are copied. output is borrowed. */
Table *table_new(Output *output, TableForm form, const char *const *columns, int n);
void table_free(Table *table); /* NULL is allowed; drops unwritten rows */

void table_text(Table *table, const char *text); /* of any length */
void table_whole(Table *table, uint64_t value);
void table_fixed(Table *table, double value, int decimals);         /* up to 6 decimals */
void table_fixed_or_none(Table *table, double value, int decimals); /* NA for NaN */
void table_probability(Table *table, double p);                     /* 6 decimals, or 4 digits */
void table_digits(Table *table, double value, int digits);          /* significant digits */
void table_none(Table *table, int cells);                           /* NA in TSV, null in JSON */
void table_end(Table *table);                                       /* ends the row */

/* Writes the buffered rows; an error if any write so far has failed. */
int table_flush(Table *table, Why *why);

#endif
