/* chart: a diagram as inline SVG, drawn with the classes of a page's style sheet: no script, no
 * fonts or colours of its own, so that it follows the page from light to dark. All names are HTML
 * already. */
#ifndef CHART_H
#define CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CHART_SERIES = 2, CHART_MARKS = 2 };

typedef enum { CHART_LINE, CHART_DOTS } ChartStyle;

/* Points; those that are not finite are left out. If there are more than 500, neighbours are joined
 * into their mean. */
typedef struct {
  const char *name;         /* in the legend; NULL: not there */
  ChartStyle style;         /* dots stand on a line too, where they are not too many */
  const double *x, *y;      /* (n) borrowed */
  const double *low, *high; /* (n) the ends of a band around y; NULL: the ends are y */
  size_t n;
  bool band; /* draw it; with low NULL, of joined neighbours the least and the most */
} Series;

/* A line at one height, over all of the width. */
typedef struct {
  const char *name; /* NULL: none */
  double y;         /* NAN: none */
} ChartMark;

typedef struct {
  const char *title; /* for screen readers */
  const char *x_name, *y_name;
  bool y_log, x_from_0, y_from_0;
  bool diagonal;               /* a line x = y, and the same scale for both axes, from 0 */
  Series series[CHART_SERIES]; /* drawn in order, in the colours c1 and c2; n 0: none */
  ChartMark mark[CHART_MARKS];
} Chart;

/* The legend and the diagram, or a sentence where no point is there. */
void chart_write(FILE *out, const Chart *chart);

#endif
