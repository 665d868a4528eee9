/* chart: a diagram as inline SVG, drawn with the classes of a page's style sheet: no script, no
 * fonts or colours of its own, so that it follows the page from light to dark. All names are HTML
 * already. */
#ifndef CHART_H
#define CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CHART_SERIES = 2, CHART_MARKS = 2 };

typedef enum { CHART_LINE, CHART_DOTS, CHART_BOTH } ChartStyle;

/* Points; what is not finite is left out. */
typedef struct {
  const char *name; /* in the legend; NULL: not there */
  ChartStyle style;
  const double *x, *y; /* (n) borrowed */
  size_t n;
} Series;

/* A line at one height, over all of the width. */
typedef struct {
  const char *name;
  double y; /* NAN: none */
} ChartMark;

typedef struct {
  const char *title; /* what it shows, for readers of screens */
  const char *x_name, *y_name;
  bool y_log;
  Series series[CHART_SERIES]; /* drawn in order, in the colours c1 and c2; n 0: none */
  ChartMark mark[CHART_MARKS];
  bool diagonal; /* a line x = y */
} Chart;

/* The legend and the diagram. */
void chart_write(FILE *out, const Chart *chart);

/* A cloud of named points. Names stand beside them as long as there is room. */
typedef struct {
  const char *title, *x_name, *y_name;
  const double *x, *y; /* (n) */
  size_t n;
  void (*name)(const void *context, size_t i, char text[32]);
  double (*shade)(const void *context, size_t i); /* 0..1: which of the colours g0 to g10 */
  const void *context;
} Cloud;

void chart_cloud(FILE *out, const Cloud *cloud);

#endif
